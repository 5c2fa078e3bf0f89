"""The errors of the Graph API, in Meta's shape.

Source: Cloud API error codes page and Graph API reference; checked 2026-09. `(unverified)` as in cloud-api.md.
"""

from dataclasses import dataclass

from cloud_api_simulator.bodies import Json

TITLES = {
    131000: "Something went wrong",
    131008: "Required parameter is missing",
    131009: "Parameter value is not valid",
    131020: "Invalid group",
    131021: "Recipient cannot be sender",
    131026: "Message undeliverable",
    130429: "Rate limit hit",
}
HTTP_STATUSES = {131000: 500}
"""Codes that do not answer 400."""


@dataclass(kw_only=True, eq=False)
class GraphError(Exception):
    """A refusal. `details` becomes `error_data.details`; `kind` is Meta's `type`."""

    code: int
    message: str
    http_status: int = 400
    kind: str = "OAuthException"
    subcode: int | None = None
    details: str | None = None

    def body(self, trace_id: str) -> Json:
        """Return the response body."""
        error: Json = {"message": self.message, "type": self.kind, "code": self.code}
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        if self.details is not None:
            error["error_data"] = {"messaging_product": "whatsapp", "details": self.details}
        return {"error": {**error, "fbtrace_id": trace_id}}


def coded(code: int, details: str) -> GraphError:
    """A Cloud API error with its title, such as 131009."""
    return GraphError(code=code, message=f"(#{code}) {TITLES[code]}", http_status=HTTP_STATUSES.get(code, 400), details=details)


def required(parameter: str) -> GraphError:
    """A parameter of the envelope is missing."""
    return GraphError(code=100, message=f"(#100) The parameter {parameter} is required.")


def not_one_of(parameter: str, values: tuple[str, ...], got: object) -> GraphError:
    """A parameter is not one of the words that it may be."""
    return GraphError(code=100, message=f"(#100) Param {parameter} must be one of {{{', '.join(values)}}} - got {str(got)[:100]!r}.")


def invalid(parameter: str, must: str) -> GraphError:
    """A parameter breaks a rule, given as the end of a sentence: `be at most 512 characters long`."""
    return GraphError(code=100, message=f"(#100) Param {parameter} must {must}.")


def no_token() -> GraphError:
    """The request names no access token (unverified: 104 is seen too)."""
    return GraphError(code=200, message="(#200) Provide valid app ID", http_status=403)


def bad_token() -> GraphError:
    """The access token is not the one of this app."""
    return GraphError(code=190, message="Invalid OAuth access token - Cannot parse access token", http_status=401)


def unknown_object(id: str, *, verb: str) -> GraphError:
    """The node does not exist, or the token may not see it; Meta does not tell them apart. `verb` is get or post."""
    message = (
        f"Unsupported {verb} request. Object with ID '{id[:100]}' does not exist, cannot be loaded due to missing permissions, "
        "or does not support this operation. Please read the Graph API documentation at https://developers.facebook.com/docs/graph-api"
    )
    return GraphError(code=100, message=message, kind="GraphMethodException", subcode=33)


def unknown_path(path: str) -> GraphError:
    """No such edge, or a version that never was (unverified)."""
    return GraphError(code=2500, message=f"Unknown path components: {path[:200]}")
