"""Workspaces: the connected addresses of a tenant."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sigma.connectors.events import Platform
from sigma.kit.errors import Conflict, InvalidInput, NotFound


@dataclass(frozen=True, slots=True)
class Workspace:
    """One connected address. For WhatsApp `external_id` is the phone number id."""

    id: UUID
    tenant_id: UUID
    name: str
    platform: Platform
    external_id: str
    is_active: bool
    created_at: datetime
    updated_at: datetime

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> "Workspace":
        """Build it from the columns of `WORKSPACE_COLUMNS`."""
        return cls(row[0], row[1], row[2], Platform.from_number(row[3]), *row[4:])


WORKSPACE_COLUMNS = "id, tenant_id, name, platform, external_id, is_active, created_at, updated_at"


class WorkspaceNotFound(NotFound):
    """There is no workspace with this id."""

    code = "WORKSPACE_NOT_FOUND"


class WorkspaceAlreadyExists(Conflict):
    """A workspace for this platform and external id exists already. Use it, or reactivate it with updateWorkspace."""

    code = "WORKSPACE_ALREADY_EXISTS"


class InvalidExternalId(InvalidInput):
    """For WhatsApp the external id is the phone number id: digits only, from WhatsApp > API Setup. It is not the phone number."""

    code = "INVALID_EXTERNAL_ID"


class PlatformNotSupported(InvalidInput):
    """This platform cannot be connected yet; use WHATS_APP."""

    code = "PLATFORM_NOT_SUPPORTED"


MAX_EXTERNAL_ID_CHARACTERS = 64


def checked_external_id(platform: Platform, external_id: str) -> str:
    """Return the external id without surrounding white space. Raises: InvalidExternalId, PlatformNotSupported."""
    external_id = external_id.strip()
    if platform is not Platform.WHATS_APP:
        raise PlatformNotSupported(field=("input", "platform"))
    if not (external_id.isascii() and external_id.isdigit() and len(external_id) <= MAX_EXTERNAL_ID_CHARACTERS):
        raise InvalidExternalId(field=("input", "externalId"))
    return external_id
