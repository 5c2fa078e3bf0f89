"""Everything that is no send: what goes out, how refusals come back, and that no secret is told."""

import json

import pytest

from sigma.connectors.whatsapp.graph import GraphClient, GraphError, GraphRefused
from tests.connectors.graph_server import (
    CLOSE,
    RESET,
    SILENCE,
    GraphServer,
    answer,
    everything_said,
    graph_client,
    graph_error,
    graph_server,
)

TOKEN = "EAA-secret-token-of-a-tenant"
NUMBER = "106540352242922"
WABA = "102290129340398"
SECRETS = (TOKEN, "verify-me", "app-secret", "555")


@pytest.fixture
async def graph():
    async with graph_server() as server:
        yield server


@pytest.fixture
async def client(graph):
    async with graph_client(graph.url, total_timeout_seconds=5) as built:
        yield built


def tells_a_secret(said: str) -> bool:
    return any(secret in said for secret in SECRETS)


FAULTS = [
    RESET,
    SILENCE,
    answer(200, b"<html>"),
    answer(200, {"success": False}),
    answer(404, b"nothing"),
    answer(500),
    answer(200, b"{", length=99),
    answer(401, graph_error(190, message=f"Malformed access token {TOKEN}")),
    answer(400, graph_error(100, message=f"Invalid value {TOKEN}", error_user_msg=f"{TOKEN} for +1 650-555-1234")),
    answer(400, graph_error(80007)),
    b"HTTP/1.1 abc\r\n\r\n" + CLOSE,
]
CALLS = {
    "mark_read": lambda client: client.mark_read(NUMBER, TOKEN, "wamid.IN"),
    "upload_media": lambda client: client.upload_media(NUMBER, TOKEN, b"x", mime_type="image/png", filename="a.png"),
    "list_templates": lambda client: client.list_templates(WABA, TOKEN),
    "create_template": lambda client: client.create_template(WABA, TOKEN, {"name": "a"}),
    "set_webhook_override": lambda client: client.set_webhook_override(NUMBER, TOKEN, callback_url="https://a.b", verify_token="verify-me"),
    "subscribe_app": lambda client: client.subscribe_app(WABA, TOKEN, callback_url="https://a.example", verify_token="verify-me"),
    "debug_token": lambda client: client.debug_token(TOKEN, app_id="1", app_secret="app-secret"),
}


@pytest.mark.parametrize("fault", FAULTS, ids=range(len(FAULTS)))
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_a_call_fails_with_a_graph_error_that_tells_no_secret(graph: GraphServer, call, fault):
    graph.answers = [fault]
    async with graph_client(graph.url, total_timeout_seconds=0.2) as client:
        client._transport._transfer_timeout = client._transport._timeout
        with pytest.raises(GraphError) as failure:
            await call(client)
    assert failure.value.advice
    assert failure.value.message.endswith(".")
    assert not any(tells_a_secret(said) for said in everything_said(failure.value))


async def test_the_secrets_that_a_call_brings_are_not_told_by_its_refusal(client: GraphClient, graph: GraphServer):
    graph.answers = [answer(400, graph_error(100, error_user_msg=f"What is {TOKEN}, what is verify-me, what is app-secret?"))]
    for call in (CALLS["set_webhook_override"], CALLS["subscribe_app"], CALLS["debug_token"]):
        with pytest.raises(GraphRefused) as refusal:
            await call(client)
        told = {secret for said in everything_said(refusal.value) for secret in SECRETS if secret in said}
        assert told <= ({"app-secret"} if call is not CALLS["debug_token"] else {"verify-me"})  # what this call never had


