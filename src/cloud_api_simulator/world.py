"""The state of the simulated world: one business number, its customers, what was said. No HTTP and no timers here."""

import random
from collections import deque
from collections.abc import Iterable
from datetime import datetime

from cloud_api_simulator import bodies, customers, media
from cloud_api_simulator.access import Tokens
from cloud_api_simulator.bodies import Json
from cloud_api_simulator.callbacks import Callback, Callbacks
from cloud_api_simulator.clock import WorldClock
from cloud_api_simulator.customers import Customer
from cloud_api_simulator.ids import Ids
from cloud_api_simulator.ledger import Ledger, LedgerEntry, Sends
from cloud_api_simulator.limits import Limits
from cloud_api_simulator.number import Number
from cloud_api_simulator.relations import Relations
from cloud_api_simulator.settings import SimulatorSettings, rates_of, rules_of
from cloud_api_simulator.templates import TemplateShelf
from cloud_api_simulator.webhooks import Address, Update

REMEMBERED = 20
"""How many of the latest messages each side of a thread can still refer to."""


class Thread:
    """What a customer sees on the phone: the last messages written and received, as (message id, content)."""

    def __init__(self) -> None:
        self.written: deque[tuple[str, Json]] = deque(maxlen=REMEMBERED)
        self.received: deque[tuple[str, Json]] = deque(maxlen=REMEMBERED)
        self.reacted_to: str | None = None

    def last_written(self, type: str | None = None) -> str | None:
        """Return the id of the customer's latest message of this type (of any real content when None)."""
        wanted = {type} if type else {"text", "image", "audio", "video", "document"}
        return next((id for id, content in reversed(self.written) if content["type"] in wanted), None)

    def last_received(self) -> str | None:
        """Return the id of the business's latest message."""
        return self.received[-1][0] if self.received else None


class World:
    """Everything that is random is drawn from `seed`; ids also depend on the moment the world began, so that two runs never share one."""

    def __init__(self, settings: SimulatorSettings) -> None:
        self.settings = settings
        self.rates = rates_of(settings)
        self.clock = WorldClock(settings.clock)
        self.base_url = settings.base_url
        self.began_at = self.now()
        self.ids = Ids(lambda sort: self.stream(f"ids/{self.began_at.isoformat()}/{sort}"))
        self._people = {each.key: each for each in customers.cast(settings.customers, self.stream("customers"))}
        self._directory = customers.directory(self.customers)
        self.threads = {customer.key: Thread() for customer in self.customers}
        self.ledger = Ledger(settings.ledger_limit)
        self.sends = Sends()
        self.media = media.MediaShelf(
            limit=settings.media_limit, limit_bytes=settings.upload_limit_bytes, ids=self.ids, stream=self.stream("media")
        )
        self.rules = rules_of(settings)
        self.limits = Limits()
        self.relations = Relations()
        self.number = Number(onboarded_at=self.began_at)
        self.templates = TemplateShelf(self.stream("templates"), at=self.began_at, has_starters=settings.starter_templates)
        self.tokens = Tokens(app_id=settings.app_id, app_secret=settings.app_secret, access_token=settings.access_token, at=self.began_at)
        app = Callback(settings.callback_url, settings.verify_token) if settings.callback_url else None
        self.callbacks = Callbacks(app=app, is_subscribed=settings.subscribed)
        self.address = Address(
            waba_id=settings.waba_id, phone_number_id=settings.phone_number_id, display_phone_number=settings.display_phone_number
        )

    def now(self) -> datetime:
        """Return the world's present instant in UTC."""
        return self.clock.now()

    def stream(self, name: str) -> random.Random:
        """Return a random source of its own for one purpose: drawing from it disturbs no other."""
        return random.Random(f"{self.settings.seed}/{name}")

    def thread(self, customer: Customer) -> Thread:
        """Return this customer's side of the conversation."""
        return self.threads[customer.key]

    @property
    def customers(self) -> tuple[Customer, ...]:
        """Everybody, in the order of the cast."""
        return tuple(self._people.values())

    def customer(self, key: str) -> Customer:
        """Return a customer as he is now."""
        return self._people[key]

    def replace(self, customer: Customer) -> None:
        """Let a customer be reached in another way from now on; the old addresses lead nowhere."""
        self._people[customer.key] = customer
        self._directory = customers.directory(self.customers)

    def find_customer(self, name: str) -> Customer | None:
        """Return the customer with this key, phone number or BSUID, or None."""
        return self._directory.get(name.lstrip("+"))

    def attach(self, mime_type: str) -> Json:
        """Make a new file and return it as a webhook names it."""
        at = self.now()
        file = self.media.add(mime_type, at=at)
        url = None if self.base_url is None else self.media.url(file, base_url=self.base_url, at=at, source="webhook")
        return media.reference(file, url=url)

    def write(self, customer: Customer, content: Json, *, quoting: str | None = None) -> Update:
        """Let a customer write: the message goes into thread and ledger, the returned update to the delivery."""
        at, message_id = self.now(), self.ids.inbound(customer.address)
        item = bodies.message(
            content,
            id=message_id,
            at_unix=int(at.timestamp()),
            wa_id=customer.wa_id,
            user_id=customer.user_id,
            parent_user_id=customer.parent_user_id,
            quoting=None if quoting is None else bodies.context(self.settings.display_phone_number, quoting),
        )
        thread = self.thread(customer)
        thread.written.append((message_id, content))
        reaction = content.get("reaction")
        if isinstance(reaction, dict):
            thread.reacted_to = reaction.get("message_id") if reaction.get("emoji") else None
        if content["type"] != "system":
            self.relations.change(customer.key).last_wrote_at = at
        self.limits.second.add(at.timestamp())
        entry = LedgerEntry(direction="inbound", message_id=message_id, customer=customer.key, kind=content["type"], at=at, content=content)
        self.ledger.record(entry)
        return Update(kind="messages", item=item, contact=customer.contact())

    def receive(self, entry: LedgerEntry) -> None:
        """Record what the business wrote; `entry.customer` is None for an address that nobody here has."""
        if entry.customer is not None:
            self.threads[entry.customer].received.append((entry.message_id, entry.content))
        self.ledger.record(entry)
        self.sends.record(entry.message_id, entry.callback_data)

    def note(self, found: Iterable[tuple[str, str]]) -> None:
        """Record messages, as (id, type), of a body that was made elsewhere, so that they can be marked as read."""
        for message_id, kind in found:
            entry = LedgerEntry(direction="inbound", message_id=message_id, customer=None, kind=kind, at=self.now(), content={})
            self.ledger.record(entry)
