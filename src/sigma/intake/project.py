"""The road in, second half: queued POSTs become contacts, conversations, messages, receipts and platform events.

One batch of one tenant is one transaction of set-based statements. When a batch fails for whatever reason its POSTs are tried
one by one, and when one POST fails its items are tried one by one, so that only what is really bad ends as a dead letter.
Everything is idempotent and commutative: projecting again, later or in another order gives the same tables.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from sigma.connectors.events import (
    ContactNamed,
    Direction,
    Event,
    Identity,
    InboundEvent,
    Malformed,
    MessageEdited,
    MessageReceived,
    MessageRevoked,
    Platform,
    PlatformReported,
    ReactionChanged,
    ReceiptReported,
)
from sigma.contacts.consent import (
    MARKETING_REFUSED,
    Consent,
    ConsentPurpose,
    ConsentState,
    consent_in,
    marketing_refused,
    record_consents,
)
from sigma.contacts.identify import AddressKeys, identify, lock_contacts
from sigma.contacts.models import Person, Sighting
from sigma.conversations.actions import record_activity
from sigma.conversations.models import Activity
from sigma.intake.models import Books, ItemOutcome, QueuedEvent
from sigma.kit.crypto import SealingKey
from sigma.kit.db import Tx
from sigma.messages.changes import apply_edits, record_edits, record_reactions
from sigma.messages.merging import join_histories
from sigma.messages.models import Arrival, JournalRef
from sigma.messages.receipts import apply_receipts, find_recipients, record_receipts
from sigma.messages.receive import MessageKey, receive_messages
from sigma.workspaces.platform_events import PlatformEvent, record_platform_events
from sigma.workspaces.queries import route_addresses

E = TypeVar("E", bound=InboundEvent)


@dataclass(frozen=True, slots=True)
class ProjectionKeys:
    """The keys of one tenant that a batch needs."""

    index: bytes
    data: SealingKey
    raw: dict[date, SealingKey]


@dataclass(slots=True)
class Item:
    """One item of one POST on its way: where it came from, and what becomes of it."""

    event: Event
    source: QueuedEvent
    books: Books
    workspace_id: UUID | None = None
    person: Person | None = None
    outcome: ItemOutcome | None = None

    def end(self, outcome: ItemOutcome, *, reason: str | None = None, address: str | None = None) -> None:
        """Enter this item into the books of its POST, once."""
        self.outcome = outcome
        self.books.add(outcome, reason=": ".join(filter(None, (self.event.path, reason))) if reason else None, address=address)

    def arrival(self) -> Arrival[Any]:
        """Return it as the messages slice takes it."""
        assert self.workspace_id is not None
        return Arrival(
            event=self.event,
            platform=self.source.platform,
            workspace_id=self.workspace_id,
            contact_id=self.person.contact_id if self.person else None,
            platform_user_id=self.person.platform_user_id if self.person else None,
            journal=JournalRef(self.source.id, self.source.created_at),
        )


@dataclass(slots=True)
class _Batch:
    """The items of a batch by kind of work; those that ended early are in none."""

    messages: list[Item] = field(default_factory=list)
    reactions: list[Item] = field(default_factory=list)
    changes: list[Item] = field(default_factory=list)
    receipts: list[Item] = field(default_factory=list)
    reports: list[Item] = field(default_factory=list)
    names: list[Item] = field(default_factory=list)

    def add(self, item: Item) -> None:
        match item.event:
            case MessageReceived():
                self.messages.append(item)
            case ReactionChanged():
                self.reactions.append(item)
            case MessageEdited() | MessageRevoked():
                self.changes.append(item)
            case ReceiptReported():
                self.receipts.append(item)
            case PlatformReported():
                self.reports.append(item)
            case ContactNamed():
                self.names.append(item)
            case Malformed():
                item.end(ItemOutcome.DEAD, reason=item.event.reason)

    @property
    def people(self) -> list[Item]:
        """The items whose contact must be known. Receipts are joined by message id and need none."""
        grouped = [item for item in self.receipts if _sighted(item)]
        return [*self.messages, *self.reactions, *self.changes, *self.reports, *self.names, *grouped]


async def project_items(tx: Tx, tenant_id: UUID, platform: Platform, items: Sequence[Item], keys: ProjectionKeys) -> None:
    """Store the items, giving each its outcome. Any exception leaves the transaction unusable: the caller rolls back."""
    await lock_contacts(tx, tenant_id)
    batch = await _route(tx, tenant_id, platform, items)
    await _identify(tx, tenant_id, batch.people, keys)
    touched: set[MessageKey] = set()
    await _store(
        batch.messages,
        lambda arrivals: receive_messages(tx, tenant_id, arrivals, data_key=keys.data),
        touched,
        lambda event: event.platform_message_id,
    )
    edited, reported = set(touched), _outbound_keys(batch.messages) & touched
    await _store(batch.changes, lambda arrivals: record_edits(tx, tenant_id, arrivals), edited, lambda event: event.target_message_id)
    await _store(
        batch.receipts, lambda arrivals: record_receipts(tx, tenant_id, arrivals), reported, lambda event: event.platform_message_id
    )
    await _store(batch.reactions, lambda arrivals: record_reactions(tx, tenant_id, arrivals), set(), lambda event: event.target_message_id)
    await apply_edits(tx, tenant_id, edited)
    await apply_receipts(tx, tenant_id, reported)
    await _open_windows(tx, tenant_id, [*batch.reactions, *batch.reports])
    await record_consents(tx, tenant_id, [*_consents([*batch.messages, *batch.reports]), *await _refusals(tx, tenant_id, batch.receipts)])
    await _record_reports(tx, tenant_id, batch.reports, keys.index)
    for item in batch.names:
        item.end(ItemOutcome.STORED)


def _outbound_keys(items: Sequence[Item]) -> set[MessageKey]:
    return {
        (item.workspace_id, item.event.platform_message_id)
        for item in items
        if isinstance(item.event, MessageReceived) and item.event.direction is Direction.OUTBOUND and item.workspace_id
    }


async def _route(tx: Tx, tenant_id: UUID, platform: Platform, items: Sequence[Item]) -> _Batch:
    """Give each item its workspace; end those that have none, or another tenant's."""
    addresses = {item.event.address for item in items if item.event.address is not None}
    routing = await route_addresses(tx, tenant_id, platform, addresses)
    batch = _Batch()
    for item in items:
        address = item.event.address
        if address is not None and not isinstance(item.event, Malformed):
            item.workspace_id = routing.workspace_ids.get(address)
            if item.workspace_id is None:
                if address in routing.foreign:
                    item.end(ItemOutcome.REFUSED, reason="the number belongs to another tenant", address=address)
                else:
                    item.end(ItemOutcome.UNROUTED, reason="no active workspace has this phone number id", address=address)
                continue
        elif address is None and not isinstance(item.event, PlatformReported | Malformed):
            item.end(ItemOutcome.DEAD, reason="it does not say which number it is for")
            continue
        batch.add(item)
    return batch


