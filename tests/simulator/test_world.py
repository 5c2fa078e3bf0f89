"""The same seed makes the same world; its people are fictional and its media real."""

import base64
import dataclasses
import hashlib
import zlib
from datetime import timedelta

import pytest

from cloud_api_simulator import files, ids
from cloud_api_simulator.simulator import Simulator
from cloud_api_simulator.world import World
from tests.simulator.stage import NOON, QUIET, sample


def told(*, seed=1, at=NOON, turns=300, customers=12):
    """What the customers of a world write in their first turns."""
    simulator = Simulator(dataclasses.replace(QUIET, seed=seed, clock=lambda: at, customers=customers, base_url="http://127.0.0.1:9000"))
    return [update for _ in range(turns) for update in simulator.traffic.next_turn()]


def words(updates):
    return [(update.contact["profile"]["name"], update.item.get("text")) for update in updates]


async def test_the_same_seed_and_moment_tell_the_same_story_to_the_last_byte():
    assert told() == told()


async def test_another_seed_tells_another_story():
    assert words(told(seed=1)) != words(told(seed=2))


async def test_a_later_run_tells_the_same_story_under_new_ids():
    first, second = told(), told(at=NOON + timedelta(hours=1))
    assert words(first) == words(second)
    assert {update.message_id for update in first}.isdisjoint(update.message_id for update in second)


async def test_the_story_has_every_kind_every_customer_and_no_slot_left_open():
    updates = told(turns=600)
    kinds = {update.item["type"] for update in updates}
    assert kinds == {
        *("text", "image", "audio", "video", "document", "sticker", "location", "contacts", "interactive", "button"),
        *("reaction", "order", "edit", "revoke", "unsupported"),
    }
    assert len({update.contact["user_id"] for update in updates}) == 12
    assert not any("{" in update.item["text"]["body"] for update in updates if update.item["type"] == "text")
    assert len({update.message_id for update in updates}) == len(updates)


async def test_edits_reactions_and_revocations_refer_to_messages_that_were_written():
    updates = told(turns=600)
    written = set()
    for update in updates:
        item = update.item
        if item["type"] in {"edit", "revoke"}:
            assert item[item["type"]]["original_message_id"] in written
        if item["type"] == "reaction" and "emoji" in item["reaction"]:
            assert item["reaction"]["message_id"] in written
        written.add(item["id"])


async def test_one_conversation_speaks_of_one_order():
    ana = [update.item for update in told(turns=200) if update.contact["profile"]["name"].startswith("Ana")]
    first_order = ana[0]["text"]["body"]
    assert any(character.isdigit() for character in first_order)


def test_customers_are_fictional_and_of_every_sort():
    people = World(dataclasses.replace(QUIET, customers=400)).customers
    phones = [person.wa_id for person in people if person.wa_id]
    assert all("555" in phone or phone.startswith("4917139200") for phone in phones)
    assert all(phone.isdigit() and 11 <= len(phone) <= 13 for phone in phones)
    assert len(set(phones)) == len(phones)
    assert {person.language for person in people[:12]} == {"pt", "es", "de", "ja", "hi", "en", "en_IN", "ar"}
    assert [person.key for person in people[:12] if person.wa_id is None] == ["noor"]
    assert sum(person.username is not None and person.wa_id is not None for person in people) == 1
    assert len({person.user_id for person in people}) == 400


@pytest.mark.parametrize("name", ["inbound-text", "status-read"])
def test_message_ids_have_the_shape_seen_in_the_wild(name):
    value = sample(name)["entry"][0]["changes"][0]["value"]
    real = (value.get("messages") or value.get("statuses"))[0]["id"]
    raw = base64.b64decode(real.removeprefix("wamid."))
    hex_id = raw[2 + 1 + 11 + 3 + 1 + 1 + 1 : -1].decode()
    assert ids.wamid("16505551234", hex_id, is_inbound="messages" in value) == real


@pytest.mark.parametrize("variant", range(files.VARIANTS))
def test_pictures_and_sounds_are_real_files(variant):
    png, ogg, pdf, webp = (files.content(mime_type, variant) for mime_type in (files.PNG, files.OGG, files.PDF, files.WEBP))
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(zlib.decompress(png[png.index(b"IDAT") + 4 : -16])) == 64 * (96 * 3 + 1)
    assert ogg.count(b"OggS") == 3
    assert b"OpusHead" in ogg
    assert pdf.startswith(b"%PDF-")
    assert int(pdf.rsplit(b"startxref\n", 1)[1].split()[0]) == pdf.index(b"\nxref\n") + 1
    assert webp.startswith(b"RIFF")
    assert len(webp) == int.from_bytes(webp[4:8], "little") + 8


def test_files_differ_and_repeat():
    digests = {hashlib.sha256(files.content(files.PNG, variant)).digest() for variant in range(files.VARIANTS)}
    assert len(digests) == files.VARIANTS
    assert files.content(files.PNG, 1) == files.content(files.PNG, 1 + files.VARIANTS)


@pytest.mark.parametrize(
    "change",
    [
        {"callback_url": "ftp://x"},
        {"callback_url": "/hook"},
        {"duplicate_rate": 1.5},
        {"messages_per_minute": -1},
        {"customers": 0},
        {"max_batch": 0},
        {"max_batch": 1001},
        {"backoff_seconds": ()},
    ],
    ids=str,
)
def test_settings_that_make_no_sense_are_refused(change):
    with pytest.raises(ValueError, match=r"\w"):
        dataclasses.replace(QUIET, **change)


def test_settings_do_not_show_their_secrets():
    shown = repr(QUIET)
    assert not any(secret in shown for secret in (QUIET.app_secret, QUIET.verify_token, QUIET.access_token))
