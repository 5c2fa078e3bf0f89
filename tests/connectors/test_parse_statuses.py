"""Statuses: receipts of our messages, and what must not be taken for one."""

from datetime import UTC, datetime

import pytest

from sigma.connectors.events import Identity, Malformed, PlatformError, PlatformReported, ReceiptReported, ReceiptStatus
from tests.connectors.webhooks import PHONE_NUMBER_ID, RECEIVED_AT, SHEENA, SHEENA_ID, only_of, parse, parse_file, value, webhook

SHEENA_IDENTITY = Identity(phone=SHEENA, user_id=SHEENA_ID)


def status(**keys):
    whole = {"id": "wamid.OUT", "status": "sent", "timestamp": "1767225605", "recipient_id": SHEENA} | keys
    return {key: item for key, item in whole.items() if item is not None}


def parse_status(status, *, field="messages", **lists):
    (event,) = parse(webhook(value(statuses=[status], **lists), field=field))
    return event


def test_a_receipt_is_told_whole():
    assert only_of("status-sent-pmp-with-conversation") == ReceiptReported(
        path="entry[0].changes[0].statuses[0]",
        address=PHONE_NUMBER_ID,
        platform_message_id="wamid.HBgLMTY1MDU1NTEyMzQVAgARGBJFRkYzNkZFMDNCMDAwMjUxMEEA",
        at=datetime(2026, 1, 1, 0, 0, 5, tzinfo=UTC),
        status=ReceiptStatus.SENT,
        contact=Identity(phone=SHEENA),
        pricing={"billable": True, "pricing_model": "PMP", "type": "regular", "category": "marketing"},
        conversation={"id": "72b14d6bd5407799e66f64d1b338e567", "expires_at": "2026-01-02T00:00:00+00:00", "origin": "marketing"},
    )


@pytest.mark.parametrize("said", list(ReceiptStatus))
def test_every_status_has_its_word_in_either_case(said):
    for word in (said.value.lower(), said.value):
        event = parse_status(status(status=word))
        assert isinstance(event, ReceiptReported)
        assert event.status is said


def test_an_unknown_status_is_reported_and_is_no_receipt():
    event = parse_status(status(status="teleported"))
    assert isinstance(event, PlatformReported)
    assert (event.field, event.type, event.details) == ("messages", "status_teleported", {"platform_message_id": "wamid.OUT"})


@pytest.mark.parametrize(
    "keys",
    [{"id": None}, {"id": ""}, {"id": 5}, {"id": "A" * 600}, {"status": None}, {"status": ""}, {"status": 3}, {"status": "1" * 20}],
)
def test_a_status_without_its_message_or_its_word_is_refused(keys):
    assert isinstance(parse_status(status(**keys)), Malformed)


def test_order_is_kept_as_it_came():
    said = [event.status.value for event in parse_file("status-batch-out-of-order")]
    assert said == ["READ", "SENT", "DELIVERED"]


def test_a_batch_of_250_is_250_receipts():
    events = parse_file("batch-250-statuses")
    assert len(events) == 250
    assert {type(event) for event in events} == {ReceiptReported}
    assert [event.path for event in events] == [f"entry[0].changes[0].statuses[{index}]" for index in range(250)]
    assert events[249].contact == Identity(phone="15551000249", user_id="US.10000000000000000249")


def test_messages_and_statuses_of_one_value_are_both_told():
    assert [type(event).__name__ for event in parse_file("batch-messages-and-statuses-one-value")] == ["MessageReceived", "ReceiptReported"]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("status-failed-130403-business-blocked-user", 130403),
        ("status-failed-131014-legacy-link-error", 131014),
        ("status-failed-131026-undeliverable", 131026),
        ("status-failed-131047-reengagement", 131047),
        ("status-failed-131050-user-stopped-marketing", 131050),
        ("bsuid-status-failed-no-contacts", 131062),
    ],
)
def test_a_failure_says_why(name, code):
    event = only_of(name)
    assert (event.status, event.errors[0].code) == (ReceiptStatus.FAILED, code)


def test_a_failure_may_name_nobody():
    event = only_of("bsuid-status-failed-no-identifiers")
    assert not event.contact
    assert event.errors == (
        PlatformError(
            code=131026,
            title="Message undeliverable",
            details="Message undeliverable.",
            href="/documentation/business-messaging/whatsapp/support/error-codes",
        ),
    )


