"""Faults on demand over real sockets, and the books that tell whether a message was accepted all the same."""

import asyncio

import httpx2
import pytest

from tests.simulator.stage import Receiver, connected

ANA = "5511955550110"


def text(row):
    return {"messaging_product": "whatsapp", "to": ANA, "text": {"body": "hi"}, "biz_opaque_callback_data": row}


@pytest.fixture
async def stage():
    async with connected(Receiver()) as stage:
        yield stage


async def order(stage, kind, **more):
    response = await stage.business.post("/_control/faults", json={"kind": kind, **more})
    assert response.status_code == 201, response.text


async def accepted(stage, row):
    return len((await stage.business.get(f"/_control/sends?callback_data={row}")).json()["message_ids"])


@pytest.mark.parametrize(("kind", "is_accepted"), [("reset_before", 0), ("reset_after", 1), ("half_body", 1)])
async def test_a_cut_connection_does_not_tell_whether_the_message_was_accepted(stage, kind, is_accepted):
    await order(stage, kind)
    with pytest.raises(httpx2.TransportError):
        await stage.send(text("row-1"))
    assert await accepted(stage, "row-1") == is_accepted
    assert (await stage.send(text("row-2"))).status_code == 200


@pytest.mark.parametrize("kind", ["malformed_json", "html", "empty"])
@pytest.mark.parametrize("effect", [True, False])
async def test_an_unreadable_answer_may_hide_an_accepted_message(stage, kind, effect):
    await order(stage, kind, effect=effect)
    response = await stage.send(text("row-1"))
    assert response.status_code == 200
    with pytest.raises(ValueError, match=r"\w"):
        response.json()
    assert await accepted(stage, "row-1") == int(effect)


async def test_statuses_throttles_and_codes(stage):
    await order(stage, "status")
    await order(stage, "status", status=503, body='{"error":{}}', retry_after=7)
    await order(stage, "throttle", retry_after=3)
    await order(stage, "error", code=131016)
    answers = [await stage.send(text("row-1")) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [500, 503, 429, 500]
    assert [answer.headers.get("Retry-After") for answer in answers] == [None, "7", "3", None]
    assert answers[2].json()["error"]["code"] == 80007
    assert answers[3].json()["error"]["code"] == 131016
    assert await accepted(stage, "row-1") == 0


async def test_a_slow_answer_comes_and_no_answer_ends(stage):
    await order(stage, "delay", seconds=0.05)
    assert (await stage.send(text("row-1"))).status_code == 200
    await order(stage, "hang", seconds=0.05)
    with pytest.raises(httpx2.TransportError):
        await stage.send(text("row-2"))
    assert await accepted(stage, "row-2") == 0


async def test_faults_choose_their_calls_and_can_be_forgotten(stage):
    await order(stage, "status", path="/media", method="*", times=None)
    await order(stage, "error", after=1, times=2)
    codes = [(await stage.send(text("row"))).status_code for _ in range(4)]
    assert codes == [200, 500, 500, 200]
    assert len((await stage.business.get("/_control/faults")).json()["faults"]) == 1
    await stage.business.delete("/_control/faults")
    assert (await stage.business.get("/_control/faults")).json() == {"faults": []}
    await order(stage, "error", times=None, rate=0.5)
    codes = [(await stage.send(text("row"))).status_code for _ in range(60)]
    assert 15 < codes.count(500) < 45


@pytest.mark.parametrize(
    "wrong", [{"kind": "gremlin"}, {"kind": "error", "code": 1234567}, {"kind": "error", "path": "("}, {"kind": "error", "rate": 2}]
)
async def test_an_impossible_fault_is_refused(stage, wrong):
    assert (await stage.business.post("/_control/faults", json=wrong)).status_code == 422


async def test_a_message_sent_twice_shows_in_the_books(stage):
    for row in ("a", "b", "b"):
        await stage.send(text(row))
    await stage.send({**text("x"), "biz_opaque_callback_data": None})
    sends = (await stage.business.get("/_control/sends?accepted=4&within_seconds=5")).json()
    assert (sends["accepted"], sends["distinct_callback_data"], sends["without_callback_data"]) == (4, 2, 1)
    assert list(sends["repeated"]) == ["b"]
    entries = (await stage.business.get("/_control/ledger?callback_data=b")).json()["entries"]
    assert [entry["message_id"] for entry in entries] == sends["repeated"]["b"]


async def test_waiting_for_idle_ends_when_all_is_delivered_or_the_time_is_over(stage):
    await stage.send(text("a"))
    assert (await stage.business.get("/_control/idle")).json() == {"is_idle": True}
    stage.receiver.answers = iter([500] * 10_000)
    await stage.send(text("b"))
    assert (await stage.business.get("/_control/idle?within_seconds=0.05")).json() == {"is_idle": False}
    stage.receiver.answers = iter(())
    assert (await stage.business.get("/_control/idle?within_seconds=x")).status_code in {200, 422}


async def test_many_calls_at_once_meet_as_many_faults_as_were_ordered(stage):
    await order(stage, "error", times=5)
    answers = await asyncio.gather(*(stage.send(text(f"row-{number}")) for number in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] * 15 + [500] * 5
    assert (await stage.business.get("/_control/sends")).json()["accepted"] == 15
