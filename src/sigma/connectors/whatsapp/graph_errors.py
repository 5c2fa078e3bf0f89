"""How calls to the Graph API fail that are no sends: refused with a code, or not answered at all."""

from sigma.connectors.whatsapp.errors import GraphFault, rule_for
from sigma.kit.errors import NotFound, PlatformUnavailable


class GraphError(PlatformUnavailable):
    """The Graph API did not do it. `platform_code` and `subcode` are Meta's, None when no answer of its came.

    Neither the message nor any attribute holds a token, a phone number or a link.
    """

    def __init__(
        self,
        message: str,
        *,
        advice: str,
        platform_code: int | None = None,
        subcode: int | None = None,
        details: str | None = None,
        trace: str | None = None,
    ) -> None:
        super().__init__(message)
        self.advice = advice
        self.platform_code = platform_code
        self.subcode = subcode
        self.details = details
        self.trace = trace


class GraphRefused(GraphError):
    """The Graph API refused, with an error of its own: trying again changes nothing before what `advice` says is done."""

    code = "PLATFORM_REFUSED"


class MediaNotFound(NotFound):
    """The platform does not have this file any more: it keeps what customers send for 7 days."""

    code = "MEDIA_NOT_FOUND"


def refused(fault: GraphFault, *, is_fault: bool) -> GraphError:
    """Return the error of a refusal; of one that time heals a GraphError, of the others a GraphRefused."""
    rule = rule_for(fault.code, subcode=fault.subcode, is_fault=is_fault)
    details = f"{fault.details.rstrip('. ')}. " if fault.details else ""
    return (GraphError if rule.is_retried else GraphRefused)(
        f"{rule.title} (code {fault.code}). {details}{rule.advice}",
        advice=rule.advice,
        platform_code=fault.code,
        subcode=fault.subcode,
        details=fault.details,
        trace=fault.trace,
    )


def unanswered(what: str) -> GraphError:
    """Return the error of a call that the Graph API did not answer, or with something that is no answer. `what` is for people."""
    return GraphError(
        f"The Graph API could not be reached ({what}); try again.",
        advice="Try again; look at metastatus.com, the network and Platforms.WhatsApp.GraphApiUrl if it lasts.",
    )