async def _identify(tx: Tx, tenant_id: UUID, items: Sequence[Item], keys: ProjectionKeys) -> None:
    """Find or make the contact of each item, and join the history of contacts that turn out to be one person."""
    sighted = [(item, sighting) for item in items if (sighting := _sighted(item)) is not None]
    people, merges = await identify(tx, tenant_id, AddressKeys(keys.index, keys.raw), [sighting for _, sighting in sighted])
    await join_histories(tx, tenant_id, merges)
    for (item, _), person in zip(sighted, people, strict=True):
        item.person = person


def _sighted(item: Item) -> Sighting | None:
    """Return who this item shows, if anybody."""
    event = item.event
    if isinstance(event, Malformed) or not event_contact(event):
        return None
    if isinstance(event, ReceiptReported) and not event.recipient:
        return None
    contact = event_contact(event)
    assert contact is not None
    at = event.at if not isinstance(event, PlatformReported) else event.at or item.source.created_at
    return Sighting(
        identity=contact,
        joins=event.joins if isinstance(event, MessageReceived) else None,
        display_name=event.display_name if isinstance(event, MessageReceived | ReactionChanged | ContactNamed) else None,
        username=event.username if isinstance(event, MessageReceived) else None,
        at=at,
        day=item.source.created_at.date(),
    )


