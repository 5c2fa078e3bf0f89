"""Reading workspaces, and routing a platform's address to one of them."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sigma.connectors.events import Platform
from sigma.kit.db import Tx
from sigma.tenants.models import READERS, TenantScope
from sigma.workspaces.models import WORKSPACE_COLUMNS, Workspace, WorkspaceNotFound


async def list_workspaces(tx: Tx, scope: TenantScope) -> list[Workspace]:
    """Return all workspaces of this tenant, oldest first. Raises: Forbidden."""
    scope.require(READERS)
    cursor = await tx.execute(
        f"SELECT {WORKSPACE_COLUMNS} FROM workspaces WHERE tenant_id = %s ORDER BY created_at, id", (scope.tenant_id,)
    )
    return [Workspace.from_row(row) for row in await cursor.fetchall()]


async def find_workspaces(tx: Tx, scope: TenantScope, workspace_ids: Collection[UUID]) -> dict[UUID, Workspace]:
    """Return those of these workspaces that are this tenant's, by id."""
    cursor = await tx.execute(
        f"SELECT {WORKSPACE_COLUMNS} FROM workspaces WHERE tenant_id = %s AND id = ANY (%s)", (scope.tenant_id, list(workspace_ids))
    )
    return {row[0]: Workspace.from_row(row) for row in await cursor.fetchall()}


async def get_workspace(tx: Tx, scope: TenantScope, workspace_id: UUID) -> Workspace:
    """Return one workspace. Raises: Forbidden, WorkspaceNotFound (also when it is another tenant's)."""
    scope.require(READERS)
    found = await find_workspaces(tx, scope, [workspace_id])
    if workspace_id not in found:
        raise WorkspaceNotFound
    return found[workspace_id]


@dataclass(frozen=True, slots=True)
class Routing:
    """Where the addresses of some webhooks lead: to a workspace of this tenant, to another tenant's, or nowhere yet."""

    workspace_ids: dict[str, UUID]
    foreign: frozenset[str]


async def route_addresses(tx: Tx, tenant_id: UUID, platform: Platform, addresses: Collection[str]) -> Routing:
    """Look up active workspaces. An address that is ours is never foreign, whoever else claims it."""
    if not addresses:
        return Routing({}, frozenset())
    cursor = await tx.execute(
        "SELECT external_id, id FROM workspaces WHERE tenant_id = %s AND platform = %s AND is_active AND external_id = ANY (%s)",
        (tenant_id, platform.number, list(addresses)),
    )
    own = {row[0]: row[1] for row in await cursor.fetchall()}
    missing = [address for address in addresses if address not in own]
    if not missing:
        return Routing(own, frozenset())
    cursor = await tx.execute("SELECT addresses_of_other_tenants(%s::smallint, %s)", (platform.number, missing))
    return Routing(own, frozenset(row[0] for row in await cursor.fetchall()))
