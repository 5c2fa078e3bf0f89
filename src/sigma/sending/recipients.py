"""Whom a message goes to: from what a caller knows to the address that the platform takes, and the contact that it belongs to."""

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import phonenumbers

from sigma.connectors.events import Identity
from sigma.connectors.outbound import Recipient
from sigma.contacts.identify import AddressKeys, address_context, identify, lock_contacts
from sigma.contacts.models import PHONE, USER_ID, ContactNotFound, Sighting, addresses_of, hash_address
from sigma.contacts.queries import get_contact
from sigma.conversations.models import ConversationNotFound
from sigma.conversations.queries import get_conversation
from sigma.kit.crypto import CannotUnseal
from sigma.kit.db import Tx
from sigma.sending.models import RecipientInvalid, RecipientRequired, RecipientUnreachable, SendCommand
from sigma.tenants.keys import KeyRing
from sigma.tenants.models import TenantScope

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_PUNCTUATION = re.compile(r"[\s().\-/]")
_USER_ID = re.compile(r"[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}")


@dataclass(frozen=True, slots=True)
class Resolved:
    """A recipient that can be sent to. `recipient_hash` stands for the address where the address must not stand."""

    recipient: Recipient
    contact_id: UUID
    recipient_hash: bytes


def read_phone(text: str, *, default_region: str | None) -> str:
    """Return E.164 digits without `+`. An international number is taken as it is; a national one needs the default region.

    Raises: RecipientInvalid.
    """
    compact = _PUNCTUATION.sub("", text.strip())
    if compact.startswith("00"):
        compact = "+" + compact[2:]
    if _E164.fullmatch(compact):
        return compact[1:]
    if default_region is not None and compact.isascii() and compact.isdigit():
        try:
            number = phonenumbers.parse(compact, default_region)
        except phonenumbers.NumberParseException as error:
            raise RecipientInvalid(field=("input", "recipientPhone")) from error
        if phonenumbers.is_valid_number(number):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)[1:]
    raise RecipientInvalid(field=("input", "recipientPhone"))


async def resolve(
    tx: Tx, scope: TenantScope, keys: KeyRing, command: SendCommand, *, now: datetime, default_region: str | None
) -> Resolved:
    """Return the address and the contact that a command is for; a new address gets a contact.

    Raises: RecipientRequired, RecipientInvalid, ContactNotFound, ConversationNotFound, RecipientUnreachable.
    """
    target = command.target
    given = [value for value in (target.phone, target.user_id, target.contact_id, target.conversation_id) if value is not None]
    if len(given) != 1:
        raise RecipientRequired(field=("input",))
    if target.phone is not None:
        return await _of_identity(tx, scope, keys, Identity(phone=read_phone(target.phone, default_region=default_region)), now)
    if target.user_id is not None:
        if not _USER_ID.fullmatch(target.user_id):
            raise RecipientInvalid("A business-scoped user id looks like US.13491208655302741918.", field=("input", "recipientUserId"))
        return await _of_identity(tx, scope, keys, Identity(user_id=target.user_id), now)
    if target.conversation_id is not None:
        return await _of_contact(tx, scope, keys, await _contact_of(tx, scope, target.conversation_id, command.workspace_id))
    if target.contact_id is None:
        raise RecipientRequired(field=("input",))
    try:
        contact = await get_contact(tx, scope, target.contact_id)
    except ContactNotFound:
        raise ContactNotFound(field=("input", "contactId")) from None
    return await _of_contact(tx, scope, keys, contact.id)


async def _contact_of(tx: Tx, scope: TenantScope, conversation_id: UUID, workspace_id: UUID) -> UUID:
    """Return whose thread this is. Raises: ConversationNotFound, also for a thread of another workspace."""
    try:
        conversation = await get_conversation(tx, scope, conversation_id)
    except ConversationNotFound:
        raise ConversationNotFound(field=("input", "conversationId")) from None
    if conversation.workspace_id != workspace_id:
        raise ConversationNotFound("This conversation belongs to another workspace.", field=("input", "conversationId"))
    return conversation.contact_id


async def _of_identity(tx: Tx, scope: TenantScope, keys: KeyRing, identity: Identity, now: datetime) -> Resolved:
    address_keys = AddressKeys(await keys.index_key(scope.tenant_id), {now.date(): await keys.raw_key(scope.tenant_id, now.date())})
    await lock_contacts(tx, scope.tenant_id)
    people, _ = await identify(tx, scope.tenant_id, address_keys, [Sighting(identity, None, None, None, now, now.date())])
    person = people[0]
    if person is None:
        raise RecipientRequired(field=("input",))
    kind, address = addresses_of(identity)[0]
    return Resolved(
        Recipient(phone=identity.phone, user_id=identity.user_id), person.contact_id, hash_address(address_keys.index, kind, address)
    )


async def _of_contact(tx: Tx, scope: TenantScope, keys: KeyRing, contact_id: UUID) -> Resolved:
    """Open the newest sealed address of a contact: a phone if there is one, else the business-scoped id."""
    cursor = await tx.execute(
        """SELECT kind, hash, sealed, sealed_day FROM contact_addresses
            WHERE tenant_id = %s AND contact_id = %s AND kind IN ('phone', 'user_id') AND sealed IS NOT NULL
            ORDER BY kind, sealed_day DESC, created_at DESC, hash""",
        (scope.tenant_id, contact_id),
    )
    for kind, digest, sealed, day in await cursor.fetchall():
        try:
            key = await keys.raw_key(scope.tenant_id, day, create=False)
            address = key.unseal(bytes(sealed), context=address_context(scope.tenant_id, kind, bytes(digest))).decode()
        except CannotUnseal:
            continue
        recipient = Recipient(phone=address if kind == PHONE else None, user_id=address if kind == USER_ID else None)
        return Resolved(recipient, contact_id, bytes(digest))
    raise RecipientUnreachable(field=("input",))
