"""What came of a send, read from the HTTP answer; and the advice for every error code, whichever way it reached us.

Rules: the code decides, never the text and never the HTTP status. Refused with an error body: nothing was sent. A 5xx without one,
a 200 without a message id, an answer that is no JSON: it may have been sent (Unknown). Nothing that is returned here holds an
address, a token or a word of the message.
Source: Cloud API reference, "Error codes"; cloud-api.md 7 and 8; checked 2026-09.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import msgspec

from sigma.connectors.outbound import Accepted, FaultScope, Outcome, Recipient, Rejected, Throttled, ThrottleScope, Unknown
from sigma.connectors.whatsapp.error_codes import GRAPH_CODES, MESSAGE_CODES
from sigma.connectors.whatsapp.error_codes_accounts import ACCOUNT_CODES
from sigma.connectors.whatsapp.error_rules import ErrorClass, ErrorRule, config, permanent, transient
from sigma.connectors.whatsapp.scrub import scrub
from sigma.connectors.whatsapp.usage import read_usage

__all__ = ["ErrorClass", "ErrorRule", "GraphFault", "advice_for", "read_fault", "read_outcome", "reject", "rule_for"]

RULES: dict[int, ErrorRule] = {**GRAPH_CODES, **MESSAGE_CODES, **ACCOUNT_CODES}
INVALID_PARAMETER, UNKNOWN_OBJECT = 100, 33
TOKEN_INVALID = 190
LONGEST_WAIT = timedelta(hours=1)
NO_PLATFORM_WAIT = timedelta(seconds=5)
"""When there is no connection, or something on the way that is not the Graph API refused: a proxy, a firewall, a wrong address."""
HELD_BACK = frozenset({"held_for_quality_assessment", "paused"})

_FAMILIES: tuple[tuple[range, int], ...] = (
    (range(200, 300), 10),  # a permission is missing on the asset
    (range(131200, 131300), 131041),  # groups
)
_UNKNOWN_REFUSAL = permanent(
    "Meta refused the message with an error that SIGMA does not know",
    "Look the code up in Meta's list of error codes; if it comes again, report it as a bug of SIGMA.",
)
_UNKNOWN_FAULT = transient("Meta had a fault that SIGMA does not know", "SIGMA tries again by itself; look at metastatus.com if it lasts.")
_UNKNOWN_ASSET = config(
    "Meta does not know this id, or the access token may not see it",
    "Check the id, and that the token's system user has full control of this WhatsApp account.",
    FaultScope.NUMBER,
)


class GraphFault(msgspec.Struct, frozen=True, kw_only=True):
    """An error body of the Graph API: what the rules need of it, scrubbed. `trace` is what Meta's support asks for."""

    code: int
    subcode: int | None = None
    details: str | None = None
    is_transient: bool = False
    trace: str | None = None


def rule_for(code: int, *, subcode: int | None = None, is_fault: bool = False) -> ErrorRule:
    """Return what a code means. Of an unknown one: try again if Meta says that it is at fault (`is_fault`), else give up."""
    if code == INVALID_PARAMETER and subcode == UNKNOWN_OBJECT:
        return _UNKNOWN_ASSET
    if code == INVALID_PARAMETER and subcode in ACCOUNT_CODES:
        return ACCOUNT_CODES[subcode]
    if (rule := RULES.get(code)) is not None:
        return rule
    for family, like in _FAMILIES:
        if code in family:
            return RULES[like]
    return _UNKNOWN_FAULT if is_fault else _UNKNOWN_REFUSAL


def advice_for(code: int) -> str:
    """Return what a support team should do about an error code, also one that came with a failed status."""
    return rule_for(code).advice


def reject(code: int, *, subcode: int | None = None, details: str | None = None) -> Rejected:
    """Return the refusal that a code means, also when it came by webhook or when its attempts are used up."""
    return _rejected(rule_for(code, subcode=subcode), code, details)


