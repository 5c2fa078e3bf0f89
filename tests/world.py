"""A small SIGMA for tests: the real HTTP application, journal and projector on a real PostgreSQL database of the test's own."""

import asyncio
import contextlib
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx2
import psycopg

from sigma.entrypoints.http import build_http
from sigma.entrypoints.installation import Installation
from sigma.entrypoints.operator import create_key, create_tenant_with_key
from sigma.intake.journal import Journal
from sigma.intake.projector import Projector
from sigma.kit.clock import now
from sigma.kit.db import DatabaseRole
from sigma.kit.ids import new_id
from sigma.kit.metrics import Metrics
from sigma.tenants.models import Role

APP_SECRET = "default-app-secret"
VERIFY_TOKEN = "a-verify-token-of-32-characters!"
PHONE_NUMBER_ID = "106540352242922"
"""The phone number id of most bodies in tests/data."""

CREATE_WORKSPACE = """mutation ($tenant: ID!, $external: String!) {
  createWorkspace(input: { tenantId: $tenant, name: "Support", platform: WHATS_APP, externalId: $external }) {
    success workspace { id } errors { code message field } } }"""


class World:
    """One tenant with one workspace, and everything that a test does to them."""

    def __init__(
        self, installation: Installation, client: httpx2.AsyncClient, metrics: Metrics, projector: Projector, journal: Journal
    ) -> None:
        self.installation = installation
        self.client = client
        self.journal = journal
        self.metrics = metrics
        self.projector = projector
        self.tenant_id = UUID(int=0)
        self.workspace_id = ""
        self.api_key = ""

    async def graphql(self, query: str, variables: dict[str, Any] | None = None, *, key: str | None = None) -> dict[str, Any]:
        """Return the whole GraphQL answer: `data` and perhaps `errors`."""
        headers = {"Authorization": f"Bearer {self.api_key if key is None else key}", "Content-Type": "application/json"}
        body = json.dumps({"query": query, "variables": variables or {}})  # in ASCII: it may hold what UTF-8 cannot
        response = await self.client.post("/graphql", content=body, headers=headers)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    async def data(self, query: str, variables: dict[str, Any] | None = None, *, key: str | None = None) -> dict[str, Any]:
        """Return the data of an operation that must succeed."""
        answer = await self.graphql(query, variables, key=key)
        assert not answer.get("errors"), answer
        data: dict[str, Any] = answer["data"]
        return data

    async def post(
        self, body: Any, *, secret: str = APP_SECRET, tenant: UUID | str | None = None, signature: str | None = None
    ) -> httpx2.Response:
        """Post a webhook body, signed; bytes are sent as they are, anything else as JSON."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        value = signature if signature is not None else "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json"} | ({"X-Hub-Signature-256": value} if value else {})
        return await self.client.post(f"/webhooks/whatsapp/{tenant or self.tenant_id}", content=raw, headers=headers)

    async def accept(self, *bodies: Any, tenant: UUID | str | None = None) -> None:
        """Post webhook bodies, many at a time; each must be accepted. They wait in the journal."""
        for start in range(0, len(bodies), 32):
            responses = await asyncio.gather(*(self.post(body, tenant=tenant) for body in bodies[start : start + 32]))
            assert {response.status_code for response in responses} == {200}

    async def receive(self, *bodies: Any, tenant: UUID | str | None = None) -> None:
        """Post webhook bodies that must be accepted, then project everything that waits."""
        for body in bodies:
            response = await self.post(body, tenant=tenant)
            assert response.status_code == 200, response.status_code
        await self.project()

    async def project(self) -> None:
        """Project every tenant's queue to its end."""
        while waiting := await self.projector.tenants_waiting():
            assert sum([await self.projector.project_next(tenant_id) for tenant_id in waiting]), "the queue does not move"

    def sql(self, query: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Run SQL as the administrator, whom row-level security does not bind. Returns the rows, if any."""
        with psycopg.connect(self.installation.admin_conninfo, autocommit=True) as connection:
            cursor = connection.execute(query, parameters or None)
            return cursor.fetchall() if cursor.description else []

    async def new_tenant(self, name: str = "Another GmbH") -> tuple[UUID, str]:
        """Create another tenant. Returns its id and its owner's key."""
        tenant_id = new_id()
        return tenant_id, await create_tenant_with_key(self.installation, tenant_id=tenant_id, name=name)

    async def new_key(self, role: Role, *, tenant_id: UUID | None = None) -> str:
        """Return a new key of this tenant (or another), or of the installation."""
        owner = None if role is Role.INSTALLATION else tenant_id or self.tenant_id
        return (await create_key(self.installation, tenant_id=owner, role=role, name="test key"))[1]

    async def create_workspace(self, external_id: str = PHONE_NUMBER_ID, *, tenant_id: UUID | None = None, key: str | None = None) -> str:
        """Create a workspace. Returns its id."""
        data = await self.data(CREATE_WORKSPACE, {"tenant": str(tenant_id or self.tenant_id), "external": external_id}, key=key)
        payload = data["createWorkspace"]
        assert payload["success"], payload
        workspace_id: str = payload["workspace"]["id"]
        return workspace_id

    def outcomes(self) -> list[tuple[str, str | None]]:
        """Return (outcome, error message) of every journalled POST, oldest first."""
        return [(row[0], row[1]) for row in self.sql("SELECT outcome, error_message FROM webhook_events ORDER BY created_at, id")]


@contextlib.asynccontextmanager
async def a_world(installation: Installation, metrics: Metrics, *, workspace: bool = True) -> AsyncIterator[World]:
    """Build the world: one tenant, by default with a workspace for PHONE_NUMBER_ID."""
    parts = build_http(installation, metrics)
    journal = asyncio.create_task(parts.journal.run())
    db = installation.database()
    projector = Projector(db, installation.key_ring(db, DatabaseRole.WORKER), metrics=metrics, clock=now)
    transport = httpx2.ASGITransport(app=parts.app)
    try:
        async with httpx2.AsyncClient(transport=transport, base_url="http://sigma.test") as client:
            world = World(installation, client, metrics, projector, parts.journal)
            world.tenant_id, world.api_key = await world.new_tenant("Acme Ltda")
            if workspace:
                world.workspace_id = await world.create_workspace()
            yield world
    finally:
        journal.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await journal
        await db.close()
        await parts.close()
