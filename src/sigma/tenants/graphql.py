"""Tenants and API keys in GraphQL."""

from datetime import datetime

import strawberry

from sigma.kit.db import DatabaseRole
from sigma.kit.graphql import ExpectedErrors, UserError
from sigma.kit.ids import new_id, parse_id
from sigma.tenants.actions import create_tenant, get_tenant, require_installation
from sigma.tenants.api_keys import create_api_key
from sigma.tenants.context import Info
from sigma.tenants.models import InvalidTenantId, Role, Tenant, TenantScope


@strawberry.type(name="Tenant", description="A customer of this installation.")
class TenantType:
    """A tenant as its own members see it."""

    id: strawberry.ID
    name: str
    created_at: datetime

    @classmethod
    def of(cls, tenant: Tenant) -> "TenantType":
        """Return it as API users see it."""
        return cls(id=strawberry.ID(str(tenant.id)), name=tenant.name, created_at=tenant.created_at)


@strawberry.input
class CreateTenantInput:
    """What a new tenant needs."""

    name: str
    id: strawberry.ID | None = strawberry.field(
        default=None, description="A UUID of your choice, for example one that webhook URLs already use."
    )


@strawberry.type
class CreateTenantPayload:
    """The answer of createTenant."""

    success: bool
    tenant: TenantType | None = None
    api_key: str | None = strawberry.field(default=None, description="The owner's API key. It is shown this once.")
    errors: list[UserError] = strawberry.field(default_factory=list)


@strawberry.type
class TenantQuery:
    """Reading the caller's tenant."""

    @strawberry.field(description="The tenant that the API key belongs to.")
    async def tenant(self, info: Info) -> TenantType:
        """Return the caller's tenant."""
        async with info.context.transaction() as tx:
            return TenantType.of(await get_tenant(tx, info.context.scope))


@strawberry.type
class TenantMutation:
    """Creating tenants."""

    @strawberry.mutation(extensions=[ExpectedErrors(CreateTenantPayload)], description="Create a tenant. Needs an installation key.")
    async def create_tenant(self, info: Info, input: CreateTenantInput) -> CreateTenantPayload:  # the contract's argument name
        """Create a tenant and its first key."""
        caller = info.context.caller
        require_installation(caller)
        tenant_id = parse_id(input.id) if input.id else new_id()
        if tenant_id is None:
            raise InvalidTenantId(field=("input", "id"))
        async with info.context.db.transaction(DatabaseRole.API, tenant_id) as tx:
            tenant = await create_tenant(tx, caller, tenant_id=tenant_id, name=input.name)
            _, secret = await create_api_key(tx, TenantScope(tenant_id, Role.OWNER, caller.actor), role=Role.OWNER, name="first key")
        return CreateTenantPayload(success=True, tenant=TenantType.of(tenant), api_key=secret)
