"""Numbers that are in the Business app too: echoes, history, address book. None of it opens a window."""

from datetime import UTC, datetime

import pytest

from sigma.connectors.events import (
    ContactNamed,
    Direction,
    Identity,
    Malformed,
    MessageEdited,
    MessageKind,
    MessageReceived,
    MessageRevoked,
    PlatformReported,
    ReactionChanged,
    ReceiptStatus,
)
from tests.connectors.webhooks import BUSINESS, RECEIVED_AT, SHEENA, SHEENA_ID, message, only_of, parse, parse_file, value, webhook

SHEENA_IDENTITY = Identity(phone=SHEENA, user_id=SHEENA_ID)


def echo(**keys):
    return message(**{"from": BUSINESS, "to": SHEENA} | keys)


def parse_echo(echo):
    (event,) = parse(webhook(value(message_echoes=[echo]), field="smb_message_echoes"))
    return event


def parse_history(*chunks, **lists):
    return parse(webhook(value(history=list(chunks), **lists), field="history"))


# Echoes


def test_an_echo_is_outbound_and_belongs_to_its_receiver():
    event = only_of("smb-message-echo-image")
    assert isinstance(event, MessageReceived)
    assert (event.direction, event.contact, event.kind) == (Direction.OUTBOUND, SHEENA_IDENTITY, MessageKind.IMAGE)
    assert (event.opens_window, event.is_imported, event.imported_status) == (False, False, None)
    assert only_of("smb-message-echo-no-contacts").contact == Identity(phone=SHEENA)


def test_staff_may_edit_revoke_and_react():
    edited = only_of("smb-message-echo-edit")
    assert isinstance(edited, MessageEdited)
    assert (edited.direction, edited.text) == (Direction.OUTBOUND, "Fixed typo")
    revoked = parse_echo(echo(type="revoke", revoke={"original_message_id": "wamid.X"}))
    assert isinstance(revoked, MessageRevoked)
    assert revoked.direction is Direction.OUTBOUND
    reacted = parse_echo(echo(type="reaction", reaction={"message_id": "wamid.X", "emoji": "👍"}))
    assert isinstance(reacted, ReactionChanged)
    assert (reacted.direction, reacted.opens_window) == (Direction.OUTBOUND, False)


def test_an_echo_to_nobody_is_refused():
    assert isinstance(parse_echo(echo(to=None)), Malformed)
    assert parse_echo(echo(to=None, to_user_id="US.1")).contact == Identity(user_id="US.1")


# History


def test_a_thread_tells_who_wrote_what():
    events = parse_file("history-threads")
    assert [(event.direction.value, event.imported_status, event.contact.phone) for event in events] == [
        ("OUTBOUND", ReceiptStatus.READ, SHEENA),
        ("OUTBOUND", ReceiptStatus.PLAYED, SHEENA),
        ("INBOUND", None, SHEENA),
        ("OUTBOUND", None, "15550002222"),
    ]
    assert all(event.is_imported and not event.opens_window for event in events)
    assert (events[1].kind, events[1].content) == (MessageKind.UNSUPPORTED, {"type": "media_placeholder"})
    assert events[3].path == "entry[0].changes[0].history[0].threads[1].messages[0]"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("SENT", ReceiptStatus.SENT),
        ("DELIVERED", ReceiptStatus.DELIVERED),
        ("read", ReceiptStatus.READ),
        ("PLAYED", ReceiptStatus.PLAYED),
        ("ERROR", ReceiptStatus.FAILED),
        ("PENDING", None),
        ("NEW", None),
        (5, None),
        (None, None),
    ],
)
def test_how_far_an_old_message_had_come(status, expected):
    context = {"history_context": {"status": status}}
    ours, theirs = parse_history({"threads": [{"id": SHEENA, "messages": [echo(**context), message(**context)]}]})
    assert ours.imported_status is expected
    assert theirs.imported_status is None


def test_a_thread_may_be_named_by_a_user_id():
    messages = [message(**{"from": None, "from_user_id": "US.1"}), message(**{"from": BUSINESS})]
    theirs, ours = parse_history({"threads": [{"id": "US.1", "messages": messages}]})
    assert (theirs.direction, theirs.contact) == (Direction.INBOUND, Identity(user_id="US.1"))
    assert (ours.direction, ours.contact) == (Direction.OUTBOUND, Identity(user_id="US.1"))


