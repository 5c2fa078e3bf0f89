"""The Graph API as SIGMA uses it: one client of a process, for all tenants; each call brings the token that it needs.

A send never raises for what the platform or the network does: it returns an outcome. Every other call raises GraphError.
"""

from collections.abc import Iterator

import msgspec

from sigma.connectors.outbound import Outcome, Throttled, ThrottleScope, Unknown
from sigma.connectors.whatsapp.client import AnswerLost, GraphTransport, NothingSent
from sigma.connectors.whatsapp.errors import INVALID_PARAMETER, NO_PLATFORM_WAIT, TOKEN_INVALID, UNKNOWN_OBJECT, read_outcome, reject
from sigma.connectors.whatsapp.graph_accounts import AccountCalls
from sigma.connectors.whatsapp.graph_calls import UNUSABLE_TOKEN, Json, OnUsage, appsecret_proof, is_node_id, is_usable, with_proof
from sigma.connectors.whatsapp.graph_errors import GraphError, GraphRefused, MediaNotFound
from sigma.connectors.whatsapp.graph_media import MediaCalls, MediaDownload, MediaInfo
from sigma.connectors.whatsapp.graph_templates import TemplateCalls
from sigma.connectors.whatsapp.payloads import build_read_mark
from sigma.connectors.whatsapp.scrub import private_texts

__all__ = ["GraphClient", "GraphError", "GraphRefused", "MediaDownload", "MediaInfo", "MediaNotFound", "appsecret_proof"]


class GraphClient(MediaCalls, TemplateCalls, AccountCalls):
    """One connection pool to the Graph API. It opens with the first call; `close` it."""

    def __init__(
        self,
        base_url: str,
        version: str,
        *,
        max_connections: int = 100,
        connect_timeout_seconds: float = 5.0,
        total_timeout_seconds: float = 30.0,
        on_usage: OnUsage | None = None,
    ) -> None:
        """`max_connections` should not be smaller than the number of calls at once: who waits for one longer than
        `connect_timeout_seconds` has sent nothing.
        """
        transport = GraphTransport(
            base_url,
            version,
            max_connections=max_connections,
            connect_timeout_seconds=connect_timeout_seconds,
            total_timeout_seconds=total_timeout_seconds,
        )
        super().__init__(transport, on_usage=on_usage)

    async def send(self, phone_number_id: str, token: str, payload: Json, *, proof: str | None = None) -> Outcome:
        """Send one message, built by `payloads.build_payload`, exactly once; say what is known of it. Never repeated by itself.

        No connection: Throttled, nothing has left. Anything after that without a whole answer: Unknown. A caller that is cancelled
        in here does not know either. `proof` is an `appsecret_proof`.
        """
        if not is_usable(token):
            return reject(TOKEN_INVALID, details=UNUSABLE_TOKEN)
        if not is_node_id(phone_number_id):
            return reject(INVALID_PARAMETER, subcode=UNKNOWN_OBJECT)
        body = msgspec.json.encode(payload)
        try:
            reply = await self._transport.post(f"{phone_number_id}/messages", token, body, params=with_proof(None, proof))
        except NothingSent:
            return Throttled(code=None, scope=ThrottleScope.APP, retry_in=NO_PLATFORM_WAIT)
        except AnswerLost as fault:
            return Unknown(reason=f"No whole answer came ({fault})")
        self.observe(reply)
        return read_outcome(reply.status, reply.body, reply.headers, secrets=_secrets(token, payload))

    async def mark_read(self, phone_number_id: str, token: str, message_id: str, *, typing: bool = False, proof: str | None = None) -> None:
        """Mark a message of a contact, and all before it, as read; with `typing` show for up to 25 s that an answer is being written.

        Raises: GraphError, with code 131009 for a message that Meta does not know.
        """
        mark = build_read_mark(message_id, typing=typing)
        await self.call("POST", phone_number_id, token, edge="messages", json=mark, proof=proof, secrets=(message_id,))


def _secrets(token: str, payload: Json) -> Iterator[str]:
    """Yield what no outcome may repeat; only a refusal with an explanation asks for it."""
    yield token
    yield from private_texts(payload)
