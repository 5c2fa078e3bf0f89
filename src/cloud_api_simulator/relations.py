"""Between the business and each user: who wrote when, who blocked whom, who wants no marketing. A user is a customer's key, or digits."""

from dataclasses import dataclass
from datetime import datetime, timedelta

SERVICE_WINDOW = timedelta(hours=24)  # Source: Cloud API messages, customer service windows; checked 2026-09


@dataclass(slots=True)
class Relation:
    """What holds between the business and one user."""

    last_wrote_at: datetime | None = None
    is_blocked: bool = False
    """By the business."""
    has_blocked: bool = False
    """The user has blocked the business."""
    has_stopped_marketing: bool = False

    def has_open_window(self, at: datetime) -> bool:
        """Tell whether any kind of message may be sent."""
        return self.last_wrote_at is not None and at - self.last_wrote_at < SERVICE_WINDOW


_NOTHING = Relation()


class Relations:
    """The relations that have begun. Reading one does not begin it."""

    def __init__(self) -> None:
        self._relations: dict[str, Relation] = {}

    def find(self, user: str) -> Relation:
        """Return what holds; not to be changed."""
        return self._relations.get(user, _NOTHING)

    def change(self, user: str) -> Relation:
        """Return the relation in order to change it."""
        return self._relations.setdefault(user, Relation())

    def blocked(self) -> list[str]:
        """Return the users whom the business has blocked, in the order of their first contact."""
        return [user for user, relation in self._relations.items() if relation.is_blocked]
