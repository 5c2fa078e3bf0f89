"""Reading contacts."""

from collections.abc import Collection
from uuid import UUID

from sigma.contacts.models import CONTACT_COLUMNS, Contact, ContactNotFound
from sigma.kit.db import Tx
from sigma.kit.paging import Page, PageRequest, make_page
from sigma.kit.sql import contains_pattern
from sigma.tenants.models import READERS, TenantScope


async def list_contacts(tx: Tx, scope: TenantScope, page: PageRequest, *, name: str | None = None) -> Page[Contact]:
    """Return contacts, newest first; `name` is found anywhere in the display or user name. Raises: Forbidden."""
    scope.require(READERS)
    conditions = ["tenant_id = %(tenant)s"]
    if name is not None:
        conditions.append("(display_name ILIKE %(name)s OR username ILIKE %(name)s)")
    if page.after is not None:
        conditions.append("(created_at, id) < (%(after_at)s, %(after_id)s)")
    cursor = await tx.execute(
        # lint: allow sql-text, because the conditions are literals of this file
        f"SELECT {CONTACT_COLUMNS} FROM contacts WHERE {' AND '.join(conditions)} ORDER BY created_at DESC, id DESC LIMIT %(limit)s",
        {
            "tenant": scope.tenant_id,
            "name": contains_pattern(name),
            "after_at": page.after and page.after[0],
            "after_id": page.after and page.after[1],
            "limit": page.first + 1,
        },
    )
    return make_page([Contact(*row) for row in await cursor.fetchall()], page, key=lambda contact: (contact.created_at, contact.id))


async def find_contacts(tx: Tx, scope: TenantScope, contact_ids: Collection[UUID]) -> dict[UUID, Contact]:
    """Return contacts by id."""
    cursor = await tx.execute(
        f"SELECT {CONTACT_COLUMNS} FROM contacts WHERE tenant_id = %s AND id = ANY (%s)", (scope.tenant_id, list(contact_ids))
    )
    return {row[0]: Contact(*row) for row in await cursor.fetchall()}


async def get_contact(tx: Tx, scope: TenantScope, contact_id: UUID) -> Contact:
    """Return one contact. Raises: Forbidden, ContactNotFound (also when it is another tenant's)."""
    scope.require(READERS)
    found = await find_contacts(tx, scope, [contact_id])
    if contact_id not in found:
        raise ContactNotFound
    return found[contact_id]


async def find_address_hashes(tx: Tx, scope: TenantScope, contact_ids: Collection[UUID]) -> dict[UUID, list[tuple[str, str]]]:
    """Return the (kind, hex hash) pairs of contacts, phone first."""
    cursor = await tx.execute(
        "SELECT contact_id, kind, encode(hash, 'hex') FROM contact_addresses WHERE tenant_id = %s AND contact_id = ANY (%s) ORDER BY kind, hash",
        (scope.tenant_id, list(contact_ids)),
    )
    found: dict[UUID, list[tuple[str, str]]] = {}
    for contact_id, kind, digest in await cursor.fetchall():
        found.setdefault(contact_id, []).append((kind, digest))
    return found
