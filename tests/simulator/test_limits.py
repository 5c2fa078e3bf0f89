"""What Meta lets a business do: rates, windows, limits, opt-outs, magic numbers. Time is the world's and is set forward."""

import pytest

from cloud_api_simulator import limits, magic
from cloud_api_simulator.error_codes import TITLES
from cloud_api_simulator.rules import Rules
from tests.simulator.stage import NOON, Receiver, connected

ANA, DIEGO = "5511955550110", "525555550118"
WELCOME = {
    "name": "welcome_message",
    "language": {"code": "en"},
    "components": [{"type": "body", "parameters": [{"type": "text", "text": "A"}]}],
}


def text(to, **more):
    return {"messaging_product": "whatsapp", "to": to, "type": "text", "text": {"body": "hi"}, **more}


def template(to, **more):
    return {"messaging_product": "whatsapp", "to": to, "type": "template", "template": WELCOME, **more}


def enforcing(**changes):
    """A world whose clock only moves when it is told to."""
    return connected(Receiver(), **{"enforce_limits": True, "enforce_templates": True, "clock": lambda: NOON, **changes})


async def code_of(stage, payload):
    response = await stage.send(payload)
    return response.json().get("error", {}).get("code")


async def failures(stage):
    await stage.settled()
    return [error["code"] for status in stage.receiver.statuses() for error in status.get("errors", [])]


async def advance(stage, seconds):
    await stage.business.post("/_control/clock", json={"advance_seconds": seconds})


async def control(stage, path, **command):
    response = await stage.business.post(f"/_control/{path}", json=command)
    assert response.status_code < 300, response.text
    return response.json()


async def test_outside_the_window_only_templates_go_and_any_message_opens_it():
    async with enforcing() as stage:
        assert await code_of(stage, text(ANA)) == 131047
        assert await code_of(stage, template(ANA)) is None
        await stage.write("ana", kind="reaction")
        await advance(stage, 24 * 3600 - 1)
        assert await code_of(stage, text(ANA)) is None
        await advance(stage, 7)
        assert await code_of(stage, text(ANA)) == 131047


async def test_the_window_belongs_to_the_user_however_they_are_called():
    async with enforcing() as stage:
        await stage.write("noor", text="hi")
        noor = stage.simulator.world.find_customer("noor")
        payload = text("x", recipient=noor.user_id)
        del payload["to"]
        assert await code_of(stage, payload) is None


async def test_a_rule_can_be_told_later_instead_of_at_once():
    async with enforcing() as stage:
        await stage.business.patch("/_control/rules", json={"refuse_later": [131047]})
        assert await code_of(stage, text(ANA)) is None
        assert await failures(stage) == [131047]


async def test_more_than_the_throughput_in_a_second_is_refused():
    async with enforcing(throughput_mps=3, customers=40, messaging_limit_tier="TIER_UNLIMITED") as stage:
        people = [person.wa_id for person in stage.simulator.world.customers if person.wa_id]
        assert [await code_of(stage, template(each)) for each in people[:4]] == [None, None, None, 130429]
        await advance(stage, 1)
        assert await code_of(stage, template(people[3])) is None
        changed = await stage.business.patch("/_control/rules", json={"throughput_mps": 1000})
        assert changed.json()["throughput_mps"] == 1000
        await stage.settled()
        assert [value["event"] for value in stage.receiver.values() if "event" in value] == ["THROUGHPUT_UPGRADE"]


async def test_a_pair_may_burst_and_pays_with_silence():
    async with enforcing(throughput_mps=1000) as stage:
        await stage.write("ana", text="oi")
        codes = [await code_of(stage, text(ANA)) for _ in range(46)]
        assert codes == [None] * 45 + [131056]
        await advance(stage, 100)
        assert await code_of(stage, text(ANA)) == 131056
        await advance(stage, 45 * 6 - 100)
        assert await code_of(stage, text(ANA)) is None
        assert await code_of(stage, template(DIEGO)) is None


def test_one_message_every_six_seconds_is_always_fine():
    pairs = limits.PairRate()
    assert all(pairs.take("ana", at * 6.0) for at in range(100))
    assert pairs.take("bob", 0.0)
    assert pairs.take("bob", 3.0)
    assert not pairs.take("bob", 7.0)
    assert pairs.take("bob", 12.0)


async def test_new_users_of_a_moving_day_are_counted_for_the_portfolio():
    async with enforcing(customers=60, messaging_limit_tier="TIER_50", throughput_mps=1000) as stage:
        people = [person.wa_id for person in stage.simulator.world.customers if person.wa_id]
        await stage.write("ana", text="oi")
        for each in people[:51]:
            assert await code_of(stage, template(each)) is None  # Ana's window is open: she does not count
        assert await code_of(stage, template(people[51])) is None
        assert await failures(stage) == [131048]
        assert (await stage.status())["portfolio_users"] == 50
        await stage.business.patch("/_control/rules", json={"messaging_limit_tier": "TIER_UNLIMITED"})
        await stage.settled()
        values = [value for value in stage.receiver.values() if "max_daily_conversations_per_business" in value]
        assert values == [{"max_daily_conversations_per_business": -1, "max_phone_numbers_per_business": 2}]
        await advance(stage, 86_400)
        assert (await stage.status())["portfolio_users"] == 0


