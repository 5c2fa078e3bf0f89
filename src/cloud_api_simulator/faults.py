"""Faults on demand: what the next calls meet instead of a good answer. Control and media bytes are spared unless a fault names them.

| kind | the caller sees | the call has its effect |
|---|---|---|
| `delay` | the right answer, `seconds` later | yes |
| `error` | the Graph error `code` | no |
| `status` | `status` with `body` (500 and nothing by default), `retry_after` as header | no |
| `throttle` | 429 with `Retry-After` and code 80007 | no |
| `malformed_json`, `html`, `half_body`, `empty` | 200 with half a JSON document, a web page, a body cut off in the middle, nothing | yes |
| `reset_before`, `reset_after` | a connection reset | no, yes |
| `hang` | nothing for `seconds`, then a closed connection | no |

`effect` overrides the last column.
"""

import asyncio
import random
import re
import socket
import struct
from typing import Any, Literal

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloud_api_simulator import errors, webhooks
from cloud_api_simulator.error_codes import TITLES

Kind = Literal[
    "delay", "error", "status", "throttle", "malformed_json", "html", "half_body", "empty", "reset_before", "reset_after", "hang"
]
EFFECTIVE = frozenset({"delay", "malformed_json", "html", "half_body", "empty", "reset_after"})
MAX_SECONDS = 3600
PAGE = b"<!DOCTYPE html><html><head><title>Error</title></head><body><h1>Sorry, something went wrong.</h1></body></html>"
JSON_TYPE, HTML_TYPE = b"application/json; charset=UTF-8", b"text/html; charset=utf-8"
OK, TOO_MANY = 200, 429
THROTTLED = 80007


class Fault(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One fault. It meets the next `times` calls that fit, or, with `times` null, each one with the chance `rate`."""

    kind: Kind
    times: int | None = 1
    rate: float = 1.0
    after: int = 0
    """How many fitting calls pass unharmed first."""
    path: str = r"/messages$"
    """A regular expression that is searched in the path, without the version."""
    method: str = "POST"
    code: int = 131000
    status: int = 500
    body: str = ""
    seconds: float = 1.0
    retry_after: int | None = None
    effect: bool | None = None
    met: int = 0
    """How many calls it has met so far."""

    def __post_init__(self) -> None:
        try:
            re.compile(self.path)
        except re.error as error:
            raise ValueError("path must be a regular expression") from error
        if self.code not in TITLES:
            raise ValueError(f"{self.code} is not an error code of the Cloud API")
        is_possible = 0 <= self.rate <= 1 and 0 <= self.seconds <= MAX_SECONDS and 200 <= self.status <= 599  # noqa: PLR2004
        if not is_possible or self.after < 0 or (self.times is not None and self.times < 1):
            raise ValueError("rate lies between 0 and 1, seconds up to an hour, status between 200 and 599, times is at least 1")

    @property
    def has_effect(self) -> bool:
        """Whether the call is carried out although its answer is lost."""
        return self.kind in EFFECTIVE if self.effect is None else self.effect


class FaultBook:
    """The faults that are ordered, oldest first. The first one that fits a call meets it."""

    def __init__(self, stream: random.Random) -> None:
        self._stream = stream
        self.faults: list[Fault] = []

    def meet(self, method: str, path: str) -> Fault | None:
        """Return the fault for this call, and count it; None when all is well."""
        for fault in self.faults:
            if fault.method not in {"*", method} or not re.search(fault.path, path):
                continue
            if fault.after > 0:
                fault.after -= 1
                continue
            if fault.rate < 1 and self._stream.random() >= fault.rate:
                continue
            self._count(fault)
            return fault
        return None

    def _count(self, fault: Fault) -> None:
        fault.met += 1
        if fault.times is not None:
            fault.times -= 1
            if fault.times == 0:
                self.faults.remove(fault)


class Answer:
    """Swallows the answer of a call that is carried out, so that another one can be given."""

    def __init__(self) -> None:
        self.status = OK
        self.body = bytearray()

    async def __call__(self, message: Message) -> None:
        """Take one message of the application."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            self.body += message.get("body", b"")


async def strike(fault: Fault, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Carry out the call as far as the fault lets it, and answer as the fault has it."""
    if fault.kind == "delay":
        await asyncio.sleep(fault.seconds)
        await app(scope, receive, send)
        return
    answer = Answer()
    if fault.has_effect:
        await app(scope, receive, answer)
    else:
        await _read(receive)
    if fault.kind in {"reset_before", "reset_after"}:
        reset(send)
    elif fault.kind == "hang":
        await asyncio.sleep(fault.seconds)
        reset(send)
    elif fault.kind == "half_body":
        await _reply(send, OK, JSON_TYPE, bytes(answer.body[: len(answer.body) // 2]), length=max(len(answer.body), 2))
        reset(send, is_rude=False)
    else:
        await _reply(send, *_instead(fault, bytes(answer.body)), retry_after=fault.retry_after)


def _instead(fault: Fault, body: bytes) -> tuple[int, bytes, bytes]:
    """Return status, type and body of the answer."""
    if fault.kind == "malformed_json":
        return OK, JSON_TYPE, body[: max(len(body) - 2, 0)] or b'{"messaging_product":'
    if fault.kind == "html":
        return OK, HTML_TYPE, PAGE
    if fault.kind == "empty":
        return OK, JSON_TYPE, b""
    if fault.kind == "status":
        return fault.status, JSON_TYPE if fault.body.startswith("{") else HTML_TYPE, fault.body.encode()
    if fault.kind == "throttle":
        fault.retry_after = 1 if fault.retry_after is None else fault.retry_after
        return TOO_MANY, JSON_TYPE, webhooks.encode(errors.on_demand(THROTTLED).body("AFault"))
    error = errors.on_demand(fault.code)
    return error.http_status, JSON_TYPE, webhooks.encode(error.body("AFault"))


async def _reply(send: Send, status: int, type: bytes, body: bytes, *, length: int | None = None, retry_after: int | None = None) -> None:
    headers = [(b"content-type", type), (b"content-length", str(len(body) if length is None else length).encode())]
    if retry_after is not None:
        headers.append((b"retry-after", str(retry_after).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": length is not None})


async def _read(receive: Receive) -> None:
    """Read the request to its end: a connection that is cut while the caller still writes would be another fault."""
    while (message := await receive())["type"] == "http.request" and message.get("more_body"):
        pass


def reset(send: Send, *, is_rude: bool = True) -> None:
    """Cut the connection: with a RST, which may overtake what was sent before, or with an orderly end.

    Raises: ConnectionResetError in a process without sockets, where the caller sees it as it is.
    """
    transport: Any = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        raise ConnectionResetError("the simulator cut the connection")
    if not is_rude:
        transport.close()
        return
    connection = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
