"""The audit log: one row for every privileged act, written in the act's own transaction, never changed afterwards."""

from typing import Any

import msgspec

from sigma.kit.db import Tx
from sigma.tenants.models import TenantScope


async def record_audit(
    tx: Tx, scope: TenantScope, *, action: str, target: str | None = None, details: dict[str, Any] | None = None
) -> None:
    """Write who did what to which thing. `details` holds ids and numbers, never personal data."""
    await tx.execute(
        "INSERT INTO audit_entries (tenant_id, actor, action, target, details) VALUES (%s, %s, %s, %s, %s::jsonb)",
        (scope.tenant_id, scope.actor, action, target, msgspec.json.encode(details).decode() if details else None),
    )
