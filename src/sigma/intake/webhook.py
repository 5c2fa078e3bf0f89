"""The road in, first half: verify the raw bytes, seal them, append them to the journal, and only then answer 200.

Plain ASGI, not a framework route: this is the hot path, and what is not verified must cost as little as possible.
"""

import asyncio
import contextlib
import hmac
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from sigma.connectors.events import Platform
from sigma.connectors.whatsapp.signature import AppSecret, verify_signature
from sigma.intake.journal import Journal, JournalUnavailable
from sigma.intake.models import JournalEntry
from sigma.kit.clock import Clock
from sigma.kit.crypto import SealingKey
from sigma.kit.db import DATABASE_DOWN
from sigma.kit.deadlines import within
from sigma.kit.ids import new_id, parse_id
from sigma.kit.log import get_logger
from sigma.kit.metrics import Metrics
from sigma.messages.raw import raw_context
from sigma.tenants.keys import KeyRing

Scope = Mapping[str, Any]
Headers = Sequence[tuple[bytes, bytes]]

PATH_PREFIX = "/webhooks/whatsapp/"
RETRY_AFTER_SECONDS = b"5"
_PLATFORM = Platform.WHATS_APP
_TOO_LARGE = 413
_SIGNATURE_HEADER = b"x-hub-signature-256"
_MAX_KNOWN_TENANTS = 10_000
_BODY_SECONDS = 5.0
"""How long a body may take to arrive. A client that sends slower, or stops in the middle, holds nothing up for longer."""

_FIRST_OF_DAY_SECONDS = 1.5
"""How long the first POST of a tenant's day may take to load its key and be journalled: the answer comes within two."""

_DISCARDED_BYTES = 16 * 1024 * 1024
_DISCARD_SECONDS = 2.0

log = get_logger("whatsapp")


class AppSecrets:
    """Which app secrets open which tenant's webhook: its own when it has any, else the installation's default."""

    def __init__(self, by_tenant: Mapping[str, Sequence[str]], default: Sequence[str]) -> None:
        self._by_tenant = {tenant.lower(): [AppSecret(secret) for secret in secrets] for tenant, secrets in by_tenant.items() if secrets}
        self._default = [AppSecret(secret) for secret in default]

    def of(self, tenant: str) -> Sequence[AppSecret]:
        """Return the live secrets of a tenant, as its id stands in the URL."""
        return self._by_tenant.get(tenant.lower(), self._default)


class BodyTooLarge(Exception):
    """The body is over the limit; it was not read to its end."""


class ClientGone(Exception):
    """The client went away before its body was complete."""


