"""Workspaces in GraphQL."""

from datetime import datetime

import strawberry

from sigma.connectors.events import Platform
from sigma.kit.graphql import ExpectedErrors, UserError
from sigma.tenants.context import Info, id_argument
from sigma.tenants.models import TenantNotFound
from sigma.workspaces.actions import create_workspace, update_workspace
from sigma.workspaces.models import Workspace, WorkspaceNotFound
from sigma.workspaces.queries import find_workspaces, get_workspace, list_workspaces

strawberry.enum(Platform, name="Platform", description="A platform that messages come from.")


@strawberry.type(name="Workspace", description="One connected address of a tenant: for WhatsApp a phone number id.")
class WorkspaceType:
    """A workspace as API users see it."""

    id: strawberry.ID
    tenant_id: strawberry.ID
    name: str
    platform: Platform
    external_id: str = strawberry.field(description="What the platform calls this address; for WhatsApp the phone number id.")
    is_active: bool
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, workspace: Workspace) -> "WorkspaceType":
        """Return it as API users see it."""
        return cls(
            id=strawberry.ID(str(workspace.id)),
            tenant_id=strawberry.ID(str(workspace.tenant_id)),
            name=workspace.name,
            platform=workspace.platform,
            external_id=workspace.external_id,
            is_active=workspace.is_active,
            created_at=workspace.created_at,
            updated_at=workspace.updated_at,
        )


@strawberry.input
class CreateWorkspaceInput:
    """What a new workspace needs."""

    tenant_id: strawberry.ID
    name: str
    platform: Platform
    external_id: str


@strawberry.input
class UpdateWorkspaceInput:
    """What may change; what is left out stays."""

    id: strawberry.ID
    name: str | None = None
    is_active: bool | None = None


@strawberry.type
class WorkspacePayload:
    """The answer of every workspace mutation."""

    success: bool
    workspace: WorkspaceType | None = None
    errors: list[UserError] = strawberry.field(default_factory=list)


@strawberry.type
class WorkspaceQuery:
    """Reading workspaces."""

    @strawberry.field(description="All workspaces of the tenant, oldest first.")
    async def workspaces(self, info: Info) -> list[WorkspaceType]:
        """Return all workspaces."""
        async with info.context.transaction() as tx:
            return [WorkspaceType.of(workspace) for workspace in await list_workspaces(tx, info.context.scope)]

    @strawberry.field(description="One workspace.")
    async def workspace(self, info: Info, id: strawberry.ID) -> WorkspaceType:  # the contract's argument name
        """Return one workspace."""
        async with info.context.transaction() as tx:
            return WorkspaceType.of(await get_workspace(tx, info.context.scope, id_argument(id, WorkspaceNotFound)))


@strawberry.type
class WorkspaceMutation:
    """Changing workspaces."""

    @strawberry.mutation(
        extensions=[ExpectedErrors(WorkspacePayload)], description="Connect an address. Messages that waited for it appear at once."
    )
    async def create_workspace(self, info: Info, input: CreateWorkspaceInput) -> WorkspacePayload:  # the guide's argument name
        """Create a workspace."""
        scope = info.context.scope
        if id_argument(input.tenant_id, TenantNotFound, field=("input", "tenantId")) != scope.tenant_id:
            raise TenantNotFound(field=("input", "tenantId"))
        async with info.context.transaction() as tx:
            workspace = await create_workspace(tx, scope, name=input.name, platform=input.platform, external_id=input.external_id)
        return WorkspacePayload(success=True, workspace=WorkspaceType.of(workspace))

    @strawberry.mutation(extensions=[ExpectedErrors(WorkspacePayload)], description="Rename, deactivate or reactivate a workspace.")
    async def update_workspace(self, info: Info, input: UpdateWorkspaceInput) -> WorkspacePayload:  # as its sisters
        """Change a workspace."""
        return await _update(info, input.id, name=input.name, is_active=input.is_active)

    @strawberry.mutation(
        extensions=[ExpectedErrors(WorkspacePayload)],
        description="Stop receiving for a workspace. What arrives meanwhile is kept and waits for it.",
    )
    async def deactivate_workspace(self, info: Info, id: strawberry.ID) -> WorkspacePayload:  # as its sisters
        """Deactivate a workspace."""
        return await _update(info, id, name=None, is_active=False)


async def _update(info: Info, workspace_id: strawberry.ID, *, name: str | None, is_active: bool | None) -> WorkspacePayload:
    wanted = id_argument(workspace_id, WorkspaceNotFound, field=("input", "id"))
    async with info.context.transaction() as tx:
        workspace = await update_workspace(tx, info.context.scope, wanted, name=name, is_active=is_active)
    return WorkspacePayload(success=True, workspace=WorkspaceType.of(workspace))


async def load_workspace(info: Info, workspace_id: strawberry.ID) -> WorkspaceType:
    """Return the workspace of something else, looked up together with its neighbours'."""
    found: Workspace | None = await info.context.load("workspaces", id_argument(workspace_id, WorkspaceNotFound), find_workspaces)
    if found is None:
        raise WorkspaceNotFound
    return WorkspaceType.of(found)
