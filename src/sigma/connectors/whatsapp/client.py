"""HTTP to the Graph API: one connection pool of a process, and for every call the one thing that matters afterwards, whether
anything can have left this machine. What the answers mean is for `errors` and `graph`.

The access token goes to the Graph API and to Meta's own media hosts, and nowhere else: no redirect is followed and no proxy of the
environment is used. No error of aiohttp's leaves this file, because some carry the request's headers.
"""

import socket
import ssl
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec
from yarl import URL

MEDIA_HOSTS = ("fbsbx.com", "fbcdn.net")
MAX_ANSWER_BYTES = 16 * 1024 * 1024
"""A page of a hundred templates has some hundred KB."""

_USER_AGENT = "sigma-hub"
_KEEPALIVE_SECONDS = 15.0  # a connection that the other side has given up while it was idle makes an Unknown out of the next send
_DNS_SECONDS = 300
_TRANSFER_SECONDS = 600.0  # a file of 100 MB at 170 KB/s
_PAUSE_SECONDS = 30.0


class NothingSent(Exception):
    """No connection was made, so nothing has left this machine. The text names the fault and nothing else."""


class AnswerLost(Exception):
    """The request may have arrived, and no whole answer came back. The text names the fault and nothing else."""


class UntrustedHost(Exception):
    """The address is neither the Graph API's nor one of Meta's media hosts: no token goes there."""


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """An answer of the Graph API, whatever its status. `headers` ignores case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """An answer whose body is still coming. `chunks` raises AnswerLost when it breaks off."""

    status: int
    chunks: AsyncIterator[bytes]


class GraphTransport:
    """The connection pool. It opens with the first call, in the event loop that is running then. `close` it."""

    def __init__(
        self,
        base_url: str,
        version: str,
        *,
        max_connections: int = 100,
        connect_timeout_seconds: float = 5.0,
        total_timeout_seconds: float = 30.0,
    ) -> None:
        """`connect_timeout_seconds` includes the wait for one of `max_connections`: a caller with more calls at once loses some."""
        self._base = URL(base_url.rstrip("/"))
        self._root = f"{self._base}/{version}/"
        self._max_connections = max_connections
        self._timeout = aiohttp.ClientTimeout(total=total_timeout_seconds, connect=connect_timeout_seconds)
        self._transfer_timeout = aiohttp.ClientTimeout(total=_TRANSFER_SECONDS, connect=connect_timeout_seconds, sock_read=_PAUSE_SECONDS)
        self._session: aiohttp.ClientSession | None = None
        self._is_closed = False

    async def close(self) -> None:
        """Close the connections; calls that come later send nothing."""
        self._is_closed = True
        if self._session is not None:
            await self._session.close()

    async def post(self, path: str, token: str, body: bytes, *, params: Mapping[str, str] | None = None) -> Reply:
        """Post JSON. Never repeated by itself. Raises: NothingSent, AnswerLost."""
        return await self._call("POST", path, token, params=params, data=body, headers={"Content-Type": "application/json"})

    async def call(self, method: str, path: str, token: str, *, params: Mapping[str, str] | None = None) -> Reply:
        """Make a call without a body. Raises: NothingSent, AnswerLost."""
        return await self._call(method, path, token, params=params)

    async def upload(
        self, path: str, token: str, body: AsyncIterable[bytes], *, headers: Mapping[str, str], params: Mapping[str, str] | None = None
    ) -> Reply:
        """Post a body as it comes. With `Content-Length` in the headers it is not chunked. Raises: NothingSent, AnswerLost."""
        return await self._call("POST", path, token, params=params, data=body, headers=headers, limits=self._transfer_timeout)

    async def _call(
        self,
        method: str,
        path: str,
        token: str,
        *,
        params: Mapping[str, str] | None = None,
        data: Any = None,
        headers: Mapping[str, str] | None = None,
        limits: aiohttp.ClientTimeout | None = None,
    ) -> Reply:
        session = self._open()
        url = URL(self._root + path, encoded=True)
        try:
            async with session.request(
                method,
                url,
                params=params,
                data=data,
                headers={"Authorization": f"Bearer {token}", **(headers or {})},
                allow_redirects=False,
                timeout=limits or self._timeout,
            ) as response:
                return Reply(status=response.status, headers=response.headers, body=await _whole(response))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            failure = _fault(error)
        raise failure  # here, because an exception that is raised above would keep aiohttp's as its context

    @asynccontextmanager
    async def download(self, address: str, token: str) -> AsyncIterator[Stream]:
        """Get a file from the Graph API's host or one of Meta's media hosts. Raises: UntrustedHost, NothingSent, AnswerLost."""
        session, url = self._open(), self._trusted(address)
        headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}
        failure: Exception | None = None
        response: aiohttp.ClientResponse | None = None
        try:
            response = await session.get(url, headers=headers, allow_redirects=False, timeout=self._transfer_timeout)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            failure = _fault(error)
        if response is None:
            raise failure or NothingSent
        async with response:
            yield Stream(status=response.status, chunks=_chunks(response))

    def _trusted(self, address: str) -> URL:
        """Return the address, read by the very parser that the connection is made from: two parsers may see two hosts."""
        try:
            url = URL(address)
        except ValueError:
            raise UntrustedHost from None
        host = (url.host or "").rstrip(".").lower()
        is_metas = url.scheme == "https" and any(host == known or host.endswith(f".{known}") for known in MEDIA_HOSTS)
        is_graph = bool(url.scheme) and url.absolute and url.origin() == self._base.origin()
        if url.user is not None or url.password is not None or not (is_metas or is_graph):
            raise UntrustedHost
        return url

    def _open(self) -> aiohttp.ClientSession:
        if self._is_closed:
            raise NothingSent("Closed")
        if self._session is None:
            connector = aiohttp.TCPConnector(
                limit=self._max_connections, keepalive_timeout=_KEEPALIVE_SECONDS, ttl_dns_cache=_DNS_SECONDS, socket_factory=_socket
            )
            self._session = aiohttp.ClientSession(
                connector=connector, headers={"User-Agent": _USER_AGENT}, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
            )
        return self._session


def _socket(address: tuple[Any, ...]) -> socket.socket:
    """Return a socket that notices a dead peer although nothing is being sent."""
    family, kind, protocol = address[:3]
    opened = socket.socket(family, kind, protocol)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return opened


def _fault(error: Exception) -> NothingSent | AnswerLost:
    """Return what a fault of the network means. The type's name is all that is kept."""
    name = type(error).__name__
    is_before = isinstance(
        error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError | aiohttp.InvalidURL | aiohttp.NonHttpUrlClientError
    )
    return NothingSent(name) if is_before or isinstance(error, ssl.SSLCertVerificationError) else AnswerLost(name)


async def _whole(response: aiohttp.ClientResponse) -> bytes:
    """Return the whole body. Raises: ClientPayloadError when it is cut off, or larger than any answer of the Graph API."""
    body = await response.content.readany()
    if response.content.at_eof():
        return body
    parts, size = [body], len(body)
    while part := await response.content.readany():
        size += len(part)
        if size > MAX_ANSWER_BYTES:
            raise aiohttp.ClientPayloadError
        parts.append(part)
    return b"".join(parts)


async def _chunks(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    failure: Exception | None = None
    try:
        async for chunk in response.content.iter_any():
            yield chunk
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        failure = _fault(error)
    if failure is not None:
        raise failure
