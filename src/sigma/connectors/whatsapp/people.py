"""Who a webhook speaks of: identities from Meta's several ids, and the `contacts[]` of a value beside its messages and statuses."""

import msgspec

from sigma.connectors.events import Identity
from sigma.connectors.whatsapp.privacy import clean_name
from sigma.connectors.whatsapp.wire import Contact, Id, read

NOBODY = Identity()
_MAX_ID_LENGTH = 256  # a BSUID has up to 131 characters (cloud-api.md 4); what is longer is no id and would not fit an index
_PUNCTUATION = str.maketrans("", "", "+-(). \u00a0")


class Person(msgspec.Struct, frozen=True):
    """An identity, as complete as the value makes it, and what the person calls themself."""

    identity: Identity
    display_name: str | None = None
    username: str | None = None


def name_person(address: Id, user_id: str | None = None, parent_user_id: str | None = None) -> Identity:
    """Return the identity of somebody with this `from`, `to` or `wa_id` and these business-scoped ids, each of which may be absent.

    Relays put the BSUID where the phone belongs; whatever is not a phone is taken for a user id, never for digits.
    Source: cloud-api.md 4 (BSUIDs, "some relays"; checked 2026-09).
    """
    phone, other = _split(address)
    return Identity(phone=phone, user_id=_sound(user_id) or other, parent_user_id=_sound(parent_user_id))


class People:
    """The `contacts[]` of one value, found by phone or user id: their order says nothing about the messages."""

    __slots__ = ("_found", "_only")

    def __init__(self, contacts: object) -> None:
        self._found: dict[str, Person] = {}
        self._only: Person | None = None
        listed = [_read_contact(item) for item in contacts if isinstance(item, dict)] if isinstance(contacts, list) else []
        for person in listed:
            for name in (person.identity.phone, person.identity.user_id):
                if name:
                    self._found[name] = person
        if len(listed) == 1:
            self._only = listed[0]

    def complete(self, own: Identity) -> Person:
        """Return who `own` is, with the ids and the names that `contacts[]` adds. Nobody at all is the only contact, if there is one."""
        found = self._found.get(own.user_id or "") or self._found.get(own.phone or "")
        if found is None and not own:
            found = self._only
        if found is None:
            return Person(own)
        identity = _merge(own, found.identity)
        return Person(identity, clean_name(found.display_name, identity.phone), clean_name(found.username, identity.phone))


def _split(address: Id) -> tuple[str | None, str | None]:
    """Return the phone's digits, or else what is no phone."""
    text = address if isinstance(address, str) else "" if address is None else str(address)
    if not text or len(text) > _MAX_ID_LENGTH:
        return None, None
    digits = text if text.isdigit() else text.translate(_PUNCTUATION)
    if digits.isascii() and digits.isdigit():
        return digits, None
    return None, text.strip() or None


def _sound(user_id: str | None) -> str | None:
    return user_id if user_id and len(user_id) <= _MAX_ID_LENGTH else None


def _merge(own: Identity, listed: Identity) -> Identity:
    if own == listed:
        return own
    return Identity(
        phone=own.phone or listed.phone,
        user_id=own.user_id or listed.user_id,
        parent_user_id=own.parent_user_id or listed.parent_user_id,
    )


def _read_contact(item: object) -> Person:
    contact = read(item, Contact)
    identity = name_person(contact.wa_id, contact.user_id, contact.parent_user_id)
    profile = contact.profile
    if profile is None:
        return Person(identity)
    return Person(identity, profile.name, profile.username.lstrip("@") if profile.username else None)
