"""A number that is also in the WhatsApp Business app: echoes of what staff write on the phone, the old history, the address book.

Nothing here opens a customer service window: echoes are ours, the history is past. Source: cloud-api.md 6.6 and 14, checked 2026-09.
"""

from sigma.connectors.events import ContactNamed, Direction, Event, Identity, PlatformReported, ReceiptStatus
from sigma.connectors.whatsapp.change import Change
from sigma.connectors.whatsapp.parse_errors import error_details
from sigma.connectors.whatsapp.parse_messages import Circumstances, build_event
from sigma.connectors.whatsapp.people import NOBODY, name_person
from sigma.connectors.whatsapp.privacy import clean_name
from sigma.connectors.whatsapp.wire import Error, Id, Unusable, read
from sigma.connectors.whatsapp.wire_fields import StateSync
from sigma.connectors.whatsapp.wire_messages import Message

_ECHO = Circumstances(direction=Direction.OUTBOUND)
_IMPORTED_INBOUND = Circumstances(is_imported=True)
_IMPORTED_STATUSES = {
    "SENT": ReceiptStatus.SENT,
    "DELIVERED": ReceiptStatus.DELIVERED,
    "READ": ReceiptStatus.READ,
    "PLAYED": ReceiptStatus.PLAYED,
    "ERROR": ReceiptStatus.FAILED,  # PENDING says nothing yet
}
_HISTORY_DECLINED = 2593109  # the business does not share its history


def parse_echo(change: Change, path: str, item: object) -> Event:
    """Return the event of a message that staff wrote in the Business app. Raises: Unusable."""
    message = read(item, Message)
    receiver = change.people.complete(name_person(message.to, message.to_user_id, message.to_parent_user_id))
    return build_event(change, path, message, contact=receiver, how=_ECHO)


def parse_imported(change: Change, path: str, item: object, *, thread_id: Id = None) -> Event:
    """Return the event of a message of the history. Raises: Unusable.

    In a thread, whose id is the contact, `from` tells the direction. Media follow later outside of threads, as plain messages:
    there the business is known by its own number.
    """
    message = read(item, Message)
    sender = name_person(message.from_, message.from_user_id, message.from_parent_user_id)
    thread = change.people.complete(name_person(thread_id)).identity if thread_id else NOBODY
    if _is_ours(sender, thread, name_person(change.display_phone)):
        contact = name_person(thread_id or message.to, message.to_user_id, message.to_parent_user_id)
        how = _imported_outbound(message)
    else:
        contact, how = sender, _IMPORTED_INBOUND
    return build_event(change, path, message, contact=change.people.complete(contact), how=how)


def parse_history_error(change: Change, path: str, item: object) -> Event:
    """Return what the platform says instead of the history: normally that the business declined to share it. Raises: Unusable."""
    details = error_details(read(item, Error))
    return PlatformReported(
        path=path,
        address=change.address,
        field=change.field,
        type="declined" if details["code"] == _HISTORY_DECLINED else "error",
        account=change.account,
        at=change.entry_at,
        details=details,
    )


def parse_state_sync(change: Change, path: str, item: object) -> Event:
    """Return how the address book of the Business app names a contact now. Raises: Unusable."""
    sync = read(item, StateSync)
    if sync.type != "contact":
        raise Unusable("a synchronised thing that is not a contact")
    entry = sync.contact
    contact = name_person(entry.phone_number if entry else None)
    if entry is None or not contact:
        raise Unusable("an address book entry without a number")
    name = clean_name(entry.full_name or entry.first_name, contact.phone) if sync.action != "remove" else None
    at = change.at(sync.metadata.timestamp if sync.metadata else None)
    return ContactNamed(path=path, address=change.address, at=at, contact=contact, display_name=name)


def _is_ours(sender: Identity, thread: Identity, business: Identity) -> bool:
    if not thread:
        return sender.phone is not None and sender.phone == business.phone
    is_same_phone = sender.phone is not None and sender.phone == thread.phone
    is_same_user = sender.user_id is not None and sender.user_id == thread.user_id
    return not (is_same_phone or is_same_user)


def _imported_outbound(message: Message) -> Circumstances:
    said = (message.history_context.status or "") if message.history_context else ""
    return Circumstances(direction=Direction.OUTBOUND, is_imported=True, imported_status=_IMPORTED_STATUSES.get(said.upper()))
