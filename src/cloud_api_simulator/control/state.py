"""How things stand, and the knobs: rates, rules, traffic, clock."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from cloud_api_simulator import updates
from cloud_api_simulator.bodies import Json
from cloud_api_simulator.control.commands import ControlError, changed, read_command
from cloud_api_simulator.http import json_response, simulator_of
from cloud_api_simulator.ledger import Direction
from cloud_api_simulator.simulator import Simulator

MAX_PAGE = 1000
MAX_DIGITS = 10
POLL_SECONDS = 0.005
MAX_WAIT_SECONDS = 600.0
DIRECTIONS: Mapping[str | None, Direction | None] = {None: None, "inbound": "inbound", "outbound": "outbound"}


class SetClock(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Time passes, or it is another time. Going back is possible; what has happened stays."""

    advance_seconds: float | None = None
    set: datetime | None = None


async def get_status(request: Request) -> Response:
    """Say how things stand."""
    return json_response(_status(simulator_of(request)))


def _status(simulator: Simulator) -> Json:
    world, delivery = simulator.world, simulator.delivery
    delivered = {"queued": delivery.queued, "pending": delivery.pending, **msgspec.to_builtins(delivery.counters)}
    callbacks = world.callbacks
    return {
        "callback_url": callbacks.app.url if callbacks.app else None,
        "overrides": {"phone": callbacks.phone and callbacks.phone.url, "waba": callbacks.waba and callbacks.waba.url},
        "is_subscribed": callbacks.is_subscribed,
        "phone_number_id": world.settings.phone_number_id,
        "waba_id": world.settings.waba_id,
        "app_id": world.settings.app_id,
        "seed": world.settings.seed,
        "now": world.now().isoformat(),
        "verification": msgspec.to_builtins(simulator.handshake.verification),
        "traffic": {"is_running": simulator.traffic.is_running},
        "rates": msgspec.to_builtins(world.rates),
        "rules": msgspec.to_builtins(world.rules),
        "portfolio_users": world.limits.portfolio.used(world.now().timestamp()),
        "delivery": delivered,
        "still_to_happen": len(simulator.agenda),
        "on_the_calendar": len(simulator.calendar),
        "is_idle": simulator.is_idle,
        "recorded": world.ledger.recorded,
        "accepted": world.sends.accepted,
    }


async def wait_until_idle(request: Request) -> Response:
    """Answer as soon as nothing is left to deliver or to happen, or when `within_seconds` are over."""
    simulator = simulator_of(request)
    return json_response({"is_idle": await _until(lambda: simulator.is_idle, request)})


async def _until(condition: Callable[[], bool], request: Request) -> bool:
    """Wait for a condition, `within_seconds` at most; return whether it came about."""
    try:
        within_seconds = float(request.query_params.get("within_seconds", "10"))
        async with asyncio.timeout(min(within_seconds, MAX_WAIT_SECONDS)):
            while not condition():  # noqa: ASYNC110  # the state of several objects, none of them has an event
                await asyncio.sleep(POLL_SECONDS)
    except ValueError as error:
        raise ControlError("within_seconds must be a number") from error
    except TimeoutError:
        return condition()
    return True


async def list_customers(request: Request) -> Response:
    """List who is there, and what holds between each and the business."""
    world = simulator_of(request).world
    keys = ("key", "name", "language", "wa_id", "user_id", "parent_user_id", "username")
    people: list[Json] = []
    for person in world.customers:
        relation = world.relations.find(person.key)
        known = {key: getattr(person, key) for key in keys}
        flags = {"is_blocked": relation.is_blocked, "has_blocked": relation.has_blocked}
        marketing = {"has_stopped_marketing": relation.has_stopped_marketing, "has_open_window": relation.has_open_window(world.now())}
        people.append({**known, **flags, **marketing})
    return json_response({"customers": people})


async def list_ledger(request: Request) -> Response:
    """List what was said. `next_after` is the `after` of the next page, or null at the end."""
    query, ledger = request.query_params, simulator_of(request).world.ledger
    after, limit = _number(query.get("after", "0")), min(_number(query.get("limit", "100")), MAX_PAGE)
    if query.get("direction") not in DIRECTIONS:
        raise ControlError("direction must be inbound or outbound")
    direction = DIRECTIONS[query.get("direction")]
    entries = ledger.page(after=after, limit=limit, direction=direction, callback_data=query.get("callback_data"))
    next_after = entries[-1].position if len(entries) == limit and entries else None
    return json_response({"recorded": ledger.recorded, "entries": msgspec.to_builtins(entries), "next_after": next_after})


async def list_sends(request: Request) -> Response:
    """Count the messages that were ever accepted, exactly: the proof that nothing was sent twice. `accepted=N` waits for so many."""
    sends, wanted = simulator_of(request).world.sends, request.query_params.get("callback_data")
    if "accepted" in request.query_params:
        enough = _number(request.query_params["accepted"])
        await _until(lambda: sends.accepted >= enough, request)
    if wanted is not None:
        return json_response({"callback_data": wanted, "message_ids": sends.of(wanted)})
    counts = {"accepted": sends.accepted, "distinct_callback_data": sends.distinct}
    return json_response({**counts, "without_callback_data": sends.without_callback_data, "repeated": sends.repeated()})


async def change_rates(request: Request) -> Response:
    """Change how often things happen and go wrong. What is not named stays."""
    simulator = simulator_of(request)
    simulator.world.rates = await changed(request, simulator.world.rates)
    simulator.traffic.poke()
    return json_response(msgspec.to_builtins(simulator.world.rates))


async def get_rules(request: Request) -> Response:
    """Say what Meta allows."""
    return json_response(msgspec.to_builtins(simulator_of(request).world.rules))


async def change_rules(request: Request) -> Response:
    """Change what Meta allows. What is not named stays; a new messaging limit or more throughput is told by webhook, as Meta does."""
    simulator = simulator_of(request)
    before, world = simulator.world.rules, simulator.world
    world.rules = await changed(request, before)
    if world.rules.messaging_limit_tier != before.messaging_limit_tier:
        simulator.delivery.take(updates.messaging_limit(world.rules.messaging_limit_tier))
    if world.rules.throughput_mps > before.throughput_mps:
        simulator.delivery.take(updates.throughput(world.settings.display_phone_number, world.rules.messaging_limit_tier))
    return json_response(msgspec.to_builtins(world.rules))


async def start_traffic(request: Request) -> Response:
    """Let the customers write on their own."""
    simulator_of(request).traffic.start()
    return json_response({"is_running": True})


async def stop_traffic(request: Request) -> Response:
    """Let the customers pause. What is on its way still arrives."""
    simulator_of(request).traffic.stop()
    return json_response({"is_running": False})


async def set_clock(request: Request) -> Response:
    """Set the world's time; what was to happen until then happens next."""
    simulator, command = simulator_of(request), await read_command(request, SetClock)
    if (command.advance_seconds is None) == (command.set is None):
        raise ControlError("give either advance_seconds or set")
    seconds = command.advance_seconds or 0.0
    if command.set is not None:
        moment = command.set if command.set.tzinfo else command.set.replace(tzinfo=UTC)
        seconds = (moment - simulator.world.now()).total_seconds()
    simulator.pass_time(seconds)
    return json_response({"now": simulator.world.now().isoformat()})


def _number(digits: str) -> int:
    if not (digits.isascii() and digits.isdigit() and len(digits) <= MAX_DIGITS):
        raise ControlError("after and limit must be numbers")
    return int(digits)
