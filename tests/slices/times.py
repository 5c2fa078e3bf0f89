"""The time of the bodies that tests write, as GraphQL tells it."""

from datetime import UTC, datetime, timedelta

from tests.slices.bodies import START


def moment(at: int) -> datetime:
    """The instant `at` seconds after the start."""
    return datetime.fromtimestamp(START, UTC) + timedelta(seconds=at)


def instant(at: int) -> str:
    return moment(at).isoformat()
