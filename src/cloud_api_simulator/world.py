"""The state of the simulated world: one business number, its customers, what was said. No HTTP and no timers here."""

import random
from collections import deque
from collections.abc import Iterable
from datetime import datetime

from cloud_api_simulator import bodies, customers, media
from cloud_api_simulator.bodies import Json
from cloud_api_simulator.clock import WorldClock
from cloud_api_simulator.customers import Customer
from cloud_api_simulator.ids import Ids
from cloud_api_simulator.ledger import Ledger
from cloud_api_simulator.settings import SimulatorSettings, rates_of
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
        self.customers = customers.cast(settings.customers, self.stream("customers"))
        self._directory = customers.directory(self.customers)
        self.threads = {customer.key: Thread() for customer in self.customers}
        self.ledger = Ledger(settings.ledger_limit)
        self.media = media.MediaShelf(limit=settings.media_limit, ids=self.ids, stream=self.stream("media"))
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
        self.ledger.record("inbound", message_id, customer=customer.key, kind=content["type"], at=at, content=content)
        return Update(kind="messages", item=item, contact=customer.contact())

    def receive(self, message_id: str, content: Json, *, customer: Customer | None) -> None:
        """Record what the business wrote; `customer` is None for an address that nobody here has."""
        if customer is not None:
            self.thread(customer).received.append((message_id, content))
        key = None if customer is None else customer.key
        self.ledger.record("outbound", message_id, customer=key, kind=content["type"], at=self.now(), content=content)

    def note(self, found: Iterable[tuple[str, str]]) -> None:
        """Record messages, as (id, type), of a body that was made elsewhere, so that they can be marked as read."""
        for message_id, kind in found:
            self.ledger.record("inbound", message_id, customer=None, kind=kind, at=self.now(), content={})
