"""API keys: made once, shown once, stored as a hash of 256 random bits, looked up at every request."""

import hashlib
import secrets
import time
from datetime import datetime
from uuid import UUID

from sigma.kit.db import Database, DatabaseRole, Tx
from sigma.kit.errors import Unauthenticated
from sigma.kit.ids import new_id
from sigma.tenants.audit import record_audit
from sigma.tenants.models import MANAGERS, ApiKey, ApiKeyNotFound, Caller, Role, TenantScope, checked_name

API_KEY_COLUMNS = "id, tenant_id, role, name, prefix, created_at, expires_at, revoked_at, last_used_at"
_PREFIX = "sigma_"
_SHOWN_CHARACTERS = len(_PREFIX) + 6
_REMEMBERED_SECONDS = 3.0
_MAX_REMEMBERED = 1_000


def _new_secret() -> tuple[str, str, bytes]:
    """Return a new key, the prefix by which people tell keys apart, and the hash that is stored."""
    secret = _PREFIX + secrets.token_urlsafe(32)
    return secret, secret[:_SHOWN_CHARACTERS], hash_api_key(secret)


def hash_api_key(secret: str) -> bytes:
    """Return what is stored of a key: SHA-256, enough for 256 random bits."""
    return hashlib.sha256(secret.encode()).digest()


async def create_api_key(tx: Tx, scope: TenantScope, *, role: Role, name: str, expires_at: datetime | None = None) -> tuple[ApiKey, str]:
    """Make a key of this tenant. Returns it with its secret, which is never shown again. Raises: Forbidden, NameRequired."""
    scope.require(MANAGERS)
    secret, prefix, secret_hash = _new_secret()
    row = await (
        await tx.execute(
            f"""INSERT INTO api_keys (id, tenant_id, role, name, prefix, secret_hash, expires_at)
                VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING {API_KEY_COLUMNS}""",
            (new_id(), scope.tenant_id, role, checked_name(name, field=("name",)), prefix, secret_hash, expires_at),
        )
    ).fetchone()
    assert row is not None
    key = ApiKey.from_row(row)
    await record_audit(tx, scope, action="api_key.created", target=str(key.id), details={"role": role})
    return key, secret


async def create_installation_key(tx: Tx, *, name: str) -> tuple[UUID, str]:
    """Make a key that may create tenants and nothing else. Returns its id and its secret."""
    secret, prefix, secret_hash = _new_secret()
    key_id = new_id()
    await tx.execute("SELECT create_installation_key(%s, %s, %s, %s)", (key_id, checked_name(name, field=("name",)), prefix, secret_hash))
    return key_id, secret


async def list_api_keys(tx: Tx, scope: TenantScope) -> list[ApiKey]:
    """Return this tenant's keys, oldest first. Raises: Forbidden."""
    scope.require(MANAGERS)
    cursor = await tx.execute(f"SELECT {API_KEY_COLUMNS} FROM api_keys WHERE tenant_id = %s ORDER BY created_at", (scope.tenant_id,))
    return [ApiKey.from_row(row) for row in await cursor.fetchall()]


async def list_installation_keys(tx: Tx) -> list[ApiKey]:
    """Return the keys that belong to no tenant, oldest first."""
    cursor = await tx.execute(f"SELECT {API_KEY_COLUMNS} FROM list_installation_keys()")
    return [ApiKey.from_row(row) for row in await cursor.fetchall()]


async def revoke_api_key(tx: Tx, key_id: UUID) -> None:
    """Make a key useless from now on. Raises: ApiKeyNotFound, also when it was revoked before."""
    row = await (await tx.execute("SELECT revoke_api_key(%s)", (key_id,))).fetchone()
    if row is None or not row[0]:
        raise ApiKeyNotFound


class Authenticator:
    """Tells who calls. An answer is remembered for a few seconds, so a revoked key works no longer than that."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._known: dict[bytes, tuple[float, Caller]] = {}

    async def authenticate(self, authorization: str | None) -> Caller:
        """Return who calls with this Authorization header. Raises: Unauthenticated, always with the same words."""
        scheme, _, secret = (authorization or "").strip().partition(" ")
        secret = secret.lstrip()
        if scheme.lower() != "bearer" or not secret.startswith(_PREFIX):
            raise Unauthenticated
        secret_hash = hash_api_key(secret)
        known = self._known.get(secret_hash)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        caller = await self._look_up(secret_hash)
        if len(self._known) >= _MAX_REMEMBERED:
            self._known.clear()
        self._known[secret_hash] = (time.monotonic() + _REMEMBERED_SECONDS, caller)
        return caller

    async def _look_up(self, secret_hash: bytes) -> Caller:
        self._known.pop(secret_hash, None)
        async with self._db.transaction(DatabaseRole.API, None) as tx:
            row = await (await tx.execute("SELECT id, tenant_id, role FROM authenticate_api_key(%s)", (secret_hash,))).fetchone()
        if row is None:
            raise Unauthenticated
        return Caller(role=Role(row[2]), tenant_id=row[1], actor=f"api key {row[0]}")
