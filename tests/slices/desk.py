"""A desk that sends: a world with an access token, a local Graph API that keeps a ledger, and dispatchers on real sockets."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sigma.connectors.outbound import TemplateContent, TemplateParameter
from sigma.connectors.whatsapp.graph import GraphClient
from sigma.entrypoints.credentials import access_tokens
from sigma.entrypoints.http import build_sender
from sigma.entrypoints.installation import Installation
from sigma.kit.clock import now
from sigma.kit.db import DatabaseRole
from sigma.kit.metrics import Metrics
from sigma.kit.settings import Settings
from sigma.sending.dispatch import Dispatcher
from sigma.sending.housekeeping import Forgotten, forget_sends
from sigma.sending.models import Lane, SendCommand, Target
from sigma.tenants.models import Role, TenantScope
from tests.conftest import MASTER_KEY
from tests.simulator.stage import served
from tests.slices.bodies import ANA, START, Someone, inbound, receipts, status, text
from tests.world import APP_SECRET, VERIFY_TOKEN, World, a_world

TOKEN = "EAAB-the-access-token-of-these-tests"
PAYLOAD = "success messageId message { id status platformMessageId text kind } errors { message code field }"
SEND = f"mutation ($input: SendWhatsAppMessageInput!) {{ sendWhatsAppMessage(input: $input) {{ {PAYLOAD} }} }}"
REPLY = f"mutation ($input: ReplyToConversationInput!) {{ replyToConversation(input: $input) {{ {PAYLOAD} }} }}"
RETRY = f"mutation ($id: ID!) {{ retryMessage(id: $id) {{ {PAYLOAD} }} }}"

Answer = Callable[[dict[str, Any]], Awaitable[Response | None] | Response | None]


def refusal(code: int, *, status: int = 400, headers: dict[str, str] | None = None, **more: Any) -> Response:
    """An error of the Graph API."""
    error = {"message": f"(#{code}) something", "type": "OAuthException", "code": code, "fbtrace_id": "Az8or2yhqkZ", **more}
    return JSONResponse({"error": error}, status_code=status, headers=headers)


@dataclass
class Ledger:
    """What the platform took, and what it was asked. `answer` may answer otherwise, or return None to accept."""

    asked: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    taken: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    answer: Answer = lambda _: None
    wa_id: str | None = None
    url: str = ""

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/v25.0/{number}/messages", self._messages, methods=["POST"])])

    async def _messages(self, request: Request) -> Response:
        payload = await request.json()
        self.asked.append((time.monotonic(), payload))
        self.tokens.append(request.headers.get("authorization", ""))
        given = self.answer(payload)
        refused = await given if isinstance(given, Awaitable) else given
        if refused is not None:
            return refused
        if "status" in payload:
            return JSONResponse({"success": True})
        return JSONResponse(self.take(payload))

    def take(self, payload: dict[str, Any]) -> dict[str, Any]:
        name = f"wamid.{len(self.taken)}"
        self.taken.append((name, payload))
        whom = (
            {"input": payload["to"], "wa_id": self.wa_id or payload["to"].lstrip("+")}
            if "to" in payload
            else {"user_id": payload["recipient"]}
        )
        return {"messaging_product": "whatsapp", "contacts": [whom], "messages": [{"id": name}]}

    def ours(self) -> list[str]:
        """Our ids of the messages that were taken, in order."""
        return [payload["biz_opaque_callback_data"] for _, payload in self.taken]

    def bodies(self) -> list[str]:
        return [payload["text"]["body"] for _, payload in self.taken if payload["type"] == "text"]

    def most_in_a_second(self) -> int:
        times = [at for at, _ in self.asked]
        return max((sum(1 for other in times if at <= other < at + 1) for at in times), default=0)


@dataclass
class Desk:
    """Everything that a test of sending needs."""

    world: World
    ledger: Ledger
    client: GraphClient
    settings: Settings
    ahead: timedelta = timedelta()
    token: str | None = TOKEN

    def clock(self) -> datetime:
        return now() + self.ahead

    @contextlib.asynccontextmanager
    async def dispatcher(self) -> AsyncIterator[Dispatcher]:
        """A dispatcher on connections of its own, not yet running."""
        db = self.world.installation.database()
        keys = self.world.installation.key_ring(db, DatabaseRole.WORKER)
        access_token = access_tokens(self.settings.platforms.whatsapp)
        try:
            yield Dispatcher(
                db,
                keys,
                self.client,
                access_token=lambda tenant: self.token and access_token(tenant) and self.token,
                clock=self.clock,
                metrics=self.world.metrics,
            )
        finally:
            await db.close()

    @contextlib.asynccontextmanager
    async def dispatching(self) -> AsyncIterator[Dispatcher]:
        """A dispatcher that runs."""
        async with self.dispatcher() as built:
            running = asyncio.create_task(built.run())
            try:
                yield built
            finally:
                running.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await running

    async def dispatch(self) -> None:
        """Run a dispatcher until nothing is due any more."""
        async with self.dispatching():
            await self.until(lambda: not self.due())

    def due(self) -> bool:
        query = "SELECT count(*) FROM outbox WHERE state = 'SENDING' OR (state = 'QUEUED' AND not_before <= %s)"
        return self.world.sql(query, (self.clock(),))[0][0] > 0

    async def until(self, condition: Callable[[], Any], *, seconds: float = 20) -> None:
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110  # a fact in the database or in the ledger: nothing notifies
                await asyncio.sleep(0.01)

    async def send(self, *, key: str | None = None, **given: Any) -> dict[str, Any]:
        """Return the payload of sendWhatsAppMessage."""
        data = await self.world.data(SEND, {"input": {"workspaceId": self.world.workspace_id, **given}}, key=key)
        payload: dict[str, Any] = data["sendWhatsAppMessage"]
        return payload

    async def queued(self, **given: Any) -> str:
        """Queue a message that must be taken; return its id."""
        payload = await self.send(**given)
        assert payload["success"], payload
        message_id: str = payload["messageId"]
        return message_id

    async def template(self, to: Someone = ANA, **given: Any) -> str:
        return await self.queued(recipientPhone=f"+{to.phone}", templateName="order_update", templateParams=["42"], **given)

    async def write(self, body: str = "Hi", *, by: Someone = ANA, ago: timedelta = timedelta(), id: str | None = None) -> None:
        """A customer writes: the window opens."""
        at = int((now() - ago).timestamp()) - START
        await self.world.receive(inbound(text(id or f"wamid.in.{by.name}.{body}.{at}", body, by=by, at=at), people=(by,)))

    async def report(self, *said: str, name: str, ours: str | None = None, **keys: Any) -> None:
        """The platform reports a message's statuses."""
        if ours is not None:
            keys["biz_opaque_callback_data"] = ours
        at = int(now().timestamp()) - START
        await self.world.receive(receipts(*(status(name, one, at=at, **keys) for one in said)))

    def status(self, message_id: str) -> str:
        return str(self.world.sql("SELECT status FROM messages WHERE id = %s", (message_id,))[0][0])

    def statuses(self) -> Counter[str]:
        return Counter(row[0] for row in self.world.sql("SELECT status FROM messages WHERE direction = 'OUTBOUND'"))

    def error(self, message_id: str) -> dict[str, Any]:
        errors: list[dict[str, Any]] = self.world.sql("SELECT errors FROM messages WHERE id = %s", (message_id,))[0][0]
        return errors[0]

    def outbox(self, message_id: str) -> str | None:
        rows = self.world.sql("SELECT state FROM outbox WHERE message_id = %s", (message_id,))
        return str(rows[0][0]) if rows else None

    def outboxes(self) -> Counter[str]:
        return Counter(row[0] for row in self.world.sql("SELECT state FROM outbox"))

    async def dispatch_until_rest(self) -> None:
        """Run a dispatcher until the workspace rests and nothing is under way."""
        async with self.dispatching():
            await self.until(lambda: self.world.sql("SELECT 1 FROM workspaces WHERE sending_paused_at IS NOT NULL"))
            await self.until(lambda: "SENDING" not in self.outboxes())

    async def forget(self) -> Forgotten:
        """Do the worker's housekeeping."""
        db = self.world.installation.database()
        try:
            return await forget_sends(db, today=now().date(), retention_days=30)
        finally:
            await db.close()

    def attempts(self, message_id: str) -> list[str]:
        return [row[0] for row in self.world.sql("SELECT outcome FROM send_attempts WHERE message_id = %s ORDER BY number", (message_id,))]

    def counts(self) -> tuple[int, ...]:
        """What must not change when a message is refused."""
        tables = ("messages", "outbox", "conversations", "contacts", "idempotency_keys", "send_attempts")
        return tuple(self.world.sql(f"SELECT count(*) FROM {table}")[0][0] for table in tables)

    async def queue_many(self, count: int, *, lane: Lane, workspace_id: str = "", tenant_id: UUID | None = None, to: str = "") -> None:
        """Queue templates to as many recipients (or to one), in one transaction."""
        db = self.world.installation.database()
        tenant = tenant_id or self.world.tenant_id
        scope = TenantScope(tenant, Role.OWNER, "a test")
        try:
            sender = build_sender(self.world.installation.key_ring(db, DatabaseRole.API), self.settings.platforms.whatsapp)
            await sender.prepare(scope, now=now())
            async with db.transaction(DatabaseRole.API, tenant) as tx:
                for number in range(count):
                    target = Target(phone=to or f"+49151{10_000_000 + number}")
                    content = TemplateContent(name="newsletter", language="en", parameters=[TemplateParameter(text=str(number))])
                    command = SendCommand(
                        workspace_id=UUID(workspace_id or self.world.workspace_id), target=target, content=content, lane=lane
                    )
                    await sender.send(tx, scope, command, now=now())
        finally:
            await db.close()


@contextlib.asynccontextmanager
async def a_desk(database_conninfo: str, metrics: Metrics, **whatsapp: Any) -> AsyncIterator[Desk]:
    """Build the desk; `whatsapp` are further settings of the platform."""
    ledger = Ledger()
    async with served(ledger.app()) as url:
        ledger.url = url
        own = {"DefaultAppSecret": [APP_SECRET], "VerifyToken": VERIFY_TOKEN, "DefaultAccessToken": TOKEN, "GraphApiUrl": url, **whatsapp}
        settings = Settings.model_validate({"Platforms": {"WhatsApp": own}})
        client = GraphClient(url, "v25.0", max_connections=256, total_timeout_seconds=5.0)
        try:
            async with a_world(Installation(settings, MASTER_KEY, database_conninfo), metrics) as world:
                yield Desk(world, ledger, client, settings)
        finally:
            await client.close()