def read_outcome(status: int, body: bytes, headers: Mapping[str, str], *, secrets: Iterable[str] = ()) -> Outcome:
    """Return what is known after an answer to `POST /messages`. `secrets` are the message's own words, never to be repeated.

    `headers` ignores case, or holds the names as Meta writes them.
    """
    answer = _object(body)
    if (fault := read_fault(answer, secrets=secrets)) is not None:
        return _refused(fault, status, headers)
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return _accepted(answer) or Unknown(reason=f"HTTP {status} without a message id")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.REQUEST_TIMEOUT or status < HTTPStatus.OK:
        return Unknown(reason=f"HTTP {status} without an error of the Graph API")
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Throttled(code=None, scope=ThrottleScope.NUMBER, retry_in=_retry_after(headers))
    # Whoever answers a redirect or a 4xx has not passed the message on, and is not the platform speaking about this message.
    return Throttled(code=None, scope=ThrottleScope.APP, retry_in=_retry_after(headers) or NO_PLATFORM_WAIT)


def read_fault(answer: Mapping[str, Any] | None, *, secrets: Iterable[str] = ()) -> GraphFault | None:
    """Return the error of a Graph API answer, None when it is no such thing."""
    error = answer.get("error") if answer else None
    code = _integer(error.get("code")) if isinstance(error, dict) else None
    if not isinstance(error, dict) or code is None:
        return None
    trace = error.get("fbtrace_id")
    return GraphFault(
        code=code,
        subcode=_integer(error.get("error_subcode")),
        details=_details(error, rule_for(code).fault, secrets),
        is_transient=error.get("is_transient") is True,
        trace=trace if isinstance(trace, str) and len(trace) <= 64 and trace.isascii() else None,  # noqa: PLR2004 - ours are 26 or so
    )


def _details(error: dict[str, Any], fault: FaultScope, secrets: Iterable[str]) -> str | None:
    """Return the most telling explanation. Where the token is at fault Meta may repeat it, so there `message` is left out."""
    data = error.get("error_data")
    explanations = [data.get("details") if isinstance(data, dict) else data, error.get("error_user_msg")]
    if fault is not FaultScope.TOKEN:
        explanations.append(error.get("message"))
    text = next((text for text in explanations if isinstance(text, str) and text.strip()), None)
    return None if text is None else scrub(text, secrets)


def _refused(fault: GraphFault, status: int, headers: Mapping[str, str]) -> Rejected | Throttled:
    is_theirs = fault.is_transient or status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS
    rule = rule_for(fault.code, subcode=fault.subcode, is_fault=is_theirs)
    if rule.throttle is None:
        return _rejected(rule, fault.code, fault.details)
    waits = [wait for wait in (rule.retry_in, _retry_after(headers), _regained_in(headers)) if wait is not None]
    return Throttled(code=fault.code, scope=rule.throttle, retry_in=max(waits, default=None))


def _rejected(rule: ErrorRule, code: int, details: str | None) -> Rejected:
    return Rejected(code=code, title=rule.title, details=details, advice=rule.advice, scope=rule.fault)


def _accepted(answer: dict[str, Any] | None) -> Accepted | None:
    message, contact = _first(answer, "messages"), _first(answer, "contacts")
    id = message.get("id")
    if not isinstance(id, str) or not id:
        return None
    phone, user_id = contact.get("wa_id"), contact.get("user_id")
    return Accepted(
        platform_message_id=id,
        address=Recipient(
            phone=phone.lstrip("+") if isinstance(phone, str) and phone.lstrip("+").isdigit() else None,
            user_id=user_id if isinstance(user_id, str) and user_id else None,
        ),
        is_held=message.get("message_status") in HELD_BACK,
    )


def _first(answer: dict[str, Any] | None, key: str) -> dict[str, Any]:
    items = (answer or {}).get(key)
    item = items[0] if isinstance(items, list) and items else None
    return item if isinstance(item, dict) else {}


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _integer(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 10:  # noqa: PLR2004 - digits of 2**31
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """Return `Retry-After`, in seconds or as a date (measured from the answer's own `Date`), up to an hour."""
    value = headers.get("Retry-After", "").strip()
    if not value:
        return None
    if value.isascii() and value.isdigit() and len(value) <= 10:  # noqa: PLR2004 - more is no wait
        return min(timedelta(seconds=int(value)), LONGEST_WAIT)
    try:
        wait = parsedate_to_datetime(value) - parsedate_to_datetime(headers.get("Date", ""))
    except (ValueError, TypeError):
        return None
    return max(timedelta(0), min(wait, LONGEST_WAIT))


def _regained_in(headers: Mapping[str, str]) -> timedelta | None:
    waits = [usage.regain_access_in for usage in read_usage(headers) if usage.regain_access_in is not None]
    return max(waits, default=None)
