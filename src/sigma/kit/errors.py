"""Anticipated errors: each has a stable code and a sentence that says what to do. Everything else is a bug.

    SigmaError
    ├── InvalidInput        the caller's values cannot be used
    ├── NotFound            no such thing for this caller (also when it is another tenant's)
    ├── Conflict            a rule forbids it in the present state
    ├── LimitReached        a limit is used up
    ├── PlatformUnavailable the platform could not be reached
    ├── Unauthenticated     no usable credential
    └── Forbidden           the credential's role does not allow it

Subclasses live beside the action that raises them; their docstring is the default message.
"""

from typing import ClassVar


class SigmaError(Exception):
    """Something anticipated went wrong."""

    code: ClassVar[str] = "INTERNAL"
    http_status: ClassVar[int] = 500

    def __init__(self, message: str | None = None, *, field: tuple[str, ...] = ()) -> None:
        """`field` is the path of the input that is at fault, such as `("input", "externalId")`."""
        self.message = message or " ".join((type(self).__doc__ or "").split())
        self.field = field
        super().__init__(self.message)


class InvalidInput(SigmaError):
    """A value cannot be used."""

    code = "INVALID_INPUT"
    http_status = 422


class NotFound(SigmaError):
    """There is no such thing."""

    code = "NOT_FOUND"
    http_status = 404


class Conflict(SigmaError):
    """The present state does not allow this."""

    code = "CONFLICT"
    http_status = 409


class LimitReached(SigmaError):
    """A limit is used up; try again later."""

    code = "LIMIT_REACHED"
    http_status = 429


class PlatformUnavailable(SigmaError):
    """The platform could not be reached; try again later."""

    code = "PLATFORM_UNAVAILABLE"
    http_status = 502


class Unauthenticated(SigmaError):
    """Send a valid API key as `Authorization: Bearer <api key>`."""

    code = "UNAUTHENTICATED"
    http_status = 401


class Forbidden(SigmaError):
    """The role of this API key does not allow this."""

    code = "FORBIDDEN"
    http_status = 403
