"""What the operator's commands do to a database: thin compositions of the slices' actions, each in its own transaction."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from sigma.entrypoints.installation import Installation
from sigma.kit.db import Database, DatabaseRole, Tx
from sigma.tenants.actions import OPERATOR, create_tenant, get_tenant
from sigma.tenants.api_keys import create_api_key, create_installation_key, list_api_keys, list_installation_keys, revoke_api_key
from sigma.tenants.models import ApiKey, Role, Tenant, TenantScope


@asynccontextmanager
async def _transaction(opened: Installation, tenant_id: UUID | None) -> AsyncIterator[Tx]:
    db = opened.database()
    try:
        async with db.transaction(DatabaseRole.API, tenant_id) as tx:
            yield tx
    finally:
        await db.close()


def _operator_scope(tenant_id: UUID) -> TenantScope:
    return TenantScope(tenant_id, Role.OWNER, OPERATOR.actor)


async def create_tenant_with_key(opened: Installation, *, tenant_id: UUID, name: str) -> str:
    """Create a tenant. Returns the secret of its owner's first key."""
    async with _transaction(opened, tenant_id) as tx:
        await create_tenant(tx, OPERATOR, tenant_id=tenant_id, name=name)
        _, secret = await create_api_key(tx, _operator_scope(tenant_id), role=Role.OWNER, name="first key")
    return secret


async def list_tenants(opened: Installation) -> list[Tenant]:
    """Return all tenants, oldest first."""
    db: Database = opened.database()
    try:
        async with db.transaction(DatabaseRole.API, None) as tx:
            cursor = await tx.execute("SELECT list_tenant_ids()")
            tenant_ids = [row[0] for row in await cursor.fetchall()]
        tenants = []
        for tenant_id in tenant_ids:
            async with db.transaction(DatabaseRole.API, tenant_id) as tx:
                tenants.append(await get_tenant(tx, _operator_scope(tenant_id)))
        return tenants
    finally:
        await db.close()


async def create_key(opened: Installation, *, tenant_id: UUID | None, role: Role, name: str) -> tuple[UUID, str]:
    """Create a key of a tenant, or of the installation. Returns its id and its secret."""
    async with _transaction(opened, tenant_id) as tx:
        if tenant_id is None:
            return await create_installation_key(tx, name=name)
        await get_tenant(tx, _operator_scope(tenant_id))
        key, secret = await create_api_key(tx, _operator_scope(tenant_id), role=role, name=name)
        return key.id, secret


async def list_keys(opened: Installation, *, tenant_id: UUID | None) -> list[ApiKey]:
    """Return the keys of a tenant, or of the installation."""
    async with _transaction(opened, tenant_id) as tx:
        return await (list_installation_keys(tx) if tenant_id is None else list_api_keys(tx, _operator_scope(tenant_id)))


async def revoke_key(opened: Installation, *, key_id: UUID) -> None:
    """Revoke any key."""
    async with _transaction(opened, None) as tx:
        await revoke_api_key(tx, key_id)
