"""Who wrote: sightings are joined to contacts through every address they share.

The result does not depend on the order in which sightings come: contacts that turn out to share an address are merged.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from sigma.contacts.models import Merge, Person, Sighting, addresses_of, hash_address
from sigma.kit.crypto import SealingKey, seal_context
from sigma.kit.db import Tx
from sigma.kit.ids import new_id

Address = tuple[str, bytes]
"""(kind, hash)."""

_KEEP_LATER_NAMES = """
    ON CONFLICT (tenant_id, id) DO UPDATE SET
        display_name = CASE WHEN c.display_name_at IS NULL
                              OR (EXCLUDED.display_name_at, EXCLUDED.display_name COLLATE "C") > (c.display_name_at, c.display_name)
                            THEN coalesce(EXCLUDED.display_name, c.display_name) ELSE c.display_name END,
        display_name_at = greatest(c.display_name_at, EXCLUDED.display_name_at),
        username = CASE WHEN c.username_at IS NULL OR (EXCLUDED.username_at, EXCLUDED.username COLLATE "C") > (c.username_at, c.username)
                        THEN coalesce(EXCLUDED.username, c.username) ELSE c.username END,
        username_at = greatest(c.username_at, EXCLUDED.username_at),
        updated_at = now()"""


@dataclass(slots=True)
class AddressKeys:
    """The keys that identifying needs: the tenant's index key, and the raw keys of the days of arrival."""

    index: bytes
    raw: dict[date, SealingKey]


@dataclass(slots=True)
class _Group:
    """Addresses that belong to one person, and what was said of that person."""

    addresses: dict[Address, tuple[str, date]] = field(default_factory=dict)
    contact_ids: set[UUID] = field(default_factory=set)
    name: tuple[datetime, str] | None = None
    username: tuple[datetime, str] | None = None
    contact_id: UUID | None = None


async def lock_contacts(tx: Tx, tenant_id: UUID) -> None:
    """Let one transaction at a time change this tenant's contacts, so that two never make two contacts of one person."""
    await tx.execute("SELECT pg_advisory_xact_lock(7316002, hashtext(%s))", (str(tenant_id),))


async def identify(tx: Tx, tenant_id: UUID, keys: AddressKeys, sightings: Sequence[Sighting]) -> tuple[list[Person | None], list[Merge]]:
    """Return who each sighting is (None when it names nobody) and which contacts were joined by it.

    The caller holds `lock_contacts`, moves what hangs on merged contacts, then calls `remove_merged`.
    """
    hashed = [_hash_all(keys.index, sighting) for sighting in sightings]
    groups = _group(sightings, hashed)
    await _find_existing(tx, tenant_id, groups)
    distinct, merges = _choose_contacts(groups)
    await _write_contacts(tx, tenant_id, distinct)
    await _write_addresses(tx, tenant_id, keys, groups)
    await _repoint_merged(tx, tenant_id, merges)
    people: list[Person | None] = []
    for addresses in hashed:
        contact_id = groups[addresses[0][0]].contact_id if addresses else None
        people.append(Person(contact_id, addresses[0][0][1].hex()) if contact_id else None)
    return people, merges


async def remove_merged(tx: Tx, tenant_id: UUID, merges: Sequence[Merge]) -> None:
    """Delete contacts that were joined to others, after everything that hung on them was moved."""
    if merges:
        await tx.execute("DELETE FROM contacts WHERE tenant_id = %s AND id = ANY (%s)", (tenant_id, [merge.merged_id for merge in merges]))


def _hash_all(index_key: bytes, sighting: Sighting) -> list[tuple[Address, str]]:
    """Return ((kind, hash), address) of a sighting; those of its first identity come first."""
    pairs = addresses_of(sighting.identity) + (addresses_of(sighting.joins) if sighting.joins else [])
    return [((kind, hash_address(index_key, kind, address)), address) for kind, address in pairs]


def _group(sightings: Sequence[Sighting], hashed: list[list[tuple[Address, str]]]) -> dict[Address, _Group]:
    """Return the group of each address; addresses seen together share one group."""
    groups: dict[Address, _Group] = {}
    for sighting, addresses in zip(sightings, hashed, strict=True):
        if not addresses:
            continue
        group = _joined_group(groups, [address for address, _ in addresses])
        for address, plain in addresses:
            known = group.addresses.get(address)
            group.addresses[address] = (plain, max(sighting.day, known[1]) if known else sighting.day)
            groups[address] = group
        if sighting.display_name:
            group.name = _later(group.name, (sighting.at, sighting.display_name))
        if sighting.username:
            group.username = _later(group.username, (sighting.at, sighting.username))
    return groups


def _joined_group(groups: dict[Address, _Group], addresses: list[Address]) -> _Group:
    """Return the one group that all these addresses belong to from now on."""
    found: list[_Group] = []
    for address in addresses:
        known = groups.get(address)
        if known is not None and all(known is not other for other in found):
            found.append(known)
    if not found:
        return _Group()
    kept, *others = found
    for other in others:
        _absorb(groups, kept, other)
    return kept


def _absorb(groups: dict[Address, _Group], kept: _Group, other: _Group) -> None:
    for address, (plain, day) in other.addresses.items():
        known = kept.addresses.get(address)
        kept.addresses[address] = (plain, max(day, known[1]) if known else day)
        groups[address] = kept
    kept.contact_ids |= other.contact_ids
    kept.name = _later(kept.name, other.name)
    kept.username = _later(kept.username, other.username)


