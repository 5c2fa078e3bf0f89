"""Meta's `errors[]`, as they stand on messages, statuses, calls, groups and values."""

from collections.abc import Sequence
from typing import Any

from sigma.connectors.events import PlatformError
from sigma.connectors.whatsapp.privacy import mask_numbers
from sigma.connectors.whatsapp.wire import Error, Id

UNREADABLE_CODE = -1  # not 0, which means that the access token is dead
_MAX_CODE = 2**31 - 1


def parse_errors(errors: Sequence[Error] | None) -> tuple[PlatformError, ...]:
    """Return the errors in our shape, free of phone numbers, which Meta likes to put into explanations."""
    return tuple(_parse_error(error) for error in errors) if errors else ()


def error_details(error: Error) -> dict[str, Any]:
    """Return an error for `PlatformReported.details`: `{code, title, details}`, without what it does not say."""
    parsed = _parse_error(error)
    named = {"code": parsed.code, "title": parsed.title, "details": parsed.details}
    return {key: value for key, value in named.items() if value is not None}


def _parse_error(error: Error) -> PlatformError:
    """The most telling text wins: `error_data.details`, the older `details`, then `message`. Source: cloud-api.md 3 and 8."""
    data = error.error_data
    explanation = data.get("details") if isinstance(data, dict) else data
    details = explanation if isinstance(explanation, str) and explanation else error.details or error.message
    return PlatformError(code=_read_code(error.code), title=_masked(error.title), details=_masked(details), href=_masked(error.href))


def _read_code(code: Id) -> int:
    if isinstance(code, str) and code.isascii() and code.isdigit() and len(code) <= len(str(_MAX_CODE)):
        code = int(code)
    return code if isinstance(code, int) and 0 <= code <= _MAX_CODE else UNREADABLE_CODE


def _masked(text: str | None) -> str | None:
    return mask_numbers(text) if text else None
