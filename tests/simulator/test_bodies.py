"""Every body has the keys and types of a real one, and the scripts use them all."""

import dataclasses
import json

import pytest

from cloud_api_simulator import bodies, rendering, webhooks
from cloud_api_simulator.scripts import PHRASEBOOKS
from cloud_api_simulator.scripts.steps import Step
from cloud_api_simulator.webhooks import Address, Update
from cloud_api_simulator.world import World
from tests.simulator.stage import NOON, QUIET, sample

ADDRESS = Address(waba_id="102290129340398", phone_number_id="106540352242922", display_phone_number="15550783881")
MEDIA = {"mime_type": "image/png", "sha256": "c2hh", "id": "1003383421387256", "url": "https://example.com/"}
MEDIA_WITHOUT_URL = {key: value for key, value in MEDIA.items() if key != "url"}
PHONE, BSUID, PARENT = "16505551234", "US.13491208655302741918", "US.ENT.11815799212886844830"
CONTEXT = bodies.context("15550783881", "wamid.OUT")
ITEM = {"product_retailer_id": "di9ozbzfi4", "quantity": 2, "item_price": 30, "currency": "USD"}
OTHER_ITEM = {**ITEM, "item_price": 25.5}
FAILURE = bodies.failure(131026, "Message undeliverable", "Message Undeliverable.")

CONTENTS = {
    "inbound-text": (bodies.text("Does it come in another color?"), None),
    "inbound-text-reply-context": (bodies.text("Yes, that one"), CONTEXT),
    "inbound-image-with-caption": (bodies.image(MEDIA, caption="Taj Mahal"), None),
    "inbound-audio-voice-note": (bodies.audio(MEDIA, is_voice=True), None),
    "inbound-audio-file": (bodies.audio(MEDIA, is_voice=False), None),
    "inbound-video": (bodies.video(MEDIA, caption="Unboxing"), None),
    "inbound-document": (bodies.document(MEDIA, filename="invoice.pdf", caption="My invoice"), None),
    "inbound-document-no-filename": (bodies.document(MEDIA_WITHOUT_URL), None),
    "inbound-sticker-static": (bodies.sticker(MEDIA), None),
    "inbound-sticker-animated": (bodies.sticker(MEDIA_WITHOUT_URL, is_animated=True), None),
    "inbound-location-pin-only": (bodies.location(-33.8567844, 151.213108), None),
    "inbound-button-reply": (bodies.button_reply("cancel-button", "Cancel"), CONTEXT),
    "inbound-list-reply": (bodies.list_reply("express", "Express", description="Next day"), CONTEXT),
    "inbound-list-reply-no-description": (bodies.list_reply("express", "Express"), CONTEXT),
    "inbound-nfm-reply-flow": (bodies.flow_reply({"flow_token": "tok"}), CONTEXT),
    "inbound-template-quick-reply-button": (bodies.template_button("Unsubscribe"), CONTEXT),
    "inbound-template-quick-reply-no-context": (bodies.template_button("Unsubscribe"), None),
    "inbound-reaction": (bodies.reaction("wamid.OUT", emoji="👍"), None),
    "inbound-reaction-removed-no-emoji": (bodies.reaction("wamid.OUT", emoji=None), None),
    "inbound-order": (bodies.order("194836987003835", [ITEM, OTHER_ITEM], text="Love these!"), None),
    "inbound-edit-text": (bodies.edit("wamid.IN", bodies.text("Corrected text")), None),
    "inbound-revoke": (bodies.revoke("wamid.IN"), None),
    "inbound-unsupported-poll": (bodies.unsupported("poll_creation"), None),
    "inbound-unsupported-no-subtype": (bodies.unsupported(), None),
}


def shape(value):
    """Keys and types, without the values."""
    if isinstance(value, dict):
        return {key: shape(each) for key, each in value.items()}
    if isinstance(value, list):
        return [shape(each) for each in value]
    return "number" if type(value) in {int, float} else type(value).__name__


def inbound(content, *, quoting=None, people=None, **sender):
    item = bodies.message(content, id="wamid.IN", at_unix=1767225600, quoting=quoting, **sender)
    return webhooks.envelope([Update(kind="messages", item=item, contact=people)], ADDRESS)


@pytest.mark.parametrize("name", CONTENTS)
def test_a_message_of_each_kind_has_the_shape_of_the_real_one(name):
    content, quoting = CONTENTS[name]
    person = bodies.contact(name="Sheena Nelson", wa_id=PHONE, user_id=BSUID)
    assert shape(inbound(content, quoting=quoting, people=person, wa_id=PHONE, user_id=BSUID)) == shape(sample(name))


def test_a_text_is_the_real_one_to_the_last_value():
    real = sample("inbound-text")
    message = real["entry"][0]["changes"][0]["value"]["messages"][0]
    person = bodies.contact(name="Sheena Nelson", wa_id=PHONE, user_id=BSUID)
    item = bodies.message(bodies.text(message["text"]["body"]), id=message["id"], at_unix=1767225600, wa_id=PHONE, user_id=BSUID)
    assert webhooks.envelope([Update(kind="messages", item=item, contact=person)], ADDRESS) == real
    assert list(item) == list(message)


