"""The bytes of a POST: Meta's escaping, the signature, how updates share a body."""

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_api_simulator import bodies, webhooks
from cloud_api_simulator.webhooks import Address, Grouping, Update
from tests.simulator.stage import sample

VECTORS = json.loads((Path(__file__).parents[1] / "data" / "whatsapp" / "signature-vectors.json").read_text())["vectors"]
ADDRESS = Address(waba_id="1", phone_number_id="2", display_phone_number="15550783881")


def a_message(id, wa_id="15555000001"):
    item = bodies.message(bodies.text("hi"), id=id, at_unix=0, wa_id=wa_id)
    return Update(kind="messages", item=item, contact=bodies.contact(name="Ann", wa_id=wa_id))


def a_status(id, wa_id="15555000001"):
    item = bodies.status("sent", message_id=id, at_unix=0, wa_id=wa_id)
    return Update(kind="statuses", item=item, contact=bodies.contact(name="Ann", wa_id=wa_id))


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["note"] for vector in VECTORS])
def test_the_signature_is_over_the_raw_bytes(vector):
    assert webhooks.sign(base64.b64decode(vector["body_base64"]), app_secret=vector["app_secret"]) == vector["value"]


@pytest.mark.parametrize("vector", VECTORS[:2], ids=[vector["note"] for vector in VECTORS[:2]])
def test_encoding_gives_the_very_bytes_that_meta_sends(vector):
    raw = base64.b64decode(vector["body_base64"])
    assert webhooks.encode(json.loads(raw)) == raw


@given(st.recursive(st.text() | st.integers() | st.booleans() | st.none(), lambda each: st.lists(each) | st.dictionaries(st.text(), each)))
def test_encoding_is_reversible_and_ascii(document):
    raw = webhooks.encode(document)
    assert json.loads(raw) == document
    assert raw.isascii()
    assert b"/" not in raw.replace(b"\\/", b"")


def test_messages_and_statuses_never_share_a_value():
    body = webhooks.envelope([a_message("m1"), a_status("s1"), a_message("m2")], ADDRESS)
    values = [change["value"] for change in body["entry"][0]["changes"]]
    assert [sorted(value) for value in values] == [
        ["contacts", "messages", "messaging_product", "metadata"],
        ["contacts", "messaging_product", "metadata", "statuses"],
    ]
    assert [message["id"] for message in values[0]["messages"]] == ["m1", "m2"]
    assert len(values[0]["contacts"]) == 1


@pytest.mark.parametrize(
    ("grouping", "entries", "changes"), [(Grouping.ONE_VALUE, 1, 1), (Grouping.MANY_CHANGES, 1, 3), (Grouping.MANY_ENTRIES, 3, 3)]
)
def test_a_batch_can_be_grouped_in_three_ways(grouping, entries, changes):
    updates = [a_message("m1", "15555000001"), a_message("m2", "15555000002"), a_message("m3", "15555000001")]
    body = webhooks.envelope(updates, ADDRESS, grouping)
    assert len(body["entry"]) == entries
    assert sum(len(entry["changes"]) for entry in body["entry"]) == changes
    assert [id for id, _ in webhooks.message_ids(body)] == ["m1", "m2", "m3"]
    assert all("time" not in entry for entry in body["entry"])


def test_message_ids_are_found_in_any_body():
    assert webhooks.message_ids(sample("mixed-batch"))[0][1] == "text"
    assert len(webhooks.message_ids(sample("mixed-batch"))) == 4
    odd_bodies: list[object] = [None, [], {}, {"entry": 1}, {"entry": [{"changes": [{"value": None}, 1]}]}, sample("null-members")]
    for odd in odd_bodies:
        assert isinstance(webhooks.message_ids(odd), list)