def test_contacts_complete_a_thread():
    contacts = [{"wa_id": SHEENA, "user_id": SHEENA_ID, "profile": {"name": "Sheena"}}]
    messages = [message(**{"from": None, "from_user_id": SHEENA_ID}), echo()]
    theirs, ours = parse_history({"threads": [{"id": SHEENA, "messages": messages}]}, contacts=contacts)
    assert (theirs.direction, theirs.contact, theirs.display_name) == (Direction.INBOUND, SHEENA_IDENTITY, "Sheena")
    assert (ours.direction, ours.contact, ours.display_name) == (Direction.OUTBOUND, SHEENA_IDENTITY, "Sheena")


def test_media_that_follow_later_are_imported_too():
    theirs = only_of("history-media-follow-up")
    assert (theirs.direction, theirs.is_imported, theirs.opens_window) == (Direction.INBOUND, True, False)
    (ours,) = parse(webhook(value(messages=[echo(type="image", image={"id": "1"})]), field="history"))
    assert (ours.direction, ours.contact, ours.is_imported) == (Direction.OUTBOUND, Identity(phone=SHEENA), True)


def test_reactions_of_the_past_open_no_window():
    (event,) = parse_history({"threads": [{"id": SHEENA, "messages": [message(type="reaction", reaction={"message_id": "wamid.X"})]}]})
    assert not event.opens_window


def test_a_declined_history_is_reported():
    event = only_of("history-declined")
    assert isinstance(event, PlatformReported)
    assert (event.field, event.type, event.details["code"]) == ("history", "declined", 2593109)
    (other,) = parse_history({"errors": [{"code": 1, "title": "Other"}]})
    assert (other.type, other.details) == ("error", {"code": 1, "title": "Other"})


def test_a_broken_chunk_thread_or_message_costs_itself_only():
    good = {"id": SHEENA, "messages": [message(id="wamid.GOOD")]}
    events = parse_history("x", {"threads": [5, {"id": SHEENA}, {"id": SHEENA, "messages": ["x", message(id="")]}, good]}, {"threads": "x"})
    told = [(type(event).__name__, event.path.removeprefix("entry[0].changes[0].history")) for event in events]
    assert told == [
        ("Malformed", "[0]"),
        ("Malformed", "[1].threads[0]"),
        ("Malformed", "[1].threads[2].messages[0]"),
        ("Malformed", "[1].threads[2].messages[1]"),
        ("MessageReceived", "[1].threads[3].messages[0]"),
        ("Malformed", "[2].threads"),
    ]


def test_an_empty_history_is_nothing():
    assert parse_history({"metadata": {"phase": 2, "progress": 100}}, {"threads": []}) == []


# The address book


def sync(**keys):
    whole = {"type": "contact", "contact": {"full_name": "Pablo", "phone_number": SHEENA}, "action": "add"} | keys
    (event,) = parse(webhook(value(state_sync=[whole]), field="smb_app_state_sync"))
    return event


def test_the_address_book_names_and_forgets():
    added, removed = parse_file("smb-app-state-sync-add")
    assert isinstance(added, ContactNamed)
    assert (added.contact, added.display_name) == (Identity(phone=SHEENA), "Pablo Morales")
    assert added.at == datetime(2025, 2, 12, 0, 43, 44, tzinfo=UTC)
    assert (removed.contact, removed.display_name) == (Identity(phone="15550002222"), None)


def test_the_first_name_stands_in_and_a_number_is_no_name():
    assert sync(contact={"first_name": "Pablo", "phone_number": "+1 650 555 1234"}).display_name == "Pablo"
    assert sync(contact={"full_name": "+1 650 555 1234", "phone_number": SHEENA}).display_name is None
    assert sync(action="remove").display_name is None
    assert sync(metadata="x").at == RECEIVED_AT


@pytest.mark.parametrize(
    "keys", [{"type": "sticker"}, {"type": None}, {"contact": None}, {"contact": {"full_name": "Pablo"}}, {"contact": []}]
)
def test_an_entry_without_a_contact_is_refused(keys):
    assert isinstance(sync(**keys), Malformed)