class WhatsAppWebhook:
    """The ASGI application behind `/webhooks/whatsapp/{tenant}`."""

    def __init__(
        self,
        *,
        journal: Journal,
        keys: KeyRing,
        secrets: AppSecrets,
        verify_token: str | None,
        max_bytes: int,
        metrics: Metrics,
        clock: Clock,
    ) -> None:
        self._journal = journal
        self._keys = keys
        self._secrets = secrets
        self._verify_token = (verify_token or "").encode()
        self._max_bytes = max_bytes
        self._metrics = metrics
        self._clock = clock
        self._tenant_ids: dict[str, UUID | None] = {}
        self._accepted = metrics.webhooks_accepted.labels(platform=_PLATFORM.value)

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Answer one request below `PATH_PREFIX`."""
        tenant = scope["path"][len(PATH_PREFIX) :]
        if scope["method"] == "POST":
            started = time.perf_counter()
            status, headers = await self._accept(tenant, scope["headers"], receive)
            self._metrics.ack_seconds.observe(time.perf_counter() - started)
            await _answer(send, status, headers=headers, unread=receive if status == _TOO_LARGE else None)
        elif scope["method"] == "GET":
            await self._verify(tenant, scope["query_string"], send)
        else:
            await _answer(send, 405, headers=[(b"allow", b"GET, POST")])

    async def _verify(self, tenant: str, query: bytes, send: Any) -> None:
        """Answer Meta's verification request: the bare challenge for the right token, 403 for anything else."""
        values = parse_qs(query.decode("latin-1"), keep_blank_values=True)
        token = values.get("hub.verify_token", [""])[0]
        mode = values.get("hub.mode", [""])[0]
        # A base64 token may hold a plus, which a hand-written URL does not escape: there it means a space.
        as_given = hmac.compare_digest(token.encode(), self._verify_token)
        with_plus = hmac.compare_digest(token.replace(" ", "+").encode(), self._verify_token)
        is_right = bool(self._verify_token) and (as_given or with_plus)
        if mode == "subscribe" and is_right and "hub.challenge" in values:
            log.info("WhatsApp webhook verified", tenant_id=str(parse_id(tenant) or ""))
            await _answer(send, 200, values["hub.challenge"][0].encode())
        else:
            self._refuse("verify_token")
            log.warning("WhatsApp webhook verification failed", reason="wrong mode" if is_right else "wrong verify token")
            await _answer(send, 403)

    async def _accept(self, tenant: str, headers: Headers, receive: Any) -> tuple[int, Headers]:
        """Return status and headers of the answer to one POST, after the journal has it."""
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                raw = await _read_body(headers, receive, self._max_bytes)
        except BodyTooLarge:
            self._refuse("too_large")
            log.warning("WhatsApp webhook body too large", limit_bytes=self._max_bytes)
            return _TOO_LARGE, [(b"connection", b"close")]
        except ClientGone:
            self._refuse("incomplete")
            return 400, [(b"connection", b"close")]
        except TimeoutError:
            self._refuse("too_slow")
            return 408, [(b"connection", b"close")]
        reason = self._signature_fault(tenant, headers, raw)
        if reason is not None:
            self._refuse(reason)
            log.warning("WhatsApp webhook signature validation failed", reason=reason, tenant_id=str(parse_id(tenant) or ""))
            return 401, []
        tenant_id = self._tenant_id(tenant)
        if tenant_id is None:
            self._refuse("unknown_tenant")
            log.warning(
                "WhatsApp webhook for an unknown tenant", reason="the tenant in the URL is not the id that sigma tenant create printed"
            )
            return 404, []
        return await self._journalise(tenant_id, raw)

    def _signature_fault(self, tenant: str, headers: Headers, raw: bytes) -> str | None:
        """Return why a signature is not valid, or None when it is."""
        signatures = [value for name, value in headers if name == _SIGNATURE_HEADER]
        if not signatures:
            return "missing_signature"
        secrets = self._secrets.of(tenant)
        if not secrets:
            return "no_app_secret"
        is_valid = len(signatures) == 1 and verify_signature(raw, signatures[0], secrets)
        return None if is_valid else "wrong_signature"

    async def _journalise(self, tenant_id: UUID, raw: bytes) -> tuple[int, Headers]:
        created_at = self._clock()
        try:
            if self._keys.cached_raw_key(tenant_id, created_at.date()) is None:  # asks the database for it, too
                await within(_FIRST_OF_DAY_SECONDS, self._append(tenant_id, created_at, raw))
            else:
                await self._append(tenant_id, created_at, raw)
        except (JournalUnavailable, TimeoutError, *DATABASE_DOWN) as error:
            self._refuse("journal_unavailable")
            log.warning("WhatsApp webhook not accepted", reason="the journal is unavailable", error=type(error).__name__)
            return 503, [(b"retry-after", RETRY_AFTER_SECONDS)]
        self._accepted.inc()
        return 200, []

    async def _append(self, tenant_id: UUID, created_at: datetime, raw: bytes) -> None:
        event_id = new_id()
        key: SealingKey | None = self._keys.cached_raw_key(tenant_id, created_at.date())
        if key is None:
            key = await self._keys.raw_key(tenant_id, created_at.date())
        sealed = key.seal(raw, context=raw_context(tenant_id, event_id))
        await self._journal.append(JournalEntry(tenant_id, created_at, event_id, _PLATFORM, sealed))

    def _tenant_id(self, tenant: str) -> UUID | None:
        try:
            return self._tenant_ids[tenant]
        except KeyError:
            if len(self._tenant_ids) >= _MAX_KNOWN_TENANTS:
                self._tenant_ids.clear()
            found = self._tenant_ids[tenant] = parse_id(tenant)
            return found

    def _refuse(self, reason: str) -> None:
        self._metrics.webhooks_refused.labels(platform=_PLATFORM.value, reason=reason).inc()


async def _read_body(headers: Headers, receive: Any, limit: int) -> bytes:
    """Return the body. Raises: BodyTooLarge as soon as that is known, ClientGone."""
    for name, value in headers:
        if name == b"content-length" and value.isdigit() and int(value) > limit:
            raise BodyTooLarge
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise BodyTooLarge
        chunks.append(chunk)
        if not message.get("more_body", False):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def _answer(send: Any, status: int, body: bytes = b"", *, headers: Headers = (), unread: Any = None) -> None:
    """Send the answer. With `unread`, which receives the rest of a body, the connection is closed a little later than that."""
    lines = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode()), *headers]
    if body:
        lines.append((b"x-content-type-options", b"nosniff"))
    await send({"type": "http.response.start", "status": status, "headers": lines})
    if unread is not None:
        await _discard(unread)
    await send({"type": "http.response.body", "body": body})


async def _discard(receive: Any) -> None:
    """Read on without keeping anything: a client that is cut off while it still sends may never see the answer. But not for ever."""
    left = _DISCARDED_BYTES
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_DISCARD_SECONDS):
            while left > 0:
                message = await receive()
                if not message.get("more_body", False):
                    return
                left -= len(message.get("body", b""))