def test_somebody_else_in_contacts_does_not_become_the_recipient_of_nobody():
    anonymous = {key: item for key, item in status().items() if key != "recipient_id"}
    assert not parse_status(anonymous, contacts=[{"wa_id": SHEENA}]).contact


def test_recipients_have_every_spelling():
    assert only_of("bsuid-status-delivered-parent").contact == Identity(
        phone=SHEENA, user_id=SHEENA_ID, parent_user_id="US.ENT.11815799212886844830"
    )
    assert only_of("bsuid-status-sent-no-phone").contact == Identity(user_id=SHEENA_ID)
    assert parse_status(status(parent_recipient_user_id="US.ENT.1")).contact == Identity(phone=SHEENA, parent_user_id="US.ENT.1")
    assert parse_status(status(recipient_id="US.1")).contact == Identity(user_id="US.1")
    assert parse_status(status(recipient_id=int(SHEENA))).contact == Identity(phone=SHEENA)


def test_participants_of_a_group_are_contacts_and_the_group_is_not():
    events = parse_file("status-group-aggregated")
    assert [event.recipient for event in events] == ["group"] * 3
    assert [event.contact.phone for event in events] == [SHEENA, "15550002222", "15550003333"]
    old = only_of("status-group-old-participant-key")
    assert (old.recipient, old.contact) == ("group", Identity(phone=SHEENA))
    whole = parse_status(status(recipient_id="Y2FwaV9ncm91cA==", recipient_type="group"))
    assert (whole.recipient, whole.contact) == ("group", Identity())
    assert only_of("status-read").recipient == ""


@pytest.mark.parametrize(
    ("pricing", "expected"),
    [
        ({"billable": False, "category": "authentication-international"}, {"billable": False, "category": "authentication_international"}),
        ({"pricing_type": "free_customer_service"}, {"type": "free_customer_service"}),
        ({"type": "regular", "pricing_type": "other"}, {"type": "regular"}),
        ({"billable": "yes", "category": 5}, None),
        ({"category": SHEENA}, None),
        ({}, None),
        ("x", None),
        (None, None),
    ],
)
def test_pricing_is_read_in_all_its_spellings(pricing, expected):
    assert parse_status(status(pricing=pricing)).pricing == expected


def test_old_and_new_models_of_pricing():
    assert only_of("status-delivered-cbp-legacy").pricing == {"billable": True, "pricing_model": "CBP", "category": "service"}
    assert only_of("status-authentication-international-hyphen").pricing["category"] == "authentication_international"
    assert only_of("status-pricing-type-key-variant").pricing["type"] == "free_customer_service"
    assert only_of("status-marketing-lite").pricing["category"] == "marketing_lite"


@pytest.mark.parametrize(
    ("conversation", "expected"),
    [
        ({"id": "c", "origin": {"type": "service"}}, {"id": "c", "origin": "service"}),
        ({"id": "c", "expiration_timestamp": 1767484800}, {"id": "c", "expires_at": "2026-01-04T00:00:00+00:00"}),
        ({"id": "c", "expiration_timestamp": "never", "origin": []}, {"id": "c"}),
        ({}, None),
        ([], None),
    ],
)
def test_a_conversation_expires_in_the_future_and_is_optional(conversation, expected):
    assert parse_status(status(conversation=conversation)).conversation == expected


def test_our_callback_data_comes_back():
    assert only_of("status-with-biz-opaque-callback-data").callback_data == "tenant=7;broadcast=42;row=1001"
    assert parse_status(status(biz_opaque_callback_data="")).callback_data is None
    assert parse_status(status(biz_opaque_callback_data=7)).callback_data is None


def test_the_older_type_message_is_a_receipt():
    assert only_of("status-type-message-legacy").status is ReceiptStatus.DELIVERED


def test_a_status_of_a_call_is_never_a_receipt():
    event = only_of("calls-status-ringing")
    assert isinstance(event, PlatformReported)
    assert (event.field, event.type, event.contact) == ("calls", "call_ringing", SHEENA_IDENTITY)
    assert event.details == {"id": "wacid.ABGGFjFVU2AfAgo6V", "status": "ringing"}
    for stray in (parse_status(status(status="delivered"), field="calls"), parse_status(status(type="call", status="READ"))):
        assert isinstance(stray, PlatformReported)
        assert stray.field == "calls"
        assert not stray.opens_window


def test_a_receipt_without_a_time_has_the_arrivals():
    assert parse_status(status(timestamp=None)).at == RECEIVED_AT
