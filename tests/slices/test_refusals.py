"""Who may post: only whom the app secret proves. What is refused leaves no trace but a log line and a count."""

import gzip
import hashlib
import hmac
import json

import httpx2
import pytest
from prometheus_client import CollectorRegistry

from sigma.entrypoints.installation import Installation
from sigma.kit.ids import new_id
from sigma.kit.metrics import Metrics
from sigma.kit.settings import Settings
from tests.conftest import MASTER_KEY
from tests.slices.bodies import ANA, inbound, raw, text
from tests.slices.reading import messages
from tests.world import APP_SECRET, VERIFY_TOKEN, World, a_world

BODY = raw(inbound(text("wamid.1", by=ANA)))
LIMIT = 3 * 1024 * 1024


def sign(body: bytes, secret: str = APP_SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


RIGHT = sign(BODY)
OTHER_BODY = sign(b"{}")
HEADERS: dict[str, list[tuple[str, str]]] = {
    "none": [],
    "empty": [("X-Hub-Signature-256", "")],
    "another secret": [("X-Hub-Signature-256", sign(BODY, "another tenant's secret"))],
    "another body": [("X-Hub-Signature-256", OTHER_BODY)],
    "no digest": [("X-Hub-Signature-256", "sha256=")],
    "truncated": [("X-Hub-Signature-256", RIGHT[:-1])],
    "longer": [("X-Hub-Signature-256", RIGHT + "0")],
    "without prefix": [("X-Hub-Signature-256", RIGHT.removeprefix("sha256="))],
    "upper case": [("X-Hub-Signature-256", "sha256=" + RIGHT.removeprefix("sha256=").upper())],
    "sha1": [("X-Hub-Signature-256", "sha1=" + hmac.new(APP_SECRET.encode(), BODY, hashlib.sha1).hexdigest())],
    "only the old header": [("X-Hub-Signature", "sha1=" + hmac.new(APP_SECRET.encode(), BODY, hashlib.sha1).hexdigest())],
    "right and wrong": [("X-Hub-Signature-256", RIGHT), ("X-Hub-Signature-256", OTHER_BODY)],
    "wrong and right": [("X-Hub-Signature-256", OTHER_BODY), ("X-Hub-Signature-256", RIGHT)],
    "right twice": [("X-Hub-Signature-256", RIGHT), ("X-Hub-Signature-256", RIGHT)],
    "two in one": [("X-Hub-Signature-256", f"{RIGHT}, {RIGHT}")],
    "not ASCII": [("X-Hub-Signature-256", "sha256=" + "é" * 64)],
}


async def post_as(world: World, body: bytes, headers: list[tuple[str, str]], *, tenant: object = None) -> httpx2.Response:
    sent = [(name.encode(), value.encode("utf-8")) for name, value in [("Content-Type", "application/json"), *headers]]
    return await world.client.post(f"/webhooks/whatsapp/{tenant or world.tenant_id}", content=body, headers=sent)


async def test_only_the_right_signature_is_accepted_and_the_rest_stores_nothing(world: World, capsys):
    for name, headers in HEADERS.items():
        response = await post_as(world, BODY, headers)
        assert (response.status_code, response.content) == (401, b""), name
        assert "WhatsApp webhook signature validation failed" in capsys.readouterr().err, name
    for changed in (BODY + b" ", BODY[:-1], BODY.replace(b"Hi", b"hi"), b""):
        assert (await post_as(world, changed, [("X-Hub-Signature-256", RIGHT)])).status_code == 401
    assert world.sql("SELECT count(*) FROM webhook_events") == [(0,)]
    assert world.sql("SELECT count(*) FROM webhook_queue") == [(0,)]
    assert refused_for(world, "missing_signature") == 2
    assert refused_for(world, "wrong_signature") == len(HEADERS) - 2 + 4
    assert (await post_as(world, BODY, [("x-hub-signature-256", RIGHT)])).status_code == 200
    assert world.sql("SELECT count(*) FROM webhook_events") == [(1,)]


def refused_for(world: World, reason: str) -> float:
    return world.metrics.webhooks_refused.labels(platform="WHATS_APP", reason=reason)._value.get()


async def test_a_tenants_own_secret_counts_for_it_alone_and_two_may_be_live(database_conninfo):
    first, second, third = new_id(), new_id(), new_id()
    whatsapp = {"AppSecrets": {str(first): ["old secret", "new secret"], str(second).upper(): "second secret"}, "VerifyToken": VERIFY_TOKEN}
    settings = Settings.model_validate({"Platforms": {"WhatsApp": whatsapp}})
    allowed = {
        first: {"old secret", "new secret"},
        second: {"second secret"},
        third: set(),
    }
    async with a_world(Installation(settings, MASTER_KEY, database_conninfo), Metrics(CollectorRegistry())) as world:
        for tenant, secrets in allowed.items():
            for secret in ("old secret", "new secret", "second secret", "default-app-secret", ""):
                response = await post_as(world, BODY, [("X-Hub-Signature-256", sign(BODY, secret))], tenant=tenant)
                assert response.status_code == (200 if secret in secrets else 401), (tenant, secret)
        assert world.sql("SELECT count(*) FROM webhook_events") == [(3,)]


async def test_a_url_that_names_no_tenant_is_refused_only_after_the_signature(world: World):
    for tenant in ("your-tenant-id", "%20", "1", f"{new_id()}/x"):
        assert (await post_as(world, BODY, [("X-Hub-Signature-256", OTHER_BODY)], tenant=tenant)).status_code == 401
        assert (await post_as(world, BODY, [("X-Hub-Signature-256", RIGHT)], tenant=tenant)).status_code == 404
    assert (await post_as(world, BODY, [("X-Hub-Signature-256", RIGHT)], tenant=str(world.tenant_id).upper())).status_code == 200
    await world.project()
    assert set(await messages(world)) == {"wamid.1"}


async def test_other_methods_are_refused(world: World):
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
        response = await world.client.request(method, f"/webhooks/whatsapp/{world.tenant_id}")
        assert (response.status_code, response.headers["allow"]) == (405, "GET, POST")


# Size


async def test_a_body_over_the_limit_is_refused_without_reading_it_all(world: World):
    exact = b'{"object":"' + b"x" * (LIMIT - 13) + b'"}'
    assert len(exact) == LIMIT
    assert (await world.post(exact)).status_code == 200
    assert (await world.post(exact + b" ")).status_code == 413
    read = 0

    async def endless():
        nonlocal read
        for _ in range(1_000):
            read += 64 * 1024
            yield b" " * 64 * 1024

    response = await world.client.post(f"/webhooks/whatsapp/{world.tenant_id}", content=endless(), headers={"X-Hub-Signature-256": RIGHT})
    assert response.status_code == 413
    assert read < 32 * 1024 * 1024, "what is on its way is let in, so that the client hears the answer, but not all of it"
    lying = {"X-Hub-Signature-256": RIGHT, "Content-Length": str(LIMIT + 1)}
    assert (await world.client.post(f"/webhooks/whatsapp/{world.tenant_id}", content=endless(), headers=lying)).status_code == 413
    assert world.sql("SELECT count(*) FROM webhook_events") == [(1,)]


async def test_a_body_may_come_in_pieces(world: World):
    async def pieces():
        for start in range(0, len(BODY), 10):
            yield BODY[start : start + 10]

    response = await world.client.post(f"/webhooks/whatsapp/{world.tenant_id}", content=pieces(), headers={"X-Hub-Signature-256": RIGHT})
    assert response.status_code == 200
    await world.project()
    assert set(await messages(world)) == {"wamid.1"}


async def test_the_signature_is_over_the_bytes_as_sent(world: World):
    escaped = (
        json.dumps(inbound(text("wamid.1", "ação 👍", by=ANA)), ensure_ascii=True, separators=(" ,", ": ")).encode().replace(b"/", b"\\/")
    )
    assert (await world.post(escaped)).status_code == 200
    assert (
        await post_as(world, gzip.compress(escaped), [("X-Hub-Signature-256", sign(escaped)), ("Content-Encoding", "gzip")])
    ).status_code == 401
    await world.project()
    assert (await messages(world))["wamid.1"]["text"] == "ação 👍"


# The verification handshake


HANDSHAKE = {"hub.mode": "subscribe", "hub.verify_token": VERIFY_TOKEN, "hub.challenge": "1158201444"}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, 200),
        ({"hub.verify_token": "wrong"}, 403),
        ({"hub.verify_token": ""}, 403),
        ({"hub.verify_token": VERIFY_TOKEN.upper()}, 403),
        ({"hub.verify_token": VERIFY_TOKEN + "é"}, 403),
        ({"hub.verify_token": None}, 403),
        ({"hub.mode": "unsubscribe"}, 403),
        ({"hub.mode": None}, 403),
        ({"hub.challenge": None}, 403),
        ({"hub.challenge": "<script>alert(1)</script>"}, 200),
    ],
)
async def test_the_challenge_is_answered_only_to_who_knows_the_token(world: World, changed, expected):
    query = {key: value for key, value in {**HANDSHAKE, **changed}.items() if value is not None}
    response = await world.client.get("/webhooks/whatsapp/test-tenant", params=query)
    assert response.status_code == expected
    assert response.text == (query["hub.challenge"] if expected == 200 else "")
    assert response.headers["content-type"].startswith("text/plain")


async def test_nobody_verifies_when_no_token_is_configured(database_conninfo):
    async with a_world(Installation(Settings(), MASTER_KEY, database_conninfo), Metrics(CollectorRegistry())) as world:
        for token in ("", "None"):
            response = await world.client.get("/webhooks/whatsapp/t", params={**HANDSHAKE, "hub.verify_token": token})
            assert response.status_code == 403
        assert (await world.post(BODY)).status_code == 401, "and without any app secret nothing is accepted"
        assert (await world.post(BODY, secret="")).status_code == 401
