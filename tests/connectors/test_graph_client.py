"""The client against a server that misbehaves: what is known of a send afterwards, and that no secret is told."""

import asyncio
import json
import socket
from datetime import timedelta

import msgspec
import pytest

from sigma.connectors.outbound import Accepted, FaultScope, Recipient, Rejected, TextContent, Throttled, ThrottleScope, Unknown
from sigma.connectors.whatsapp.graph import GraphClient, GraphError, GraphRefused, appsecret_proof
from sigma.connectors.whatsapp.payloads import build_payload
from sigma.connectors.whatsapp.usage import Usage
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
WORDS = "Dear Anna, your code is 4711"
PAYLOAD = build_payload(TextContent(body=WORDS), recipient=Recipient(phone="16505551234"), reply_to=None, callback_data="row-1")
TAKEN = answer(200, {"contacts": [{"wa_id": "16505551234"}], "messages": [{"id": "wamid.OUT"}]})
SECRETS = (TOKEN, WORDS, "6505551234", "4711", "app-secret", "verify-me")


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


async def test_a_send_carries_the_payload_and_the_token_and_says_what_was_taken(client: GraphClient, graph: GraphServer):
    graph.answers = [TAKEN]
    outcomes = [await client.send(NUMBER, TOKEN, PAYLOAD) for _ in range(3)]
    assert outcomes == [Accepted(platform_message_id="wamid.OUT", address=Recipient(phone="16505551234"))] * 3
    head, body = graph.requests[0]
    assert head.startswith(f"POST /v25.0/{NUMBER}/messages HTTP/1.1\r\n")
    assert f"Authorization: Bearer {TOKEN}\r\n" in head
    assert "Content-Type: application/json\r\n" in head
    assert json.loads(body) == PAYLOAD
    assert graph.connections == 1


@pytest.mark.parametrize(
    "answers",
    [
        [RESET],
        [CLOSE],
        [b"HTTP/1.1 200 OK\r\nContent-Le" + CLOSE],
        [answer(200, b'{"messages":[{"id":', length=500)],
        [answer(400, b'{"error":{"code":', length=500)],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{" + CLOSE],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"],
        [b"SSH-2.0-OpenSSH_9.6\r\n" + CLOSE],
        [answer(200, b"<html>It works</html>", headers={"Content-Type": "text/html"})],
        [answer(200, b"not gzip", headers={"Content-Encoding": "gzip"})],
        [answer(200, {})],
        [answer(500)],
        [answer(502, b"<html>Bad Gateway</html>")],
        [SILENCE],
    ],
    ids=range(14),
)
@pytest.mark.parametrize("is_reused", [False, True], ids=["new", "reused"])
async def test_whatever_happens_after_the_request_left_is_unknown_and_sent_once(graph: GraphServer, answers, is_reused):
    async with graph_client(graph.url, total_timeout_seconds=0.3) as client:
        if is_reused:
            graph.answers = [TAKEN, *answers]
            assert isinstance(await client.send(NUMBER, TOKEN, PAYLOAD), Accepted)
            graph.requests.clear()
        graph.answers = answers
        outcome = await client.send(NUMBER, TOKEN, PAYLOAD)
        assert isinstance(outcome, Unknown)
        assert not tells_a_secret(repr(outcome))
        assert len(graph.requests) == 1
        graph.answers = [TAKEN]
        assert isinstance(await client.send(NUMBER, TOKEN, PAYLOAD), Accepted)


async def test_a_connection_that_was_closed_while_idle_is_not_used_again(client: GraphClient, graph: GraphServer):
    graph.answers = [TAKEN + CLOSE, TAKEN]
    assert isinstance(await client.send(NUMBER, TOKEN, PAYLOAD), Accepted)
    await asyncio.sleep(0.05)  # the other side's FIN arrives; nothing here tells of it
    assert isinstance(await client.send(NUMBER, TOKEN, PAYLOAD), Accepted)
    assert graph.connections == 2


async def test_without_a_connection_nothing_was_sent(graph: GraphServer):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed_port = listener.getsockname()[1]
    urls = [f"http://127.0.0.1:{closed_port}", "http://nowhere.invalid", graph.url.replace("http:", "https:"), "ftp://127.0.0.1"]
    graph.answers = [CLOSE]
    for url in urls:
        async with graph_client(url, connect_timeout_seconds=0.5) as client:
            outcome = await client.send(NUMBER, TOKEN, PAYLOAD)
            assert isinstance(outcome, Throttled), url
            assert (outcome.code, outcome.scope) == (None, ThrottleScope.APP)
            with pytest.raises(GraphError) as failure:
                await client.phone_number_fields(NUMBER, TOKEN)
            assert not any(tells_a_secret(said) for said in everything_said(failure.value))
    assert not any(PAYLOAD["to"].encode() in body for _, body in graph.requests)


async def test_waiting_for_a_free_connection_is_not_sending(graph: GraphServer):
    graph.answers = [SILENCE]
    async with graph_client(graph.url, max_connections=1, connect_timeout_seconds=0.1, total_timeout_seconds=1) as client:
        first, second = await asyncio.gather(client.send(NUMBER, TOKEN, PAYLOAD), client.send(NUMBER, TOKEN, PAYLOAD))
    assert isinstance(first, Unknown)
    assert isinstance(second, Throttled)
    assert len(graph.requests) == 1


