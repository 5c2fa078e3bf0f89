"""Calls to the Graph API that answer with an object or fail with GraphError: what all of `graph` is made of."""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any

import msgspec

from sigma.connectors.whatsapp.client import AnswerLost, GraphTransport, NothingSent, Reply
from sigma.connectors.whatsapp.errors import INVALID_PARAMETER, TOKEN_INVALID, UNKNOWN_OBJECT, GraphFault, read_fault
from sigma.connectors.whatsapp.graph_errors import GraphError, refused, unanswered
from sigma.connectors.whatsapp.usage import Usage, read_usage

Json = dict[str, Any]
OnUsage = Callable[[tuple[Usage, ...]], None]

PAGE_SIZE = 100
MAX_PAGES = 200
"""6,000 templates are the most that an account can have; a list that goes on longer goes round in a circle."""
CURSOR_EXPIRED = 131059  # Source: cloud-api.md 8; checked 2026-09
UNUSABLE_TOKEN = "The stored access token holds characters that no token has, such as a space or a line break."  # noqa: S105 - about one


def appsecret_proof(token: str, app_secret: str) -> str:
    """Return what Meta demands beside the token when the app is set to "Require app secret". Source: Graph API, "Secure requests"."""
    return hmac.new(app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()


def is_usable(token: str) -> bool:
    """Tell whether a token can stand in a header at all."""
    return bool(token) and token.isascii() and token.isprintable() and " " not in token


def is_node_id(id: str) -> bool:
    """Tell whether this can be an id of the Graph API, and so a part of a path."""
    return id.isascii() and id.replace("_", "").isalnum()


class GraphCalls:
    """The pool, and calls of any kind over it. `on_usage` is told what the rate headers say, whenever an answer has some."""

    def __init__(self, transport: GraphTransport, *, on_usage: OnUsage | None = None) -> None:
        self._transport = transport
        self._on_usage = on_usage

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()

    async def call(
        self,
        method: str,
        node: str,
        token: str,
        *,
        edge: str = "",
        params: Mapping[str, str] | None = None,
        json: Json | None = None,
        proof: str | None = None,
        secrets: Iterable[str] = (),
    ) -> Json:
        """Return the object that `/{node}/{edge}` answers. `proof` is an `appsecret_proof`; `secrets` are never repeated in errors.

        Raises: GraphError (not answered, or a fault that passes), GraphRefused.
        """
        if not is_node_id(node):
            raise refused(GraphFault(code=INVALID_PARAMETER, subcode=UNKNOWN_OBJECT), is_fault=False)
        check_token(token)
        path = f"{node}/{edge}" if edge else node
        query = with_proof(params, proof)
        try:
            if json is None:
                reply = await self._transport.call(method, path, token, params=query)
            else:
                reply = await self._transport.post(path, token, msgspec.json.encode(json), params=query)
        except (NothingSent, AnswerLost) as fault:
            raise unanswered(str(fault)) from None
        return self.read(reply, secrets=(token, *secrets))

    def read(self, reply: Reply, *, secrets: Iterable[str]) -> Json:
        """Return the object of an answer. Raises: GraphError, GraphRefused."""
        self.observe(reply)
        try:
            answer = msgspec.json.decode(reply.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            raise unanswered(f"HTTP {reply.status}, no JSON object")
        if (fault := read_fault(answer, secrets=secrets)) is not None:
            raise refused(fault, is_fault=reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR)
        if reply.status != HTTPStatus.OK or answer.get("success") is False:
            raise unanswered(f"HTTP {reply.status} without an error of the Graph API")
        return answer

    def observe(self, reply: Reply) -> None:
        """Pass on what the rate headers say."""
        if self._on_usage is not None and (usage := read_usage(reply.headers)):
            self._on_usage(usage)

    async def list_all(
        self, node: str, token: str, *, edge: str, params: Mapping[str, str] | None = None, proof: str | None = None
    ) -> list[Json]:
        """Return the items of all pages of an edge; from the start again, once, when a cursor expires. Raises: GraphError."""
        try:
            return await self._list_pages(node, token, edge=edge, params=params, proof=proof)
        except GraphError as error:
            if error.platform_code != CURSOR_EXPIRED:
                raise
        return await self._list_pages(node, token, edge=edge, params=params, proof=proof)

    async def _list_pages(self, node: str, token: str, *, edge: str, params: Mapping[str, str] | None, proof: str | None) -> list[Json]:
        """Follow the cursors. The address in `paging.next` is only a sign that there is more: it is never called, for it holds the token."""
        items: list[Json] = []
        query = {"limit": str(PAGE_SIZE), **(params or {})}
        for _ in range(MAX_PAGES):
            page = await self.call("GET", node, token, edge=edge, params=query, proof=proof)
            data, paging = page.get("data"), page.get("paging")
            items += [item for item in data if isinstance(item, dict)] if isinstance(data, list) else []
            cursors = paging.get("cursors") if isinstance(paging, dict) and paging.get("next") else None
            after = cursors.get("after") if isinstance(cursors, dict) else None
            if not isinstance(after, str) or after == query.get("after"):
                return items
            query["after"] = after
        return items


def check_token(token: str) -> None:
    """Check that a token can be sent. Raises: GraphRefused."""
    if not is_usable(token):
        raise refused(GraphFault(code=TOKEN_INVALID, details=UNUSABLE_TOKEN), is_fault=False)


def with_proof(params: Mapping[str, str] | None, proof: str | None) -> Mapping[str, str] | None:
    """Return the query with the proof, if there is one."""
    return params if proof is None else {**(params or {}), "appsecret_proof": proof}
