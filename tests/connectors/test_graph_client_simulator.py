"""The client against the simulator, which was written from Meta's documents and shares no code with it."""

import pytest

from sigma.connectors.outbound import (
    Accepted,
    Button,
    ButtonsContent,
    FaultScope,
    MediaContent,
    MediaRef,
    Recipient,
    Rejected,
    TemplateContent,
    TemplateParameter,
    TextContent,
    Throttled,
)
from sigma.connectors.whatsapp.graph import GraphClient, GraphRefused, MediaNotFound
from sigma.connectors.whatsapp.payloads import build_payload
from tests.simulator.stage import ACCESS_TOKEN, PHONE_NUMBER_ID, Receiver, connected

WHOM = Recipient(phone="16505551234")


@pytest.fixture
async def stage():
    async with connected(Receiver()) as running:
        yield running


@pytest.fixture
async def client(stage):
    built = GraphClient(str(stage.business.base_url), "v25.0")
    yield built
    await built.close()


def payload(content, recipient=WHOM):
    return build_payload(content, recipient=recipient, reply_to=None, callback_data="row-7")


@pytest.mark.parametrize(
    "content",
    [
        TextContent(body="Hello"),
        TemplateContent(name="hello_world", language="en_US", parameters=[TemplateParameter(text="Anna")]),
        ButtonsContent(body="Shall we?", buttons=[Button(id="y", title="Yes")]),
        MediaContent(kind="IMAGE", media=MediaRef(link="https://files.example/a.png"), caption="Look"),
    ],
)
async def test_a_message_is_taken_and_its_statuses_carry_our_callback_data(stage, client: GraphClient, content):
    outcome = await client.send(PHONE_NUMBER_ID, ACCESS_TOKEN, payload(content))
    assert isinstance(outcome, Accepted)
    assert outcome.address == WHOM
    await stage.settled()
    statuses = [status for status in stage.receiver.statuses() if status["id"] == outcome.platform_message_id]
    assert statuses
    assert {status["biz_opaque_callback_data"] for status in statuses} == {"row-7"}


async def test_a_contact_without_a_phone_is_reached_by_user_id(stage, client: GraphClient):
    customer = next(customer for customer in stage.simulator.world.customers if customer.user_id)
    outcome = await client.send(PHONE_NUMBER_ID, ACCESS_TOKEN, payload(TextContent(body="Hi"), Recipient(user_id=customer.user_id)))
    assert isinstance(outcome, Accepted)
    assert outcome.address == Recipient(user_id=customer.user_id)


async def test_refusals_of_the_simulator_are_understood(client: GraphClient):
    outcome = await client.send(PHONE_NUMBER_ID, "EAA-another-token", payload(TextContent(body="Hi")))
    assert isinstance(outcome, Rejected)
    assert (outcome.code, outcome.scope) == (190, FaultScope.TOKEN)
    outcome = await client.send("999", ACCESS_TOKEN, payload(TextContent(body="Hi")))
    assert isinstance(outcome, Rejected)
    assert (outcome.code, outcome.scope) == (100, FaultScope.NUMBER)
    outcome = await client.send(PHONE_NUMBER_ID, ACCESS_TOKEN, payload(TextContent(body="Hi"), Recipient(user_id="US.9")))
    assert isinstance(outcome, Rejected)
    assert outcome.code == 131009


async def test_a_fault_of_the_platform_is_tried_again(stage, client: GraphClient):
    stage.simulator.world.rates.api_error_rate = 1.0
    outcome = await client.send(PHONE_NUMBER_ID, ACCESS_TOKEN, payload(TextContent(body="Hi")))
    assert isinstance(outcome, Throttled)
    assert outcome.code == 131000


async def test_a_message_is_marked_as_read(stage, client: GraphClient):
    written = await stage.write(stage.simulator.world.customers[0].key, text="Hi")
    await client.mark_read(PHONE_NUMBER_ID, ACCESS_TOKEN, written["id"], typing=True)
    with pytest.raises(GraphRefused) as refusal:
        await client.mark_read(PHONE_NUMBER_ID, ACCESS_TOKEN, "wamid.NEVER")
    assert refusal.value.platform_code == 131009


async def test_a_file_that_a_customer_sent_is_fetched(stage, client: GraphClient):
    named = stage.simulator.world.attach("image/png")
    info = await client.media_info(named["id"], phone_number_id=PHONE_NUMBER_ID, token=ACCESS_TOKEN)
    async with client.download_media(named["id"], phone_number_id=PHONE_NUMBER_ID, token=ACCESS_TOKEN) as file:
        content = b"".join([chunk async for chunk in file.chunks])
    assert len(content) == info.size_bytes
    with pytest.raises(MediaNotFound):
        await client.media_info("999", phone_number_id=PHONE_NUMBER_ID, token=ACCESS_TOKEN)
