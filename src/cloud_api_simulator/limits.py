"""How much may be sent: messages a second, messages to one user, new users a day. Times are seconds since the epoch, handed in.

Source: Cloud API throughput, pair rate and messaging limits pages; checked 2026-09 (cloud-api.md 9).
"""

from collections import OrderedDict, deque
from dataclasses import dataclass

PAIR_SECONDS = 6.0
PAIR_BURST = 45
DAY_SECONDS = 86_400.0
HOUR_SECONDS = 3_600.0
FORGET_PAIRS_ABOVE = 10_000


class Window:
    """Counts events of the last `seconds`."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._times: deque[float] = deque()

    def count(self, at: float) -> int:
        """Return how many events lie less than a window back."""
        self._forget(at)
        return len(self._times)

    def add(self, at: float) -> None:
        """Count one event."""
        self._forget(at)
        self._times.append(at)

    def _forget(self, at: float) -> None:
        while self._times and self._times[0] <= at - self._seconds:
            self._times.popleft()


@dataclass(slots=True)
class _Pair:
    burst_began_at: float
    burst: int
    free_at: float
    """When every message so far has had its six seconds."""


class PairRate:
    """One message per six seconds to the same user. Up to 45 within six seconds are lent, and silence pays them back."""

    def __init__(self) -> None:
        self._pairs: dict[str, _Pair] = {}

    def take(self, user: str, at: float) -> bool:
        """Count a message to this user; return False, and count nothing, when it comes too soon."""
        pair = self._pairs.get(user)
        if pair is None or at >= pair.free_at:
            self._forget_some(at)
            self._pairs[user] = _Pair(burst_began_at=at, burst=1, free_at=at + PAIR_SECONDS)
            return True
        if at - pair.burst_began_at >= PAIR_SECONDS or pair.burst >= PAIR_BURST:
            return False
        pair.burst += 1
        pair.free_at += PAIR_SECONDS
        return True

    def _forget_some(self, at: float) -> None:
        if len(self._pairs) > FORGET_PAIRS_ABOVE:
            self._pairs = {user: pair for user, pair in self._pairs.items() if pair.free_at > at}


class Portfolio:
    """Unique users whom the business wrote to on its own, in a moving 24 h. All numbers of the portfolio share it."""

    def __init__(self) -> None:
        self._users: OrderedDict[str, float] = OrderedDict()

    def used(self, at: float) -> int:
        """Return how many users count at this moment."""
        while self._users and next(iter(self._users.values())) <= at - DAY_SECONDS:
            self._users.popitem(last=False)
        return len(self._users)

    def take(self, user: str, at: float, *, limit: int | None) -> bool:
        """Count a user; return False, and count nothing, when it would be one too many."""
        used = self.used(at)
        if user not in self._users and limit is not None and used >= limit:
            return False
        self._users[user] = at
        self._users.move_to_end(user)
        return True


class Limits:
    """All counters of one number and its portfolio."""

    def __init__(self) -> None:
        self.second = Window(1.0)
        self.pairs = PairRate()
        self.portfolio = Portfolio()
        self.management = Window(HOUR_SECONDS)
        self.registrations = Window(3 * DAY_SECONDS)
        self.template_creations = Window(HOUR_SECONDS)
