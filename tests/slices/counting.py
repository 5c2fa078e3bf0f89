"""An installation that counts the statements of its processes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from sigma.entrypoints.installation import Installation
from sigma.kit.db import Database, DatabaseRole


class CountingInstallation(Installation):
    """Every database that it opens writes down what it executes."""

    statements: list[str] = []  # noqa: RUF012  # of the test that is running

    def database(self) -> Database:
        database = self.settings.database
        return _CountingDatabase(
            self.admin_conninfo, master_key=self.master_key, role_prefix=database.role_prefix, pool_size=database.pool_size
        )


class _CountingDatabase(Database):
    @asynccontextmanager
    async def transaction(self, role: DatabaseRole, tenant_id: UUID | None) -> AsyncIterator[Any]:
        CountingInstallation.statements.append("BEGIN")
        async with super().transaction(role, tenant_id) as tx:
            yield _CountingTx(tx)


class _CountingTx:
    def __init__(self, tx: Any) -> None:
        self._tx = tx

    async def execute(self, query: Any, *arguments: Any, **options: Any) -> Any:
        CountingInstallation.statements.append(str(query))
        return await self._tx.execute(query, *arguments, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tx, name)
