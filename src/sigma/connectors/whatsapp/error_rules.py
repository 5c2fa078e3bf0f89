"""What one of Meta's error codes means to a sender, and the short ways to write that down; the codes themselves are in `error_codes`."""

from datetime import timedelta
from enum import StrEnum

import msgspec

from sigma.connectors.outbound import FaultScope, ThrottleScope


class ErrorClass(StrEnum):
    """What a sender does about an error."""

    TRANSIENT = "TRANSIENT"
    """Meta had a fault: the same message again, a few times, with growing waits."""
    WAIT = "WAIT"
    """A rate or limit is used up: the same message again, when it is free."""
    PERMANENT = "PERMANENT"
    """This message, or this recipient: it will never go like that."""
    CONFIG = "CONFIG"
    """Token, account, number or template: nothing of its scope will go before a person has acted."""
    REGISTRATION = "REGISTRATION"
    """The number is not registered with the Cloud API as it should be: nothing will go before a person has acted."""


class ErrorRule(msgspec.Struct, frozen=True, kw_only=True):
    """What a code means. `throttle` is there for the classes that try again (TRANSIENT, WAIT), and None for the others.

    `retry_in` is the first wait; a caller lengthens it from attempt to attempt. `max_attempts` is after how many a caller should
    give up with `fault` (None: as long as the message is worth sending).
    """

    error_class: ErrorClass
    title: str
    advice: str
    fault: FaultScope
    throttle: ThrottleScope | None = None
    retry_in: timedelta | None = None
    max_attempts: int | None = None

    @property
    def is_retried(self) -> bool:
        """Whether the same message may be sent again: nothing was taken, and waiting helps."""
        return self.throttle is not None


def permanent(title: str, advice: str, fault: FaultScope = FaultScope.MESSAGE) -> ErrorRule:
    """Return the rule of an error that concerns this message or this recipient alone."""
    return ErrorRule(error_class=ErrorClass.PERMANENT, title=title, advice=advice, fault=fault)


def config(title: str, advice: str, fault: FaultScope) -> ErrorRule:
    """Return the rule of an error that stops everything of its scope."""
    return ErrorRule(error_class=ErrorClass.CONFIG, title=title, advice=advice, fault=fault)


def registration(title: str, advice: str) -> ErrorRule:
    """Return the rule of an error in the number's registration."""
    return ErrorRule(error_class=ErrorClass.REGISTRATION, title=title, advice=advice, fault=FaultScope.NUMBER)


def wait(title: str, advice: str, throttle: ThrottleScope, seconds: float) -> ErrorRule:
    """Return the rule of a limit that is used up for now."""
    return ErrorRule(
        error_class=ErrorClass.WAIT,
        title=title,
        advice=advice,
        fault=FaultScope.MESSAGE,
        throttle=throttle,
        retry_in=timedelta(seconds=seconds),
    )


def transient(
    title: str, advice: str, throttle: ThrottleScope = ThrottleScope.RECIPIENT, *, seconds: float = 2, max_attempts: int = 5
) -> ErrorRule:
    """Return the rule of a fault on Meta's side. Only this message waits, unless `throttle` says that more is out of order."""
    return ErrorRule(
        error_class=ErrorClass.TRANSIENT,
        title=title,
        advice=advice,
        fault=FaultScope.MESSAGE,
        throttle=throttle,
        retry_in=timedelta(seconds=seconds),
        max_attempts=max_attempts,
    )
