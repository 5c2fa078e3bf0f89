"""What customers do besides writing: `POST /_control/acts` with `{"customer", "act", …}`.

| act | means | more |
|---|---|---|
| `read` | reads all that the business sent and they have not read, or one message | `message_id`? |
| `press` | presses a button, a list row or a quick reply: the latest message that has one | `message_id`?, `button`: number from 0, id, text, payload |
| `block`, `unblock` | blocks the business: what it sends fails with 131026 | |
| `stop_marketing`, `resume_marketing` | wants no marketing: the `user_preferences` webhook, then 131050 | |
| `change_number` | has another phone, and with it another BSUID: a `system` message | `phone` |
| `hide_phone`, `show_phone` | takes a username, so that the phone is missing; shows the phone again | `username`, `phone` |
"""

import dataclasses
from collections.abc import Callable, Mapping

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from cloud_api_simulator import updates
from cloud_api_simulator.answers import offers
from cloud_api_simulator.bodies import Json
from cloud_api_simulator.control.commands import ControlError, customer_named, read_command
from cloud_api_simulator.customers import Customer
from cloud_api_simulator.http import json_response, simulator_of
from cloud_api_simulator.simulator import Simulator
from cloud_api_simulator.webhooks import Update


class Act(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One act of one customer."""

    customer: str
    act: str
    message_id: str | None = None
    button: int | str = 0
    phone: str | None = None
    username: str | None = None


async def act(request: Request) -> Response:
    """Let a customer do something. Raises: ControlError."""
    simulator, command = simulator_of(request), await read_command(request, Act)
    customer = customer_named(request, command.customer)
    if command.act not in _ACTS:
        raise ControlError(f"act must be one of {', '.join(_ACTS)}")
    told = _ACTS[command.act](simulator, customer, command)
    for update in told:
        await simulator.delivery.put(update)
    return json_response({"customer": customer.key, "act": command.act, "told": [update.item for update in told]}, 202)


def _read(simulator: Simulator, customer: Customer, command: Act) -> list[Update]:
    received = [command.message_id] if command.message_id else [id for id, _ in simulator.world.thread(customer).received]
    for message_id in received:
        sending = simulator.sendings.get(message_id)
        entry = simulator.world.ledger.find(message_id)
        if sending is None or entry is None:
            raise ControlError("the business has sent no such message")
        if command.message_id or "read" not in entry.statuses:
            simulator.ladder.report("read", sending)
    return []


def _press(simulator: Simulator, customer: Customer, command: Act) -> list[Update]:
    received = dict(simulator.world.thread(customer).received)
    for message_id in [command.message_id] if command.message_id else list(reversed(received)):
        offered = offers(received[message_id], simulator.world) if message_id in received else []
        if offered:
            return [simulator.world.write(customer, _chosen(offered, command.button), quoting=message_id)]
    raise ControlError("the customer has got no message with anything to press")


def _chosen(offered: list[Json], button: int | str) -> Json:
    if isinstance(button, int):
        if not 0 <= button < len(offered):
            raise ControlError(f"there are {len(offered)} buttons, counted from 0")
        return offered[button]
    for tap in offered:
        inner = tap.get("button") or tap["interactive"][tap["interactive"]["type"]]
        if button in inner.values():
            return tap
    raise ControlError("no button has this id, text or payload")


def _blocking(*, is_on: bool) -> Callable[[Simulator, Customer, Act], list[Update]]:
    def carry_out(simulator: Simulator, customer: Customer, _command: Act) -> list[Update]:
        simulator.world.relations.change(customer.key).has_blocked = is_on
        return []

    return carry_out


def _marketing(word: str) -> Callable[[Simulator, Customer, Act], list[Update]]:
    def carry_out(simulator: Simulator, customer: Customer, _command: Act) -> list[Update]:
        simulator.world.relations.change(customer.key).has_stopped_marketing = word == "stop"
        return [updates.preference(customer.contact(), word, at_unix=int(simulator.world.now().timestamp()))]

    return carry_out


def _change_number(simulator: Simulator, customer: Customer, command: Act) -> list[Update]:
    if customer.wa_id is None:
        raise ControlError("this customer shows no phone")
    phone = _digits(command.phone)
    changed = dataclasses.replace(customer, wa_id=phone, user_id=f"{customer.user_id[:3]}{customer.user_id[:2:-1]}")
    body = f"User {customer.name} changed from {customer.wa_id} to {phone}"
    system = {"body": body, "type": "user_changed_number", "wa_id": phone, "user_id": changed.user_id, "previous_user_id": customer.user_id}
    update = simulator.world.write(customer, {"type": "system", "system": system})
    simulator.world.replace(changed)
    return [dataclasses.replace(update, contact=None)]


def _hide_phone(simulator: Simulator, customer: Customer, command: Act) -> list[Update]:
    username = command.username or customer.username or f"{customer.key}.hidden"
    simulator.world.replace(dataclasses.replace(customer, wa_id=None, username=username))
    return []


def _show_phone(simulator: Simulator, customer: Customer, command: Act) -> list[Update]:
    simulator.world.replace(dataclasses.replace(customer, wa_id=_digits(command.phone)))
    return []


def _digits(phone: str | None) -> str:
    digits = (phone or "").lstrip("+")
    if not (digits.isascii() and digits.isdigit()):
        raise ControlError("phone must be digits")
    return digits


_ACTS: Mapping[str, Callable[[Simulator, Customer, Act], list[Update]]] = {
    "read": _read,
    "press": _press,
    "block": _blocking(is_on=True),
    "unblock": _blocking(is_on=False),
    "stop_marketing": _marketing("stop"),
    "resume_marketing": _marketing("resume"),
    "change_number": _change_number,
    "hide_phone": _hide_phone,
    "show_phone": _show_phone,
}
