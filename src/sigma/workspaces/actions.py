"""Creating and changing workspaces."""

from uuid import UUID

import psycopg

from sigma.connectors.events import Platform
from sigma.kit.db import Tx
from sigma.kit.ids import new_id
from sigma.tenants.audit import record_audit
from sigma.tenants.models import MANAGERS, TenantScope, checked_name
from sigma.workspaces.models import WORKSPACE_COLUMNS, Workspace, WorkspaceAlreadyExists, WorkspaceNotFound, checked_external_id


async def create_workspace(tx: Tx, scope: TenantScope, *, name: str, platform: Platform, external_id: str) -> Workspace:
    """Connect an address; what waited for it in the journal is projected at once.

    Raises: Forbidden, NameRequired, InvalidExternalId, PlatformNotSupported, WorkspaceAlreadyExists.
    """
    scope.require(MANAGERS)
    name = checked_name(name, field=("input", "name"))
    external_id = checked_external_id(platform, external_id)
    try:
        async with tx.transaction():
            row = await (
                await tx.execute(
                    f"INSERT INTO workspaces (id, tenant_id, name, platform, external_id) VALUES (%s, %s, %s, %s, %s) RETURNING {WORKSPACE_COLUMNS}",
                    (new_id(), scope.tenant_id, name, platform.number, external_id),
                )
            ).fetchone()
    except psycopg.errors.UniqueViolation as error:
        raise WorkspaceAlreadyExists(field=("input", "externalId")) from error
    assert row is not None
    workspace = Workspace.from_row(row)
    await record_audit(tx, scope, action="workspace.created", target=str(workspace.id))
    return workspace


async def update_workspace(
    tx: Tx, scope: TenantScope, workspace_id: UUID, *, name: str | None = None, is_active: bool | None = None
) -> Workspace:
    """Rename, deactivate or reactivate a workspace. Raises: Forbidden, NameRequired, WorkspaceNotFound."""
    scope.require(MANAGERS)
    if name is not None:
        name = checked_name(name, field=("input", "name"))
    row = await (
        await tx.execute(
            f"""UPDATE workspaces SET name = coalesce(%s, name), is_active = coalesce(%s, is_active), updated_at = now()
                 WHERE tenant_id = %s AND id = %s RETURNING {WORKSPACE_COLUMNS}""",
            (name, is_active, scope.tenant_id, workspace_id),
        )
    ).fetchone()
    if row is None:
        raise WorkspaceNotFound(field=("input", "id"))
    await record_audit(tx, scope, action="workspace.updated", target=str(workspace_id), details={"is_active": row[5]})
    return Workspace.from_row(row)
