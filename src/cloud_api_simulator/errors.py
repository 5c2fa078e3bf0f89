"""The errors of the Graph API, in Meta's shape.

Source: Cloud API error codes page and Graph API reference; checked 2026-09. `(unverified)` as in cloud-api.md.
"""

from dataclasses import dataclass

from cloud_api_simulator.bodies import Json
from cloud_api_simulator.error_codes import TITLES, TRANSIENT, http_status

TOKEN = 190
GENERIC_CODES = range(100_000)
"""Codes of the Graph API itself; the others are the Cloud API's and come with `error_data`."""


@dataclass(kw_only=True, eq=False)
class GraphError(Exception):
    """A refusal. `details` becomes `error_data.details`; `kind` is Meta's `type`."""

    code: int
    message: str
    http_status: int = 400
    kind: str = "OAuthException"
    subcode: int | None = None
    details: str | None = None
    is_transient: bool | None = None
    user_title: str | None = None
    user_message: str | None = None
    retry_after_seconds: int | None = None

    def body(self, trace_id: str) -> Json:
        """Return the response body."""
        error: Json = {"message": self.message, "type": self.kind, "code": self.code}
        optional: Json = {"error_subcode": self.subcode, "is_transient": self.is_transient}
        optional |= {"error_user_title": self.user_title, "error_user_msg": self.user_message}
        error.update((key, value) for key, value in optional.items() if value is not None)
        if self.details is not None:
            error["error_data"] = {"messaging_product": "whatsapp", "details": self.details}
        return {"error": {**error, "fbtrace_id": trace_id}}


def coded(code: int, details: str) -> GraphError:
    """A Cloud API error with its title, such as 131009."""
    return GraphError(code=code, message=f"(#{code}) {TITLES[code]}", http_status=http_status(code), details=details)


def on_demand(code: int) -> GraphError:
    """The error with this code, as a magic recipient or a fault orders it. Raises: KeyError for a code that Meta does not have."""
    if code == TOKEN:
        return expired_token("Thursday, 01-Jan-26 00:00:00 PST")
    if code in GENERIC_CODES:
        is_transient = True if code in TRANSIENT else None
        return GraphError(code=code, message=f"(#{code}) {TITLES[code]}", http_status=http_status(code), is_transient=is_transient)
    return coded(code, f"{TITLES[code]}. (The simulator was asked for this error.)")


def required(parameter: str) -> GraphError:
    """A parameter of the envelope is missing."""
    return GraphError(code=100, message=f"(#100) The parameter {parameter} is required.")


def not_one_of(parameter: str, values: tuple[str, ...], got: object) -> GraphError:
    """A parameter is not one of the words that it may be."""
    return GraphError(code=100, message=f"(#100) Param {parameter} must be one of {{{', '.join(values)}}} - got {str(got)[:100]!r}.")


def invalid(parameter: str, must: str) -> GraphError:
    """A parameter breaks a rule, given as the end of a sentence: `be at most 512 characters long`."""
    return GraphError(code=100, message=f"(#100) Param {parameter} must {must}.")


def form(subcode: int, title: str, text: str) -> GraphError:
    """A template is refused at its creation; `subcode` is one of 2388xxx, title and text are what a person is shown."""
    return GraphError(code=100, message="Invalid parameter", subcode=subcode, is_transient=False, user_title=title, user_message=text)


def no_token() -> GraphError:
    """The request names no access token (unverified: 104 is seen too)."""
    return GraphError(code=200, message="(#200) Provide valid app ID", http_status=403)


def bad_token() -> GraphError:
    """The access token is not one that this app has issued."""
    return GraphError(code=190, message="Invalid OAuth access token - Cannot parse access token", http_status=401)


def expired_token(when: str) -> GraphError:
    """The access token was good until `when`."""
    message = f"Error validating access token: Session has expired on {when}."
    return GraphError(code=190, message=message, http_status=401, subcode=463)


def revoked_token() -> GraphError:
    """The access token was taken back."""
    message = "Error validating access token: The session has been invalidated because the user changed their password or was removed."
    return GraphError(code=190, message=message, http_status=401, subcode=460)


def no_permission(scope: str) -> GraphError:
    """The token lacks a scope."""
    text = f"(#10) Application does not have permission for this action; it needs {scope}"
    return GraphError(code=10, message=text, http_status=403)


def no_asset() -> GraphError:
    """The token has the scope, but not for this account."""
    text = "(#200) You do not have the necessary permissions required to act on behalf of this WhatsApp Business Account"
    return GraphError(code=200, message=text, http_status=403)


def unknown_object(id: str, *, verb: str) -> GraphError:
    """The node does not exist, or the token may not see it; Meta does not tell them apart. `verb` is get, post or delete."""
    message = (
        f"Unsupported {verb} request. Object with ID '{id[:100]}' does not exist, cannot be loaded due to missing permissions, "
        "or does not support this operation. Please read the Graph API documentation at https://developers.facebook.com/docs/graph-api"
    )
    return GraphError(code=100, message=message, kind="GraphMethodException", subcode=33)


def unknown_path(path: str) -> GraphError:
    """No such edge, or a version that never was (unverified)."""
    return GraphError(code=2500, message=f"Unknown path components: {path[:200]}")


def unverified_callback(why: str) -> GraphError:
    """A callback did not give the challenge back when it was saved."""
    return GraphError(code=2200, message=f"(#2200) Callback verification failed with the following errors: {why}")
