"""Creating tenants."""

from uuid import UUID

import psycopg

from sigma.kit.db import Tx
from sigma.kit.errors import Forbidden
from sigma.tenants.audit import record_audit
from sigma.tenants.models import Caller, Role, Tenant, TenantAlreadyExists, TenantNotFound, TenantScope, checked_name

OPERATOR = Caller(role=Role.INSTALLATION, tenant_id=None, actor="operator")
"""Whoever may run `sigma` commands on this machine."""


def require_installation(caller: Caller) -> None:
    """Raises: Forbidden unless the caller may create tenants."""
    if caller.role is not Role.INSTALLATION:
        raise Forbidden("Only an installation key may create tenants. The operator makes one with: sigma apikey create --installation")


async def create_tenant(tx: Tx, caller: Caller, *, tenant_id: UUID, name: str) -> Tenant:
    """Create a tenant; the transaction must be scoped to its id. Raises: Forbidden, NameRequired, TenantAlreadyExists."""
    require_installation(caller)
    try:
        async with tx.transaction():
            row = await (
                await tx.execute(
                    "INSERT INTO tenants (id, name) VALUES (%s, %s) RETURNING id, name, created_at",
                    (tenant_id, checked_name(name, field=("input", "name"))),
                )
            ).fetchone()
    except psycopg.errors.UniqueViolation as error:
        raise TenantAlreadyExists(field=("input", "id")) from error
    assert row is not None
    await record_audit(tx, TenantScope(tenant_id, Role.OWNER, caller.actor), action="tenant.created", target=str(tenant_id))
    return Tenant(*row)


async def get_tenant(tx: Tx, scope: TenantScope) -> Tenant:
    """Return the tenant of this scope. Raises: TenantNotFound."""
    row = await (await tx.execute("SELECT id, name, created_at FROM tenants WHERE id = %s", (scope.tenant_id,))).fetchone()
    if row is None:
        raise TenantNotFound
    return Tenant(*row)
