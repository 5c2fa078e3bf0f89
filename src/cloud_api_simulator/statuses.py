"""What becomes of a message of the business: sent, delivered, read, played or failed. Planning is pure, emitting is not."""

import dataclasses
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from cloud_api_simulator import bodies
from cloud_api_simulator.agenda import Agenda
from cloud_api_simulator.bodies import Json
from cloud_api_simulator.customers import Customer
from cloud_api_simulator.error_codes import TITLES
from cloud_api_simulator.settings import SimulatorSettings
from cloud_api_simulator.webhooks import Update
from cloud_api_simulator.world import World

UNDELIVERABLE = 131026
NEVER_READ = 0.1
READ_AT_ONCE = 0.1
"""The part of the read messages for which Meta sends no `delivered`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sending:
    """A message of the business that was accepted. `phone` is None for one addressed by BSUID; a lost one never gets a status."""

    message_id: str
    content: Json
    customer: Customer | None = None
    phone: str | None = None
    callback_data: str | None = None
    is_lost: bool = False
    is_reachable: bool = False
    """Whether it arrives although no customer has the number."""
    failure: tuple[int, str] | None = None
    """Code and details, when Meta took the message and refuses it later."""
    price: tuple[str, str] = ("service", "free_customer_service")
    """Category and type of the price."""


@dataclass(frozen=True, slots=True)
class Fate:
    """One coming status, and when, in seconds after the message was accepted."""

    after_seconds: float
    status: str


def plan(sending: Sending, settings: SimulatorSettings, stream: random.Random, *, failed_rate: float) -> list[Fate]:
    """Decide what becomes of a message, in the order of time."""
    if sending.is_lost:
        return []
    sent_at = stream.uniform(*settings.sent_after_seconds)
    is_nobody = sending.customer is None and not sending.is_reachable
    if sending.failure is not None or is_nobody or stream.random() < failed_rate:
        return [Fate(sent_at, "failed")]
    if sending.content["type"] == "reaction":
        return [Fate(sent_at, "sent")]
    delivered_at = sent_at + stream.uniform(*settings.delivered_after_seconds)
    if stream.random() < NEVER_READ:
        return [Fate(sent_at, "sent"), Fate(delivered_at, "delivered")]
    if stream.random() < READ_AT_ONCE:
        fates = [Fate(sent_at, "sent"), Fate(delivered_at, "read")]
    else:
        read_at = delivered_at + stream.uniform(*settings.read_after_seconds)
        fates = [Fate(sent_at, "sent"), Fate(delivered_at, "delivered"), Fate(read_at, "read")]
    if sending.content["type"] == "audio" and sending.content["audio"].get("voice") is True:
        fates.append(Fate(fates[-1].after_seconds + stream.uniform(*settings.read_after_seconds), "played"))
    return fates


def build(name: str, sending: Sending, world: World, *, is_priced: bool) -> Update:
    """Build one status as it happens now. A failed one comes without contact, and `sent` without username, as Meta has it."""
    customer = sending.customer
    is_failed = name == "failed"
    code, details = sending.failure or (UNDELIVERABLE, "Message Undeliverable.")
    item = bodies.status(
        name,
        message_id=sending.message_id,
        at_unix=int(world.now().timestamp()),
        wa_id=customer.wa_id if customer else sending.phone,
        user_id=customer.user_id if customer else None,
        parent_user_id=customer.parent_user_id if customer else None,
        callback_data=sending.callback_data,
        price=_price(sending) if is_priced and not is_failed else None,
        errors=[bodies.failure(code, TITLES[code], details)] if is_failed else None,
    )
    contact = None if customer is None or is_failed else customer.contact(shows_username=name != "sent")
    return Update(kind="statuses", item=item, contact=contact)


def _price(sending: Sending) -> Json:
    category, type = sending.price
    return bodies.pricing(category, type=type)


class Ladder:
    """Emits the planned statuses as time passes. `deliver` takes an update for good."""

    def __init__(self, world: World, agenda: Agenda, deliver: Callable[[Update], None]) -> None:
        self._world = world
        self._agenda = agenda
        self._deliver = deliver

    def start(self, sending: Sending) -> float | None:
        """Plan the message's statuses; return when it is read, in seconds from now, or None when it never is."""
        stream = self._world.stream(f"fate/{sending.message_id}")
        fates = plan(sending, self._world.settings, stream, failed_rate=self._world.rates.failed_status_rate)
        for step, fate in enumerate(fates):
            self._agenda.later(fate.after_seconds, partial(self.report, fate.status, sending, is_priced=step <= 1))
        return next((fate.after_seconds for fate in fates if fate.status == "read"), None)

    def report(self, name: str, sending: Sending, *, is_priced: bool = False, failure: tuple[int, str] | None = None) -> None:
        """Emit one status now. Meta puts a price on `sent` and on the first one after it. `failure` is why a `failed` one came about."""
        if failure is not None and sending.failure is None:
            sending = dataclasses.replace(sending, failure=failure)
        self._deliver(build(name, sending, self._world, is_priced=is_priced))
        entry = self._world.ledger.find(sending.message_id)
        if entry is not None:
            entry.statuses.append(name)