async def test_a_refusal_is_told_from_a_fault_that_passes(client: GraphClient, graph: GraphServer):
    graph.answers = [answer(400, graph_error(100, error_subcode=2388024, error_user_msg="There is English content for this template."))]
    with pytest.raises(GraphRefused) as refusal:
        await client.create_template(WABA, TOKEN, {"name": "a"})
    assert (refusal.value.platform_code, refusal.value.subcode, refusal.value.code) == (100, 2388024, "PLATFORM_REFUSED")
    assert refusal.value.trace == "Az8or2yhqkZ"
    assert "exists already" in refusal.value.message
    assert refusal.value.details == "There is English content for this template."
    graph.answers = [answer(400, graph_error(80007))]
    with pytest.raises(GraphError) as passing:
        await client.create_template(WABA, TOKEN, {"name": "a"})
    assert (passing.value.platform_code, passing.value.code) == (80007, "PLATFORM_UNAVAILABLE")


async def test_all_pages_of_templates_are_read_and_the_next_link_is_not_called(client: GraphClient, graph: GraphServer):
    def page(*names, after=None):
        paging = {"cursors": {"before": "b", "after": after or "end"}, **({"next": "http://127.0.0.1:1/steal"} if after else {})}
        return answer(200, {"data": [{"id": name, "name": name} for name in names], "paging": paging})

    graph.answers = [page("a", "b", after="A+/="), page("c")]
    templates = await client.list_templates(WABA, TOKEN, where={"status": "APPROVED"})
    assert [template["name"] for template in templates] == ["a", "b", "c"]
    first, second = (head.split(" ")[1] for head, _ in graph.requests)
    assert first.startswith(f"/v25.0/{WABA}/message_templates?")
    assert "status=APPROVED" in first
    assert "after" not in first
    assert "after=A%2B/%3D" in second
    graph.answers = [page("a", after="1"), answer(400, graph_error(131059)), page("x", after="2"), page("y")]
    assert [template["name"] for template in await client.list_templates(WABA, TOKEN)] == ["x", "y"]
    graph.answers = [page("a", after="1")]
    assert len(await client.list_templates(WABA, TOKEN)) == 2  # a cursor that stands still ends the list


async def test_management_calls_have_metas_shape(client: GraphClient, graph: GraphServer):
    graph.answers = [answer(200, {"success": True, "id": "5", "data": []})]
    await client.edit_template("77", TOKEN, {"components": []})
    await client.delete_template(WABA, TOKEN, name="order")
    await client.delete_template(WABA, TOKEN, name="order", template_id="77")
    await client.phone_number_fields(NUMBER, TOKEN, fields="id")
    await client.waba_fields(WABA, TOKEN, fields="id,name")
    await client.subscribed_apps(WABA, TOKEN)
    await client.subscribe_app(WABA, TOKEN)
    await client.subscribe_app(WABA, TOKEN, callback_url="https://a.example/h", verify_token="verify-me")
    await client.set_webhook_override(NUMBER, TOKEN, callback_url="https://a.example/h", verify_token="verify-me")
    await client.set_webhook_override(NUMBER, TOKEN, callback_url=None)
    override = {"override_callback_uri": "https://a.example/h", "verify_token": "verify-me"}
    assert [(" ".join(head.split(" ")[:2]).replace("/v25.0", ""), json.loads(body or "null")) for head, body in graph.requests] == [
        ("POST /77", {"components": []}),
        (f"DELETE /{WABA}/message_templates?name=order", None),
        (f"DELETE /{WABA}/message_templates?hsm_id=77&name=order", None),
        (f"GET /{NUMBER}?fields=id", None),
        (f"GET /{WABA}?fields=id,name", None),
        (f"GET /{WABA}/subscribed_apps?limit=100", None),
        (f"POST /{WABA}/subscribed_apps", {}),
        (f"POST /{WABA}/subscribed_apps", override),
        (f"POST /{NUMBER}", {"webhook_configuration": override}),
        (f"POST /{NUMBER}", {"webhook_configuration": {"override_callback_uri": ""}}),
    ]


async def test_a_token_is_described_even_when_it_is_dead(client: GraphClient, graph: GraphServer):
    graph.answers = [answer(200, {"data": {"is_valid": False, "error": {"code": 190}}})]
    assert (await client.debug_token(TOKEN, app_id="1", app_secret="app-secret"))["is_valid"] is False
    assert "Authorization: Bearer 1|app-secret\r\n" in graph.requests[0][0]