async def test_who_stopped_marketing_gets_none():
    async with enforcing() as stage:
        await control(stage, "acts", customer="ana", act="stop_marketing")
        await stage.send(template(ANA))
        assert await failures(stage) == [131050]
        preference = next(value for value in stage.receiver.values() if "user_preferences" in value)
        assert (preference["user_preferences"][0]["value"], preference["user_preferences"][0]["wa_id"]) == ("stop", ANA)
        assert preference["metadata"]["phone_number_id"]
        await control(stage, "acts", customer="ana", act="resume_marketing")
        await advance(stage, 60)
        await stage.send(template(ANA))
        assert await failures(stage) == [131050]


async def test_blocked_in_either_direction_nothing_arrives():
    async with enforcing() as stage:
        await control(stage, "acts", customer="ana", act="block")
        await stage.send(template(ANA))
        assert await failures(stage) == [131026]
        await control(stage, "acts", customer="ana", act="unblock")
        await stage.write("ana", text="oi")
        path = f"/v25.0/{stage.simulator.settings.phone_number_id}/block_users"
        await stage.business.post(path, json={"messaging_product": "whatsapp", "block_users": [{"user": ANA}]})
        await advance(stage, 60)
        await stage.send(text(ANA))
        assert await failures(stage) == [131026, 130403]
        refused = await stage.business.post("/_control/messages", json={"customer": "ana", "text": "?"})
        assert refused.status_code == 422
        strange = await stage.business.post(path, json={"messaging_product": "whatsapp", "block_users": [{"user": DIEGO}]})
        assert strange.json()["block_users"]["failed_users"][0]["errors"][0]["code"] == 131047


async def test_a_test_number_writes_to_five_people_only():
    async with enforcing(allowed_recipients=(ANA,)) as stage:
        assert await code_of(stage, template(ANA)) is None
        assert await code_of(stage, template(DIEGO)) == 131030
    with pytest.raises(ValueError, match="at most 5"):
        Rules(allowed_recipients=["1"] * 6)


@pytest.mark.parametrize("code", [131031, 131042, 131037, 131057, 368, 190])
async def test_an_account_in_trouble_sends_nothing(code):
    async with enforcing() as stage:
        await stage.business.patch("/_control/rules", json={"account_error": code})
        assert await code_of(stage, template(ANA)) == code
        health = (await stage.business.get(f"/v25.0/{stage.simulator.settings.phone_number_id}?fields=health_status")).json()
        assert health["health_status"]["can_send_message"] == "BLOCKED"
        await stage.business.patch("/_control/rules", json={"account_error": None})
        assert await code_of(stage, template(ANA)) is None


@pytest.mark.parametrize("code", sorted(code for code in TITLES if code < 1_000_000))
def test_there_is_a_number_for_every_code_in_two_spellings(code):
    assert magic.order_of(f"15550000{code:06d}") == magic.order_of(f"1646555{code % 10_000:04d}") == (code, False)
    assert magic.order_of(f"15550001{code:06d}") == magic.order_of(f"1917555{code % 10_000:04d}") == (code, True)


async def test_magic_numbers_fail_at_once_or_later_or_never():
    async with enforcing() as stage:
        assert await code_of(stage, text("+15550000131047")) == 131047
        assert await code_of(stage, text("+16465550190")) == 190
        assert await code_of(stage, template("19175551049")) is None
        assert await failures(stage) == [131049]
        assert await code_of(stage, template("17185550001")) is None
        await stage.settled()
        assert stage.receiver.statuses()[-1]["recipient_id"] == "17185550001"
        assert stage.receiver.statuses()[-1]["status"] != "failed"


async def test_no_number_of_a_customer_is_magic():
    async with enforcing(customers=500) as stage:
        assert not any(magic.order_of(person.wa_id or "") for person in stage.simulator.world.customers)


async def test_utility_is_free_in_an_open_window():
    parameters = [{"type": "text", "text": "42"}, {"type": "text", "text": "Monday"}]
    update = {"name": "order_update", "language": {"code": "de"}, "components": [{"type": "body", "parameters": parameters}]}
    async with enforcing() as stage:
        await stage.send({**template(ANA), "template": update})
        await stage.write("ana", text="oi")
        await stage.send({**template(ANA), "template": update})
        await stage.settled()
        prices = [status["pricing"]["type"] for status in stage.receiver.statuses() if status["status"] == "sent"]
        assert sorted(prices) == ["free_customer_service", "regular"]  # webhooks may overtake each other