async def test_refusals_come_as_what_they_are(client: GraphClient, graph: GraphServer):
    graph.answers = [answer(429, b"", headers={"Retry-After": "3"})]
    assert await client.send(NUMBER, TOKEN, PAYLOAD) == Throttled(code=None, scope=ThrottleScope.NUMBER, retry_in=timedelta(seconds=3))
    graph.answers = [answer(400, graph_error(131056))]
    outcome = await client.send(NUMBER, TOKEN, PAYLOAD)
    assert isinstance(outcome, Throttled)
    assert outcome.scope is ThrottleScope.RECIPIENT
    graph.answers = [answer(401, graph_error(190, message=f"Malformed access token {TOKEN}", error_data=f"token {TOKEN}"))]
    outcome = await client.send(NUMBER, TOKEN, PAYLOAD)
    assert isinstance(outcome, Rejected)
    assert (outcome.code, outcome.scope) == (190, FaultScope.TOKEN)
    assert not tells_a_secret(repr(outcome))
    graph.answers = [answer(400, graph_error(131009, error_data={"details": f"Parameter value '{WORDS}' for +16505551234 is not valid"}))]
    outcome = await client.send(NUMBER, TOKEN, PAYLOAD)
    assert isinstance(outcome, Rejected)
    assert "is not valid" in outcome.details
    assert not tells_a_secret(repr(outcome))


async def test_a_redirect_is_not_followed(client: GraphClient, graph: GraphServer):
    async with graph_server() as elsewhere:
        graph.answers = [answer(307, b"", headers={"Location": f"{elsewhere.url}/v25.0/{NUMBER}/messages"})]
        assert isinstance(await client.send(NUMBER, TOKEN, PAYLOAD), Throttled)
        assert elsewhere.requests == []


async def test_the_proxy_of_the_environment_is_not_asked(client: GraphClient, graph: GraphServer, monkeypatch):
    async with graph_server() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        graph.answers = [TAKEN]
        assert isinstance(await client.send(NUMBER, TOKEN, PAYLOAD), Accepted)
        assert proxy.requests == []


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "tökén", "tab\t"])
async def test_a_token_that_cannot_be_one_is_refused_before_anything_is_sent(client: GraphClient, graph: GraphServer, token):
    outcome = await client.send(NUMBER, token, PAYLOAD)
    assert isinstance(outcome, Rejected)
    assert outcome.scope is FaultScope.TOKEN
    with pytest.raises(GraphRefused):
        await client.waba_fields(WABA, token)
    with pytest.raises(GraphRefused):
        await client.upload_media(NUMBER, token, b"x", mime_type="image/png", filename="a.png")
    assert graph.requests == []


@pytest.mark.parametrize("id", ["", "../me", "1/2", "1?x=1", "1#", "ä", "1 "])
async def test_an_id_that_is_no_id_never_becomes_a_path(client: GraphClient, graph: GraphServer, id):
    outcome = await client.send(id, TOKEN, PAYLOAD)
    assert isinstance(outcome, Rejected)
    assert outcome.scope is FaultScope.NUMBER
    with pytest.raises(GraphRefused):
        await client.phone_number_fields(id, TOKEN)
    with pytest.raises(GraphRefused):
        await client.upload_media(id, TOKEN, b"x", mime_type="image/png", filename="a.png")
    assert graph.requests == []


async def test_a_closed_client_sends_nothing(graph: GraphServer):
    client = GraphClient(graph.url, "v25.0")
    await client.close()
    assert isinstance(await client.send(NUMBER, TOKEN, PAYLOAD), Throttled)
    assert graph.requests == []


async def test_a_cancelled_send_frees_its_connection(graph: GraphServer):
    async with graph_client(graph.url, max_connections=1) as client:
        graph.answers = [SILENCE]
        sending = asyncio.create_task(client.send(NUMBER, TOKEN, PAYLOAD))
        async with asyncio.timeout(5):
            while not graph.requests:  # noqa: ASYNC110 - a list has no event
                await asyncio.sleep(0.005)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        graph.answers = [TAKEN]
        assert isinstance(await client.send(NUMBER, TOKEN, PAYLOAD), Accepted)


async def test_the_proof_goes_with_every_kind_of_call(client: GraphClient, graph: GraphServer):
    proof = appsecret_proof(TOKEN, "app-secret")
    graph.answers = [TAKEN, answer(200, {"id": "1"}), answer(200, {"success": True})]
    await client.send(NUMBER, TOKEN, PAYLOAD, proof=proof)
    await client.upload_media(NUMBER, TOKEN, b"x", mime_type="image/png", filename="a.png", proof=proof)
    await client.mark_read(NUMBER, TOKEN, "wamid.IN", typing=True, proof=proof)
    assert [f"?appsecret_proof={proof} HTTP" in head for head, _ in graph.requests] == [True] * 3
    assert len(proof) == 64


async def test_rate_headers_are_reported(graph: GraphServer):
    seen: list[tuple[Usage, ...]] = []
    async with graph_client(graph.url, on_usage=seen.append) as client:
        graph.answers = [answer(200, {"id": NUMBER}, headers={"x-app-usage": '{"call_count":91}'}), TAKEN]
        await client.phone_number_fields(NUMBER, TOKEN)
        await client.send(NUMBER, TOKEN, PAYLOAD)
    assert [usage[0].percent for usage in seen] == [91.0]


def test_a_client_shows_nothing_of_itself():
    assert not tells_a_secret(repr(GraphClient("https://graph.facebook.com", "v25.0")))


def test_the_payload_of_this_file_is_what_is_secret():
    assert tells_a_secret(msgspec.json.encode(PAYLOAD).decode())
