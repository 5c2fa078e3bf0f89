"""Contacts: people, and the hashed addresses by which platforms name them."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from sigma.connectors.events import Identity
from sigma.kit.crypto import keyed_hash
from sigma.kit.errors import NotFound

PHONE = "phone"
USER_ID = "user_id"
PARENT_USER_ID = "parent_user_id"

CONTACT_COLUMNS = "id, display_name, username, created_at, updated_at"


@dataclass(frozen=True, slots=True)
class Contact:
    """One person, as a tenant knows them."""

    id: UUID
    display_name: str | None
    username: str | None
    created_at: datetime
    updated_at: datetime


class Sighting(NamedTuple):
    """A person was seen under an identity, and perhaps a second one (`joins`). `day` is the UTC day of arrival: it chooses the raw key."""

    identity: Identity
    joins: Identity | None
    display_name: str | None
    username: str | None
    at: datetime
    day: date


class Person(NamedTuple):
    """Who a sighting turned out to be. `platform_user_id` is the lower-case hex hash of the address of this sighting."""

    contact_id: UUID
    platform_user_id: str


class Merge(NamedTuple):
    """Two contacts turned out to be one person: what belongs to `merged_id` now belongs to `kept_id`."""

    kept_id: UUID
    merged_id: UUID


class ContactNotFound(NotFound):
    """There is no contact with this id."""

    code = "CONTACT_NOT_FOUND"


def addresses_of(identity: Identity) -> list[tuple[str, str]]:
    """Return the (kind, address) pairs of an identity, phone first."""
    pairs = [(PHONE, identity.phone), (USER_ID, identity.user_id), (PARENT_USER_ID, identity.parent_user_id)]
    return [(kind, address) for kind, address in pairs if address]


def hash_address(index_key: bytes, kind: str, address: str) -> bytes:
    """Return the 32-byte hash that stands for an address. A phone is hashed as its E.164 digits alone, as the contract says."""
    message = address if kind == PHONE else f"{kind}:{address}"
    return keyed_hash(index_key, message.encode())
