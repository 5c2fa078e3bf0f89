"""The keys of each tenant: index key (the salt of its hashes), data key, and one raw key per day.

They are stored wrapped by the master key and kept unwrapped in memory only. Destroying a day's raw key makes everything that
was sealed with it unreadable, in backups too.
"""

import secrets
from datetime import date
from enum import StrEnum
from uuid import UUID

from sigma.kit.crypto import KEY_BYTES, CannotUnseal, SealingKey, derive_key, seal_context
from sigma.kit.db import Database, DatabaseRole

_MAX_CACHED = 50_000
_EVERY_DAY = date.min
"""Stands for "not bound to a day"; SQL says `-infinity`."""


class KeyPurpose(StrEnum):
    """What a tenant key is for."""

    INDEX = "index"
    DATA = "data"
    RAW = "raw"


class KeyDestroyed(CannotUnseal):
    """The key was destroyed with its retention window; what it sealed cannot be read any more."""


class KeyRing:
    """Gives the keys of every tenant to one process. Creates a key at its first use."""

    def __init__(self, db: Database, master_key: bytes, *, role: DatabaseRole) -> None:
        self._db = db
        self._role = role
        self._wrapping_key = SealingKey(derive_key(master_key, "sigma tenant keys"), version=1)
        self._cache: dict[tuple[UUID, KeyPurpose, date], bytes] = {}
        self._sealing: dict[tuple[UUID, KeyPurpose, date], SealingKey] = {}

    async def index_key(self, tenant_id: UUID) -> bytes:
        """Return the 32-byte salt of the tenant's hashes."""
        return await self._get(tenant_id, KeyPurpose.INDEX, _EVERY_DAY, create=True)

    async def data_key(self, tenant_id: UUID) -> SealingKey:
        """Return the key for what is kept as long as its row."""
        return await self._sealing_key(tenant_id, KeyPurpose.DATA, _EVERY_DAY, create=True)

    def cached_raw_key(self, tenant_id: UUID, day: date) -> SealingKey | None:
        """Return the day's raw key when this process has it at hand: the webhook path's short way."""
        return self._sealing.get((tenant_id, KeyPurpose.RAW, day))

    async def raw_key(self, tenant_id: UUID, day: date, *, create: bool = True) -> SealingKey:
        """Return the key of raw payloads and addresses of one UTC day. Raises: KeyDestroyed when it is gone and not to be created."""
        return await self._sealing_key(tenant_id, KeyPurpose.RAW, day, create=create)

    def forget(self, tenant_id: UUID | None = None) -> None:
        """Drop keys from memory: one tenant's, or all."""
        for cache in (self._cache, self._sealing):
            for entry in [entry for entry in cache if tenant_id is None or entry[0] == tenant_id]:
                del cache[entry]

    async def _sealing_key(self, tenant_id: UUID, purpose: KeyPurpose, day: date, *, create: bool) -> SealingKey:
        entry = (tenant_id, purpose, day)
        key = self._sealing.get(entry)
        if key is None:
            if len(self._sealing) >= _MAX_CACHED:
                self._sealing.clear()
            key = self._sealing[entry] = SealingKey(await self._get(tenant_id, purpose, day, create=create), version=1)
        return key

    async def _get(self, tenant_id: UUID, purpose: KeyPurpose, day: date, *, create: bool) -> bytes:
        entry = (tenant_id, purpose, day)
        key = self._cache.get(entry)
        if key is None:
            if len(self._cache) >= _MAX_CACHED:
                self._cache.clear()
            key = self._cache[entry] = await self._load(tenant_id, purpose, day, create=create)
        return key

    async def _load(self, tenant_id: UUID, purpose: KeyPurpose, day: date, *, create: bool) -> bytes:
        sql_day = "-infinity" if day == _EVERY_DAY else day.isoformat()
        where = seal_context(tenant_id, "tenant_keys", f"{purpose}/{sql_day}/1".encode())
        select = "SELECT wrapped FROM tenant_keys WHERE tenant_id = %s AND purpose = %s AND day = %s::date AND version = 1"
        async with self._db.transaction(self._role, tenant_id) as tx:
            found = await (await tx.execute(select, (tenant_id, purpose, sql_day))).fetchone()
            if found is None and create:
                wrapped = self._wrapping_key.seal(secrets.token_bytes(KEY_BYTES), context=where)
                await tx.execute(
                    "INSERT INTO tenant_keys (tenant_id, purpose, day, wrapped) VALUES (%s, %s, %s::date, %s) ON CONFLICT DO NOTHING",
                    (tenant_id, purpose, sql_day, wrapped),
                )
                found = await (await tx.execute(select, (tenant_id, purpose, sql_day))).fetchone()
        if found is None:
            raise KeyDestroyed("the key of that day was destroyed")
        return self._wrapping_key.unseal(bytes(found[0]), context=where)