def _later(one: tuple[datetime, str] | None, two: tuple[datetime, str] | None) -> tuple[datetime, str] | None:
    """Return the later of two dated names; of two at once the greater, so that the order of arrival does not matter."""
    return max((name for name in (one, two) if name is not None), default=None)


async def _find_existing(tx: Tx, tenant_id: UUID, groups: dict[Address, _Group]) -> None:
    """Note the contacts that the addresses belong to already, and join groups that share one; drop addresses that need no write."""
    if not groups:
        return
    cursor = await tx.execute(
        # One look-up by key for each: a join would be planned as a scan of all the tenant's addresses while statistics are young.
        """SELECT a.kind, a.hash, a.contact_id, a.sealed_day FROM unnest(%b::text[], %b::bytea[]) AS seen (kind, hash)
             CROSS JOIN LATERAL (SELECT * FROM contact_addresses a WHERE a.tenant_id = %s AND a.kind = seen.kind AND a.hash = seen.hash LIMIT 1) a""",
        ([kind for kind, _ in groups], [digest for _, digest in groups], tenant_id),
    )
    by_contact: dict[UUID, _Group] = {}
    for kind, digest, contact_id, sealed_day in await cursor.fetchall():
        address = (kind, bytes(digest))
        group = groups[address]
        sharing = by_contact.get(contact_id)
        if sharing is not None and sharing is not group:
            _absorb(groups, sharing, group)
            group = sharing
        group.contact_ids.add(contact_id)
        for member in group.contact_ids:
            by_contact[member] = group
        if sealed_day is not None and sealed_day >= group.addresses[address][1]:
            group.addresses[address] = ("", sealed_day)  # nothing newer to write


def _choose_contacts(groups: dict[Address, _Group]) -> tuple[list[_Group], list[Merge]]:
    """Give each group its contact: the oldest that it has, or a new one. Returns the distinct groups and the merges."""
    distinct = list({id(group): group for group in groups.values()}.values())
    merges: list[Merge] = []
    for group in distinct:
        kept, *merged = sorted(group.contact_ids) or [new_id()]
        group.contact_id = kept
        merges += [Merge(kept, other) for other in merged]
    return distinct, merges


async def _write_contacts(tx: Tx, tenant_id: UUID, groups: list[_Group]) -> None:
    """Insert new contacts, and names that are newer than the stored ones."""
    rows = [group for group in groups if group.name or group.username or not group.contact_ids]
    if not rows:
        return
    await tx.execute(
        """INSERT INTO contacts AS c (tenant_id, id, display_name, display_name_at, username, username_at)
           SELECT %s, * FROM unnest(%b::uuid[], %b::text[], %b::timestamptz[], %b::text[], %b::timestamptz[])
           """
        + _KEEP_LATER_NAMES,
        (
            tenant_id,
            [group.contact_id for group in rows],
            [group.name and group.name[1] for group in rows],
            [group.name and group.name[0] for group in rows],
            [group.username and group.username[1] for group in rows],
            [group.username and group.username[0] for group in rows],
        ),
    )


async def _write_addresses(tx: Tx, tenant_id: UUID, keys: AddressKeys, groups: dict[Address, _Group]) -> None:
    """Insert new addresses, and a fresh sealed copy of those last seen on an earlier day."""
    rows = []
    for address, group in groups.items():
        plain, day = group.addresses[address]
        if plain:
            kind, digest = address
            sealed = keys.raw[day].seal(plain.encode(), context=address_context(tenant_id, kind, digest))
            rows.append((kind, digest, group.contact_id, sealed, day))
    if rows:
        await tx.execute(
            """INSERT INTO contact_addresses AS a (tenant_id, kind, hash, contact_id, sealed, sealed_day)
               SELECT %s, * FROM unnest(%b::text[], %b::bytea[], %b::uuid[], %b::bytea[], %b::date[])
               ON CONFLICT (tenant_id, kind, hash) DO UPDATE SET sealed = EXCLUDED.sealed, sealed_day = EXCLUDED.sealed_day
                WHERE a.sealed_day IS NULL OR a.sealed_day < EXCLUDED.sealed_day""",
            (tenant_id, *map(list, zip(*rows, strict=True))),
        )


def address_context(tenant_id: UUID, kind: str, digest: bytes) -> bytes:
    """Return the place that a sealed address is bound to."""
    return seal_context(tenant_id, "contact_addresses", kind.encode() + digest)


async def _repoint_merged(tx: Tx, tenant_id: UUID, merges: list[Merge]) -> None:
    """Move addresses and the newest name of merged contacts to the kept ones, and remember the merge."""
    for merge in merges:
        await tx.execute(
            "UPDATE contact_addresses SET contact_id = %s WHERE tenant_id = %s AND contact_id = %s",
            (merge.kept_id, tenant_id, merge.merged_id),
        )
        await tx.execute(
            """INSERT INTO contacts AS c (tenant_id, id, display_name, display_name_at, username, username_at)
               SELECT tenant_id, %s, display_name, display_name_at, username, username_at FROM contacts WHERE tenant_id = %s AND id = %s
            """
            + _KEEP_LATER_NAMES,
            (merge.kept_id, tenant_id, merge.merged_id),
        )
        await tx.execute(
            "INSERT INTO contact_merges (tenant_id, kept_id, merged_id) VALUES (%s, %s, %s)", (tenant_id, merge.kept_id, merge.merged_id)
        )
