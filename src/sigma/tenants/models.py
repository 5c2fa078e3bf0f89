"""Who may do what: roles, and the scope in which an action runs."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sigma.kit.errors import Conflict, Forbidden, InvalidInput, NotFound
from sigma.kit.sql import UNSTORABLE


class Role(StrEnum):
    """What a member or an API key may do. INSTALLATION belongs to no tenant: it creates tenants and sees none of their data."""

    INSTALLATION = "INSTALLATION"
    OWNER = "OWNER"
    ADMIN = "ADMIN"
    AGENT = "AGENT"
    ANALYST = "ANALYST"


MANAGERS = frozenset({Role.OWNER, Role.ADMIN})
READERS = frozenset({Role.OWNER, Role.ADMIN, Role.AGENT, Role.ANALYST})


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated caller. `actor` names it in the audit log, such as `api key sk_1a2b3c4d`."""

    role: Role
    tenant_id: UUID | None
    actor: str


@dataclass(frozen=True, slots=True)
class TenantScope:
    """The tenant, the role and the actor that an action runs for. The second wall behind row-level security."""

    tenant_id: UUID
    role: Role
    actor: str

    def require(self, allowed: frozenset[Role]) -> None:
        """Raises: Forbidden unless this scope's role is one of the allowed."""
        if self.role not in allowed:
            names = " or ".join(role for role in Role if role in allowed)
            raise Forbidden(f"This needs an API key with the role {names}; this key's role is {self.role}.")


@dataclass(frozen=True, slots=True)
class Tenant:
    """A customer of this installation."""

    id: UUID
    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it may be shown: never its secret."""

    id: UUID
    tenant_id: UUID | None
    role: Role
    name: str
    prefix: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> "ApiKey":
        """Build it from the columns of `API_KEY_COLUMNS`."""
        return cls(row[0], row[1], Role(row[2]), *row[3:])


class TenantNotFound(NotFound):
    """There is no tenant with this id."""

    code = "TENANT_NOT_FOUND"


class InvalidTenantId(InvalidInput):
    """A tenant's id is a UUID, such as 0197c2a0-0000-7000-8000-000000000001. Leave it out to get a new one."""

    code = "INVALID_TENANT_ID"


class TenantAlreadyExists(Conflict):
    """A tenant with this id exists already."""

    code = "TENANT_ALREADY_EXISTS"


class ApiKeyNotFound(NotFound):
    """There is no API key with this id that could be revoked."""

    code = "API_KEY_NOT_FOUND"


class NameRequired(InvalidInput):
    """Give a name of 1 to 200 characters."""

    code = "NAME_REQUIRED"


MAX_NAME_CHARACTERS = 200


def checked_name(name: str, *, field: tuple[str, ...]) -> str:
    """Return the name without surrounding white space. Raises: NameRequired."""
    name = UNSTORABLE.sub("", name).strip()
    if not 1 <= len(name) <= MAX_NAME_CHARACTERS:
        raise NameRequired(field=field)
    return name