@pytest.mark.parametrize(
    ("name", "content", "person", "sender"),
    [
        (
            "bsuid-without-phone",
            bodies.text("hi"),
            bodies.contact(name="Pablo M.", username="realpablomorales", user_id=BSUID),
            {"user_id": BSUID},
        ),
        (
            "bsuid-without-phone-image",
            bodies.image(MEDIA),
            bodies.contact(name="Pablo M.", username="realpablomorales", user_id=BSUID),
            {"user_id": BSUID},
        ),
        (
            "bsuid-with-parent-ids",
            bodies.text("hi"),
            bodies.contact(name="Pablo M.", wa_id=PHONE, user_id=BSUID, parent_user_id=PARENT),
            {"wa_id": PHONE, "user_id": BSUID, "parent_user_id": PARENT},
        ),
    ],
)
def test_business_scoped_ids_stand_where_meta_puts_them(name, content, person, sender):
    assert shape(inbound(content, people=person, **sender)) == shape(sample(name))


@pytest.mark.parametrize(
    ("name", "status", "extra"),
    [
        ("status-sent-pmp-v24", "sent", {"wa_id": PHONE, "user_id": BSUID, "price": bodies.pricing("marketing", type="regular")}),
        ("status-delivered-no-pricing", "delivered", {"wa_id": PHONE, "user_id": BSUID}),
        ("status-read", "read", {"wa_id": PHONE, "user_id": BSUID}),
        ("status-played", "played", {"wa_id": PHONE, "user_id": BSUID}),
        (
            "status-free-customer-service-utility",
            "delivered",
            {"wa_id": PHONE, "user_id": BSUID, "price": bodies.pricing("utility", type="free_customer_service")},
        ),
        (
            "status-with-biz-opaque-callback-data",
            "sent",
            {"wa_id": PHONE, "user_id": BSUID, "callback_data": "row=1", "price": bodies.pricing("marketing", type="regular")},
        ),
        ("bsuid-status-sent-no-phone", "sent", {"user_id": BSUID, "price": bodies.pricing("utility", type="regular")}),
        ("status-failed-131026-undeliverable", "failed", {"wa_id": PHONE, "user_id": BSUID, "errors": [FAILURE]}),
        ("bsuid-status-failed-no-contacts", "failed", {"user_id": BSUID, "errors": [FAILURE]}),
        ("bsuid-status-failed-no-identifiers", "failed", {"errors": [FAILURE]}),
    ],
)
def test_a_status_has_the_shape_of_the_real_one(name, status, extra):
    person = None if status == "failed" else bodies.contact(name="Sheena Nelson", wa_id=extra.get("wa_id"), user_id=BSUID)
    item = bodies.status(status, message_id="wamid.OUT", at_unix=1767225605, **extra)
    assert shape(webhooks.envelope([Update(kind="statuses", item=item, contact=person)], ADDRESS)) == shape(sample(name))


def test_a_card_and_a_place_use_documented_keys_only():
    real = sample("inbound-contacts-card")["entry"][0]["changes"][0]["value"]["messages"][0]["contacts"][0]
    ours = bodies.card(first_name="Ann", last_name="B", phone="+1 555 0123", wa_id="15550123", email="a@example.com", company="Shrub")
    assert ours.keys() <= real.keys()
    for part in ("name", "org"):
        assert ours[part].keys() <= real[part].keys()
    for part in ("phones", "emails"):
        assert ours[part][0].keys() <= real[part][0].keys()
    assert set(bodies.location(1.0, 2.0, name="n", address="a")["location"]) == {"latitude", "longitude", "name", "address"}


def test_a_flow_reply_carries_json_in_a_string():
    content = bodies.flow_reply({"flow_token": "t", "name": "Ana"})
    assert json.loads(content["interactive"]["nfm_reply"]["response_json"]) == {"flow_token": "t", "name": "Ana"}


def test_every_kind_can_be_rendered_without_any_data():
    world = World(dataclasses.replace(QUIET, clock=lambda: NOON))
    scene = rendering.Scene(world=world, customer=world.customers[0], stream=world.stream("test"), slots={})
    for kind in rendering.KINDS:
        content, _ = rendering.render(Step(kind), scene)
        assert content["type"] in content or content["type"] == "unsupported"


def test_the_scripts_use_every_kind():
    steps = [step for book in PHRASEBOOKS.values() for episode in book.episodes for step in episode.steps]
    assert {step.kind for step in steps} == rendering.KINDS
    for book in PHRASEBOOKS.values():
        assert len(book.episodes) >= 3
        assert len(book.answers) >= 5
        for episode in book.episodes:
            assert not episode.steps[0].is_soon
