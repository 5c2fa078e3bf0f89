"""Meta's rules as pure functions: the window, the pace of a number, the pace towards one recipient, and when to try again."""

import random
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sigma.connectors.whatsapp.error_rules import ErrorClass
from sigma.connectors.whatsapp.errors import rule_for
from sigma.contacts.consent import ConsentPurpose
from sigma.conversations.models import CUSTOMER_SERVICE_WINDOW
from sigma.sending.models import Lane

WINDOW_MARGIN = timedelta(minutes=2)
"""Meta's clock decides: a message that leaves in the last moments may arrive after them."""

DEFAULT_THROUGHPUT = 80.0
"""Messages per second of one number. Source: Cloud API throughput, updated 2026-05-21."""

PAIR_INTERVAL_SECONDS = 6.0
PAIR_BURST = 45
"""One message per 6 seconds to one recipient, a burst of 45 borrowed from the future. Source: Cloud API pair rate limits; checked 2026-09."""

_BORROWED_SECONDS = PAIR_INTERVAL_SECONDS * (PAIR_BURST - 1)
_MOST_PAIRS = 100_000
_EARLY_SECONDS = 0.5  # a message that came back for its own moment, a little early by another clock, keeps it

Pair = tuple[UUID, bytes]
"""(workspace id, recipient's hash)."""

MAX_FAILURES = 8
"""After how many failed tries a message is given up, when neither the error's own rule nor time says so."""

MAX_WAIT = timedelta(hours=24)
"""How long a message waits for a limit to be free, or for a connection: later it would be news of yesterday."""

_BACKOFF_SECONDS = (1, 4, 16, 60, 300, 900, 1800, 3600)


def is_window_open(last_inbound_at: datetime | None, *, now: datetime) -> bool:
    """Whether anything but a template may be sent now."""
    return last_inbound_at is not None and now - last_inbound_at < CUSTOMER_SERVICE_WINDOW - WINDOW_MARGIN


def is_refused(refused: Collection[ConsentPurpose], lane: Lane) -> bool:
    """Whether an opt-out forbids a message that the business starts. Bulk counts as marketing: what a single template is, Meta knows."""
    return ConsentPurpose.ALL in refused or (lane is Lane.BULK and ConsentPurpose.MARKETING in refused)


def gives_up(code: int | None, failures: int, *, waited: timedelta) -> bool:
    """Whether to stop trying after so many failures. A limit, or a missing connection, is waited for; a fault of Meta's is not for long."""
    rule = rule_for(code) if code is not None else None
    if rule is None or (rule.error_class is ErrorClass.WAIT and rule.max_attempts is None):
        return waited > MAX_WAIT
    return failures >= (rule.max_attempts or MAX_FAILURES)


def window_advice(last_inbound_at: datetime | None) -> str:
    """Return a sentence that says since when the window is closed and what to do."""
    if last_inbound_at is None:
        return "The contact has not written yet, so only a template may be sent: use templateName."
    closed_at = last_inbound_at + CUSTOMER_SERVICE_WINDOW
    return f"The customer service window closed at {closed_at:%Y-%m-%d %H:%M} UTC, so only a template may be sent: use templateName."


def retry_after(failures: int, *, hint: timedelta | None, pair: bool, chance: random.Random) -> timedelta:
    """Return how long to wait before the next try, with 20 % of jitter; a platform's own hint counts as the least."""
    seconds = min(4.0**failures, 3600.0) if pair else float(_BACKOFF_SECONDS[min(failures, len(_BACKOFF_SECONDS) - 1)])
    wait = timedelta(seconds=seconds * chance.uniform(0.8, 1.2))
    return max(wait, hint) if hint is not None else wait


@dataclass(slots=True)
class NumberPace:
    """How fast one number sends. No second, wherever it begins, sees more than `limit` messages."""

    limit: float = DEFAULT_THROUGHPUT
    ceiling: float = DEFAULT_THROUGHPUT
    tokens: float = field(default=1.0)
    updated_at: float = field(default=0.0)
    held_until: float = field(default=0.0)

    def available(self, now: float) -> int:
        """Return how many messages may leave at this moment (monotonic seconds)."""
        if now < self.held_until:
            return 0
        elapsed = max(0.0, now - self.updated_at)
        self.updated_at = now
        self.limit = min(self.ceiling, self.limit + elapsed * self.ceiling / 60)  # back to full speed within a minute
        capacity = max(1.0, self.limit * 0.05)
        self.tokens = min(capacity, self.tokens + elapsed * (self.limit - min(capacity, self.limit * 0.5)))
        return int(self.tokens)

    def take(self, count: int) -> None:
        """Count messages that leave now."""
        self.tokens -= count

    def slow_down(self, now: float, *, seconds: float = 1.0) -> None:
        """The platform said that it was too much: hold the number for a moment and go on more slowly."""
        if now >= self.held_until:
            self.limit = max(1.0, self.limit * 0.7)
        self.held_until = max(self.held_until, now + seconds)
        self.tokens = 0.0


class PairPace:
    """How fast one number may write to one recipient. Forgets pairs that have caught up."""

    def __init__(self) -> None:
        self._due: dict[Pair, float] = {}
        self._planned: dict[Pair, float] = {}

    def wait_seconds(self, workspace_id: UUID, recipient: bytes, now: float) -> float:
        """Return how long a message to this recipient must wait: 0 to send now, which is then counted.

        Messages that must wait long are given one moment each, so that they do not all come back at the first.
        """
        pair = (workspace_id, recipient)
        due = max(self._due.get(pair, now), now)
        wait = due - now - _BORROWED_SECONDS
        if wait > _EARLY_SECONDS:
            at = max(now + wait, self._planned.get(pair, 0.0))
            self._planned[pair] = at + PAIR_INTERVAL_SECONDS
            return at - now
        if wait > 0:
            return wait
        self._due[pair] = due + PAIR_INTERVAL_SECONDS
        self._forget(now)
        return 0.0

    def hold(self, workspace_id: UUID, recipient: bytes, now: float, *, seconds: float) -> None:
        """The platform said that it was too much for this recipient: nothing more for a while."""
        pair = (workspace_id, recipient)
        self._due[pair] = max(self._due.get(pair, now), now + _BORROWED_SECONDS + seconds)

    def _forget(self, now: float) -> None:
        if len(self._due) > _MOST_PAIRS:
            self._due = {pair: at for pair, at in self._due.items() if at > now}
            self._planned = {pair: at for pair, at in self._planned.items() if at > now}
