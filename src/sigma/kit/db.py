"""PostgreSQL access: one pool per database role, and one transaction per request or job, scoped to one tenant.

SIGMA's processes log in as roles that own nothing and cannot bypass row-level security. The tenant is set for the length of
one transaction only, so a pooled connection never carries it on.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from enum import StrEnum
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection, OperationalError
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from sigma.kit.crypto import derive_key

Tx = AsyncConnection[tuple[Any, ...]]

DATABASE_DOWN = (OperationalError, PoolTimeout)
"""What is raised when the database cannot be reached or went away."""


_WAIT_SECONDS = 1.5
"""How long to wait for a connection."""

_KEEPALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 25_000}
"""A server that vanished from the network is noticed after 25 seconds, not after hours. `Database.Url` may say otherwise."""


class DatabaseRole(StrEnum):
    """The roles that the first migration creates. OWNER owns the tables and never serves requests."""

    OWNER = "owner"
    API = "api"
    INTAKE = "intake"
    WORKER = "worker"
    PURGE = "purge"


LOGIN_ROLES = (DatabaseRole.API, DatabaseRole.INTAKE, DatabaseRole.WORKER, DatabaseRole.PURGE)


def role_name(prefix: str, role: DatabaseRole) -> str:
    """Return the PostgreSQL name of a role, such as `sigma_api`."""
    return f"{prefix}_{role}"


def role_password(master_key: bytes, name: str) -> str:
    """Return the password of a login role: derived from the master key, so it is stored nowhere."""
    return derive_key(master_key, f"sigma database role {name}").hex()


class Database:
    """The connection pools of one process. Opened lazily: a role that a process never uses costs nothing."""

    def __init__(self, admin_conninfo: str, *, master_key: bytes, role_prefix: str = "sigma", pool_size: int = 10) -> None:
        """`admin_conninfo` names server and database; its user and password are replaced by those of each role."""
        self._server = conninfo_to_dict(admin_conninfo)
        self._master_key = master_key
        self._role_prefix = role_prefix
        self._pool_size = pool_size
        self._pools: dict[DatabaseRole, AsyncConnectionPool[Tx]] = {}
        self._stack = AsyncExitStack()

    def conninfo(self, role: DatabaseRole) -> str:
        """Return how to connect as one of SIGMA's roles."""
        name = role_name(self._role_prefix, role)
        own = {"user": name, "password": role_password(self._master_key, name), "application_name": f"sigma {role}"}
        server = {name: value for name, value in self._server.items() if value is not None}
        return make_conninfo("", **{**_KEEPALIVE, **server, **own, "connect_timeout": 3})

    async def connect(self, role: DatabaseRole) -> Tx:
        """Return a connection of its own, in autocommit mode (LISTEN, the journal). The caller closes it."""
        return await AsyncConnection.connect(self.conninfo(role), autocommit=True)

    @asynccontextmanager
    async def transaction(self, role: DatabaseRole, tenant_id: UUID | None) -> AsyncIterator[Tx]:
        """Run one transaction as this role. With a tenant its rows are visible and no others; without, none are."""
        pool = await self._pool(role)
        async with pool.connection() as connection, connection.transaction():
            _raise_lost_cancellation()
            if tenant_id is not None:
                await connection.execute("SELECT set_config('sigma.tenant_id', %s, true)", (str(tenant_id),))
            yield connection

    async def is_reachable(self) -> bool:
        """Tell whether the database answers right now."""
        try:
            async with self.transaction(DatabaseRole.API, None) as tx:
                await tx.execute("SELECT 1")
        except DATABASE_DOWN:
            return False
        return True

    async def close(self) -> None:
        """Close every pool."""
        await self._stack.aclose()
        self._pools.clear()

    async def _pool(self, role: DatabaseRole) -> AsyncConnectionPool[Tx]:
        pool = self._pools.get(role)
        if pool is None:
            pool = AsyncConnectionPool(
                self.conninfo(role),
                min_size=1,
                max_size=self._pool_size,
                timeout=_WAIT_SECONDS,
                reconnect_timeout=_WAIT_SECONDS,  # its own pause grows to minutes; whoever waits next tries again anyway
                open=False,
                check=AsyncConnectionPool.check_connection,
            )
            self._pools[role] = pool
            await self._stack.enter_async_context(pool)
        return pool


def _raise_lost_cancellation() -> None:
    """Raise the cancellation that waiting for a connection lost: Python 3.11's `wait_for` drops one that comes together with the result."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
