"""A server for the faults that no well-behaved server has: it reads one request at a time and answers it with the bytes it is told."""

import asyncio
import contextlib
import json
import struct
from collections.abc import AsyncIterator, Iterator
from socket import SO_LINGER, SOL_SOCKET
from typing import Any

from sigma.connectors.whatsapp.graph import GraphClient

RESET = b"\0reset"
"""Instead of an answer: the connection is reset."""
CLOSE = b"\0close"
"""Instead of an answer: the connection is closed."""
SILENCE = b"\0silence"
"""Instead of an answer: none, until the server stops."""


def answer(status: int, body: object = b"", *, headers: dict[str, str] | None = None, length: int | None = None) -> bytes:
    """Return an HTTP answer; `length` claims another one than the body has, after which the connection is closed."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    fields = {"Content-Length": str(len(content) if length is None else length), **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} Whatever\r\n{head}\r\n".encode() + content + (CLOSE if length is not None else b"")


def graph_error(code: int, **more: Any) -> dict[str, Any]:
    return {"error": {"message": f"(#{code}) something", "type": "OAuthException", "code": code, "fbtrace_id": "Az8or2yhqkZ", **more}}


class GraphServer:
    """Answers request after request with `answers`; the last one repeats. `requests` is what came: (head, body)."""

    def __init__(self) -> None:
        self.answers: list[bytes] = [answer(200, {})]
        self.requests: list[tuple[str, bytes]] = []
        self.connections = 0
        self.url = ""
        self._stopping = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while await self._answer(reader, writer):
                pass
        writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        self.requests.append((head, await _read_body(head, reader)))
        chosen = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if chosen == SILENCE:
            await self._stopping.wait()
            return False
        if chosen == RESET:
            writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
            return False
        writer.write(chosen.removesuffix(CLOSE))
        await writer.drain()
        return not chosen.endswith(CLOSE)

    def stop(self) -> None:
        self._stopping.set()


async def _read_body(head: str, reader: asyncio.StreamReader) -> bytes:
    lines = head.lower().split("\r\n")
    length = next((int(line.partition(":")[2]) for line in lines if line.startswith("content-length:")), 0)
    if "transfer-encoding: chunked" not in lines:
        return await reader.readexactly(length)
    body = b""
    while size := int((await reader.readline()).strip(), 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return body


@contextlib.asynccontextmanager
async def graph_server() -> AsyncIterator[GraphServer]:
    graph = GraphServer()
    server = await asyncio.start_server(graph.serve, "127.0.0.1", 0)
    graph.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield graph
    finally:
        graph.stop()
        server.close()
        await server.wait_closed()


@contextlib.asynccontextmanager
async def graph_client(url: str, **changes: Any) -> AsyncIterator[GraphClient]:
    client = GraphClient(url, "v25.0", **changes)
    try:
        yield client
    finally:
        await client.close()


def everything_said(error: BaseException | None) -> Iterator[str]:
    """Yield all that a log or a trace could show of an error: its texts and attributes, and those of the errors behind it."""
    while error is not None:
        yield from (str(error), repr(error), repr(vars(error)))
        yield from everything_said(error.__context__)
        error = error.__cause__