def event_contact(event: Event) -> Identity | None:
    """Return the contact that an event names, or None when it names nobody."""
    if isinstance(event, Malformed):
        return None
    return event.contact or None


async def _store(
    items: Sequence[Item],
    store: Callable[[Sequence[Arrival[Any]]], Awaitable[list[bool]]],
    touched: set[MessageKey],
    message_id: Callable[[Any], str],
) -> None:
    """Store items of one kind, enter them into the books, and note the messages that are touched by the new ones."""
    if not items:
        return
    for item, is_new in zip(items, await store([item.arrival() for item in items]), strict=True):
        item.end(ItemOutcome.STORED if is_new else ItemOutcome.DUPLICATE)
        if is_new:
            assert item.workspace_id is not None
            touched.add((item.workspace_id, message_id(item.event)))


async def _open_windows(tx: Tx, tenant_id: UUID, items: Sequence[Item]) -> None:
    """Anything that a contact sends opens the customer service window, a reaction or a call too."""
    activities = [
        Activity(item.workspace_id, item.person.contact_id, item.event.at or item.source.created_at, opens_window=True)
        for item in items
        if isinstance(item.event, ReactionChanged | PlatformReported) and item.event.opens_window and item.person and item.workspace_id
    ]
    await record_activity(tx, tenant_id, activities)


PREFERENCES = {"stop": ConsentState.OPTED_OUT, "resume": ConsentState.OPTED_IN, "signup": ConsentState.OPTED_IN}


def _consents(items: Sequence[Item]) -> list[Consent]:
    """Return what contacts agreed to or refused: with a word that is a whole message, or in WhatsApp's own settings."""
    consents: list[Consent] = []
    for item in items:
        event, person = item.event, item.person
        if person is None:
            continue
        if isinstance(event, MessageReceived) and event.direction is Direction.INBOUND and (said := consent_in(event.text)):
            key = f"message {item.workspace_id} {event.platform_message_id}"
            consents.append(Consent(person.contact_id, ConsentPurpose.ALL, said, "keyword", event.at, key))
        if isinstance(event, PlatformReported) and event.field == "user_preferences" and event.type in PREFERENCES:
            at = event.at or item.source.created_at
            key = f"preference {person.platform_user_id} {event.type} {at.isoformat()}"
            consents.append(Consent(person.contact_id, ConsentPurpose.MARKETING, PREFERENCES[event.type], "whatsapp settings", at, key))
    return consents


async def _refusals(tx: Tx, tenant_id: UUID, items: Sequence[Item]) -> list[Consent]:
    """Return the opt-outs that failed messages tell of."""
    refused = {
        (item.workspace_id, item.event.platform_message_id): item.event.at
        for item in items
        if isinstance(item.event, ReceiptReported) and item.workspace_id and any(one.code == MARKETING_REFUSED for one in item.event.errors)
    }
    recipients = await find_recipients(tx, tenant_id, refused)
    return [marketing_refused(contact_id, message_id, refused[key]) for key, (message_id, contact_id) in recipients.items()]


async def _record_reports(tx: Tx, tenant_id: UUID, items: Sequence[Item], index_key: bytes) -> None:
    events = [_platform_event(item) for item in items]
    for item, is_new in zip(items, await record_platform_events(tx, tenant_id, events, index_key=index_key), strict=True):
        item.end(ItemOutcome.STORED if is_new else ItemOutcome.DUPLICATE)


def _platform_event(item: Item) -> PlatformEvent:
    event = item.event
    assert isinstance(event, PlatformReported)
    return PlatformEvent(
        workspace_id=item.workspace_id,
        contact_id=item.person.contact_id if item.person else None,
        platform_user_id=item.person.platform_user_id if item.person else None,
        platform=item.source.platform,
        field=event.field,
        type=event.type,
        account=event.account,
        at=event.at,
        details=event.details,
        received_at=item.source.created_at,
        event_id=item.source.id,
        path=event.path,
    )
