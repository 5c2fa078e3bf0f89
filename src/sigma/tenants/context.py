"""What a GraphQL operation runs with: who calls, the database, the keys, and its own data loaders."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from uuid import UUID

import strawberry
from strawberry.dataloader import DataLoader

from sigma.kit.db import Database, DatabaseRole, Tx
from sigma.kit.errors import Forbidden, NotFound, Unauthenticated
from sigma.kit.ids import parse_id
from sigma.tenants.keys import KeyRing
from sigma.tenants.models import Caller, Role, TenantScope

K = TypeVar("K")
V = TypeVar("V")


class Context:
    """One GraphQL operation. Loaders live as long as it does, so nothing is cached across callers."""

    def __init__(
        self, *, db: Database, keys: KeyRing, caller: Caller | None, public_url: str | None, services: Sequence[object] = ()
    ) -> None:
        self.db = db
        self.keys = keys
        self.public_url = public_url
        self._caller = caller
        self._services = {type(service): service for service in services}
        self._loaders: dict[str, DataLoader[Any, Any]] = {}

    @property
    def caller(self) -> Caller:
        """Who calls. Raises: Unauthenticated."""
        if self._caller is None:
            raise Unauthenticated
        return self._caller

    @property
    def scope(self) -> TenantScope:
        """The caller's tenant. Raises: Unauthenticated, Forbidden for an installation key."""
        caller = self.caller
        if caller.tenant_id is None or caller.role is Role.INSTALLATION:
            raise Forbidden("An installation key sees no tenant's data. Use an API key of the tenant.")
        return TenantScope(caller.tenant_id, caller.role, caller.actor)

    def service(self, kind: type[V]) -> V:
        """Return the installation's one service of a kind, such as the sender. Raises: KeyError for a kind that was not wired."""
        found = self._services[kind]
        assert isinstance(found, kind)
        return found

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        """Run one transaction for the caller's tenant."""
        async with self.db.transaction(DatabaseRole.API, self.scope.tenant_id) as tx:
            yield tx

    async def load(self, name: str, key: K, find: Callable[[Tx, TenantScope, list[K]], Awaitable[dict[K, V]]]) -> V | None:
        """Return what `find` has for this key; keys that are asked for together are looked up together."""
        loader = self._loaders.get(name)
        if loader is None:

            async def load_batch(keys: list[K]) -> list[V | None]:
                async with self.transaction() as tx:
                    found = await find(tx, self.scope, keys)
                return [found.get(wanted) for wanted in keys]

            loader = self._loaders[name] = DataLoader(load_fn=load_batch)
        result: V | None = await loader.load(key)
        return result


Info = strawberry.Info[Context, None]


def id_argument(value: strawberry.ID | str, error: type[NotFound], *, field: tuple[str, ...] = ()) -> UUID:
    """Return the UUID that a caller gave. Raises: the error when it spells none, for then it names nothing."""
    found = parse_id(str(value))
    if found is None:
        raise error(field=field)
    return found
