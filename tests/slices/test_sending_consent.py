"""Opt-in and opt-out, and the customer service window: what the contact refused, or Meta would, does not leave."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from sigma.contacts.consent import ConsentState, consent_in
from sigma.kit.clock import now
from sigma.kit.metrics import Metrics
from sigma.sending.models import ContactOptedOut, Lane
from tests.slices.bodies import ANA, BO, START, preference
from tests.slices.desk import Desk, a_desk, refusal


@pytest.fixture
async def desk(database_conninfo: str, metrics: Metrics) -> AsyncIterator[Desk]:
    async with a_desk(database_conninfo, metrics) as built:
        yield built


def code(payload: dict) -> str | None:
    return payload["errors"][0]["code"] if payload["errors"] else None


async def template(desk: Desk, to=ANA) -> str | None:
    return code(await desk.send(recipientPhone=f"+{to.phone}", templateName="hello"))


@pytest.mark.parametrize(
    "word",
    [
        "STOP", " stop. ", "Stop!", "“stop”", "ＳＴＯＰ", "Sair", "PARAR", "baja", "Darse de baja", "ARRÊT", "arre\u0302t", "Désabonner",
        "Abmelden", "disiscrivi", "DUR", "İPTAL", "स्टॉप", "توقف", "停止", "退订",
    ],
)  # fmt: skip
async def test_a_stop_word_in_any_language_stops_what_we_begin(desk: Desk, word: str):
    await desk.write(word)
    assert await template(desk) == "CONTACT_OPTED_OUT"
    assert await template(desk, BO) is None


@pytest.mark.parametrize("text", ["Please do not stop", "stop it now", "", "   ", None, "stopping", "the bus stop"])
def test_a_stop_word_within_a_sentence_says_nothing(text):
    assert consent_in(text) is None


@pytest.mark.parametrize("word", ["START", "start.", "Anmelden", "começar", "再開"])
async def test_a_start_word_after_it_opens_the_way_again(desk: Desk, word: str):
    await desk.write("STOP", ago=timedelta(minutes=5))
    await desk.write(word, ago=timedelta(minutes=1))
    assert await template(desk) is None


async def test_the_later_word_counts_whichever_comes_first_and_of_two_at_once_the_refusal(desk: Desk):
    await desk.write("START", ago=timedelta(minutes=1))
    await desk.write("STOP", ago=timedelta(minutes=5))
    assert await template(desk) is None
    await desk.write("START", by=BO, ago=timedelta(minutes=1))
    await desk.write("STOP", by=BO, ago=timedelta(minutes=1))
    assert await template(desk, BO) == "CONTACT_OPTED_OUT"


async def test_someone_who_opted_out_can_still_be_answered_when_they_write(desk: Desk):
    await desk.write("STOP")
    contact = desk.world.sql("SELECT contact_id FROM messages")[0][0]
    assert (await desk.send(contactId=str(contact), text="You will hear no more of us."))["success"]


async def test_marketing_refused_in_whatsapps_settings_stops_bulk_and_resumes_with_it(desk: Desk):
    at = int(now().timestamp()) - START
    await desk.write()
    await desk.world.receive(preference("stop", of=ANA, at=at - 60))
    with pytest.raises(ContactOptedOut):
        await desk.queue_many(1, lane=Lane.BULK, to=f"+{ANA.phone}")
    assert await template(desk) is None, "whether a single template is marketing, only Meta knows"
    await desk.world.receive(preference("resume", of=ANA, at=at))
    await desk.queue_many(1, lane=Lane.BULK, to=f"+{ANA.phone}")


async def test_an_opt_out_that_comes_while_messages_wait_stops_all_of_them(desk: Desk):
    messages = [await desk.template(ANA) for _ in range(20)]
    others = [await desk.template(BO) for _ in range(5)]
    await desk.write("STOP")
    await desk.dispatch()
    assert sorted(desk.ledger.ours()) == sorted(others)
    assert {desk.status(one) for one in messages} == {"FAILED"}
    assert desk.error(messages[0])["title"] == "CONTACT_OPTED_OUT"


async def test_an_opt_out_during_dispatch_stops_what_was_not_claimed_before(desk: Desk):
    for _ in range(44):
        await desk.template(ANA)
    async with desk.dispatching():
        await desk.until(lambda: len(desk.ledger.asked) > 3)
        await desk.write("STOP")
        claimed = desk.world.sql("SELECT count(*) FROM send_attempts")[0][0]
        await desk.until(lambda: not desk.due())
    assert len(desk.ledger.asked) <= claimed + 4, "what a claim of that very moment held"
    assert desk.statuses()["FAILED"] + desk.statuses()["ACCEPTED"] == 44
    assert len(desk.ledger.asked) == desk.statuses()["ACCEPTED"]


async def test_an_opt_out_of_a_contact_that_was_merged_while_the_message_waited_holds(desk: Desk):
    message_id = await desk.template(ANA.phone_only())
    await desk.write("STOP", by=ANA.user_id_only())
    await desk.write("Me again", by=ANA)  # phone and user id together: one person
    await desk.dispatch()
    assert (desk.status(message_id), desk.ledger.asked) == ("FAILED", [])


@pytest.mark.parametrize("way", ["answer", "status"])
async def test_marketing_that_the_platform_refuses_becomes_an_opt_out(desk: Desk, way: str):
    if way == "answer":
        desk.ledger.answer = lambda _: refusal(131050)
    message_id = await desk.template()
    await desk.dispatch()
    if way == "status":
        errors = [{"code": 131050, "title": "User has stopped marketing messages"}]
        await desk.report("failed", name="wamid.0", errors=errors)
        await desk.report("failed", name="wamid.0", errors=errors)
    assert desk.status(message_id) == "FAILED"
    assert desk.error(message_id)["code"] == 131050
    assert desk.world.sql("SELECT purpose, state FROM consents") == [("MARKETING", "OPTED_OUT")]
    with pytest.raises(ContactOptedOut):
        await desk.queue_many(1, lane=Lane.BULK, to=f"+{ANA.phone}")


async def test_the_same_word_delivered_twice_is_one_row_and_another_tenant_has_none(desk: Desk):
    for _ in range(3):
        await desk.write("STOP", id="wamid.one")
    assert desk.world.sql("SELECT count(*), min(tenant_id::text) FROM consents") == [(1, str(desk.world.tenant_id))]
    other_id, other_key = await desk.world.new_tenant()
    workspace = await desk.world.create_workspace("777", tenant_id=other_id, key=other_key)
    payload = await desk.send(key=other_key, workspaceId=workspace, recipientPhone=f"+{ANA.phone}", templateName="hello")
    assert payload["success"]


# The window


async def test_a_free_message_needs_an_open_window_and_a_template_does_not(desk: Desk):
    never = await desk.send(recipientPhone=f"+{ANA.phone}", text="Hello")
    assert (code(never), never["errors"][0]["field"]) == ("CUSTOMER_SERVICE_WINDOW_CLOSED", ["input"])
    assert "template" in never["errors"][0]["message"]
    await desk.write(ago=timedelta(hours=25))
    assert code(await desk.send(recipientPhone=f"+{ANA.phone}", text="Hello")) == "CUSTOMER_SERVICE_WINDOW_CLOSED"
    assert await template(desk) is None
    await desk.write(ago=timedelta(hours=23))
    assert (await desk.send(recipientPhone=f"+{ANA.phone}", text="Hello"))["success"]


async def test_a_window_of_another_number_is_not_this_ones(desk: Desk):
    await desk.write()
    second = await desk.world.create_workspace("777")
    assert code(await desk.send(workspaceId=second, recipientPhone=f"+{ANA.phone}", text="Hello")) == "CUSTOMER_SERVICE_WINDOW_CLOSED"


async def test_a_window_that_closes_while_the_message_waits_stops_it(desk: Desk):
    await desk.write()
    message_id = await desk.queued(recipientPhone=f"+{ANA.phone}", text="Hello")
    desk.ahead = timedelta(hours=24)
    await desk.dispatch()
    assert (desk.status(message_id), desk.outbox(message_id), desk.ledger.asked) == ("FAILED", "DEAD", [])
    assert desk.error(message_id)["title"] == "CUSTOMER_SERVICE_WINDOW_CLOSED"
    assert "closed at" in desk.error(message_id)["advice"]


def test_start_words_are_read_too():
    assert consent_in(" Start! ") is ConsentState.OPTED_IN
