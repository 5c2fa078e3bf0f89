"""No phone number leaves the parser in clear, except inside `Identity`, in `private`, and where a person wrote it."""

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from sigma.connectors.events import Event, Identity, MessageEdited, MessageReceived
from tests.connectors.webhooks import NAMES, SHEENA, body_of, message, parse, parse_file, parse_one, value, webhook

# Keys whose long digits are ids or times. A number under any other key of a body is taken for a phone number, so a new key fails first.
NO_PHONES_HERE = {
    "catalog_id",
    "category_update_timestamp",
    "created_timestamp",
    "disable_date",
    "end_time",
    "entity_id",
    "expiration",
    "expiration_timestamp",
    "flow_id",
    "from_logical_id",
    "from_parent_user_id",
    "from_user_id",
    "id",
    "image_url",
    "latitude",
    "longitude",
    "message_template_id",
    "owner_business_id",
    "parent_user_id",
    "phone_number_id",
    "previous_user_id",
    "recipient_parent_user_id",
    "recipient_participant_user_id",
    "recipient_user_id",
    "sha256",
    "signup_id",
    "solution_id",
    "solution_partner_business_ids",
    "source_id",
    "start_time",
    "tier_update_time",
    "time",
    "timestamp",
    "to_user_id",
    "updated_timestamp",
    "url",
    "user_id",
    "waba_id",
}
WRITTEN_NUMBER = re.compile(r"\+?\d[\d ().-]{8,}\d")


def leaves(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Every scalar with the name of the object's key it stands under."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from leaves(item, name if name not in {"previous", "current"} else key)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item, key)
    elif value is not None:
        yield key, str(value)


def phones_of(body: dict[str, Any]) -> set[str]:
    written = (number for key, text in leaves(body) if key not in NO_PHONES_HERE for number in WRITTEN_NUMBER.findall(text))
    return {digits for number in written if len(digits := re.sub(r"\D", "", number)) >= 10}


def stored_in_clear(event: Event) -> Any:
    """The event as JSON without what the caller seals or hashes, and without the words of people."""
    told = {name: getattr(event, name) for name in event.__struct_fields__ if not isinstance(getattr(event, name), Identity)}
    if isinstance(event, MessageReceived | MessageEdited):
        told["text"] = None
        told.pop("private", None)
        if event.media:
            told["media"] = msgspec.structs.replace(event.media, caption=None, filename=None)
        interactive = told.get("interactive")
        if interactive and interactive.type == "nfm_reply":
            told["interactive"] = msgspec.structs.replace(interactive, data=None)  # a form that a person filled in
    return json.loads(msgspec.json.encode(told))


@pytest.mark.parametrize("name", NAMES)
def test_no_phone_of_a_captured_body_is_told_in_clear(name):
    phones = phones_of(body_of(name))
    clear = [text for event in parse_file(name) for _, text in leaves(stored_in_clear(event))]
    leaked = {phone for phone in phones for text in clear if phone in text or phone in re.sub(r"[ ().+-]", "", text)}
    assert leaked == set()


def test_the_scan_sees_the_phones():
    assert phones_of(body_of("inbound-text")) == {"15550783881", SHEENA}
    assert phones_of(body_of("inbound-contacts-card")) >= {"15550123456", "15550123457"}
    assert phones_of(body_of("system-user-changed-number")) >= {SHEENA, "15551230000"}
    assert phones_of(body_of("group-participants-removed")) >= {SHEENA, "15550009999"}
    assert sum(bool(phones_of(body_of(name))) for name in NAMES) > 120


def test_a_number_where_none_belongs_is_not_told():
    hostile = message(
        type="system",
        system={"type": f"call {SHEENA}", "body": SHEENA},
        errors=[{"code": 1, "title": f"{SHEENA} failed", "message": f"+1 650-555-1234 or {SHEENA}", "href": f"https://wa.me/{SHEENA}"}],
        context={"from": SHEENA, "id": "wamid.A", "referred_product": {"to": SHEENA}},
        referral={"from": SHEENA, "user": {"x": SHEENA}, "list": [{"phone": SHEENA}]},
    )
    (event,) = parse(webhook(value(messages=[hostile], contacts=[{"wa_id": SHEENA, "profile": {"name": SHEENA, "username": SHEENA}}])))
    assert SHEENA not in json.dumps(stored_in_clear(event))
    assert "555" not in json.dumps(stored_in_clear(event))


def test_a_reason_never_quotes_the_item():
    for broken in (SHEENA, [SHEENA], {"id": SHEENA * 60, "from": SHEENA}, {"id": "wamid.A", "x": SHEENA}, {"type": SHEENA}):
        assert SHEENA not in parse_one(broken).reason
    for raw in (SHEENA.encode(), b'{"object":"' + SHEENA.encode() + b'"}', b'{"entry":' + SHEENA.encode()):
        (event,) = parse(raw)
        assert SHEENA not in str(event)
