"""How much of Meta's call limits is used up, from the headers of any answer.

    X-App-Usage: {"call_count": 28, "total_time": 25, "total_cputime": 25}
    X-Business-Use-Case-Usage: {"102290129340398": [{"type": "whatsapp", "call_count": 90, "total_cputime": 2, "total_time": 3,
                                                     "estimated_time_to_regain_access": 0}]}

All numbers are percent, the last one minutes. Slow down at 80. Source: Graph API, "Rate limits"; checked 2026-09.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import msgspec

APP_USAGE = "X-App-Usage"
BUSINESS_USAGE = "X-Business-Use-Case-Usage"
SLOW_DOWN_PERCENT = 80
_PERCENTAGES = ("call_count", "total_time", "total_cputime")
_LONGEST_WAIT_MINUTES = 24 * 60


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """One limit: the app's own, or with `business_id` (a WABA or portfolio) that account's. `percent` is the fullest of its counters."""

    percent: float
    business_id: str | None = None
    type: str | None = None
    regain_access_in: timedelta | None = None

    @property
    def is_close(self) -> bool:
        """Whether it is time to slow down."""
        return self.percent >= SLOW_DOWN_PERCENT or self.regain_access_in is not None


def read_usage(headers: Mapping[str, str]) -> tuple[Usage, ...]:
    """Return what the headers say, nothing where they are absent or unreadable. The mapping ignores case, or holds Meta's spelling."""
    app, business = headers.get(APP_USAGE), headers.get(BUSINESS_USAGE)
    if app is None and business is None:
        return ()
    return (*_app_usage(app), *_business_usage(business))


def _app_usage(header: str | None) -> Iterator[Usage]:
    counters = _object(header)
    if counters:
        yield Usage(percent=_percent(counters))


def _business_usage(header: str | None) -> Iterator[Usage]:
    for business_id, limits in _object(header).items():
        for limit in limits if isinstance(limits, list) else ():
            if isinstance(limit, dict):
                minutes = limit.get("estimated_time_to_regain_access")
                wait = timedelta(minutes=min(minutes, _LONGEST_WAIT_MINUTES)) if isinstance(minutes, int | float) and minutes > 0 else None
                kind = limit.get("type")
                yield Usage(
                    percent=_percent(limit),
                    business_id=business_id,
                    type=kind if isinstance(kind, str) else None,
                    regain_access_in=wait,
                )


def _object(header: str | None) -> dict[str, Any]:
    try:
        value = msgspec.json.decode(header or "{}")
    except (msgspec.DecodeError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _percent(counters: dict[str, Any]) -> float:
    numbers = [counters[name] for name in _PERCENTAGES if isinstance(counters.get(name), int | float)]
    return float(max(numbers, default=0))
