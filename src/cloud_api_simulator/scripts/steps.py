"""The notation of the scripts: what a customer does next, in which words. Pure data.

Words may hold slots such as `{order}`; each conversation fills them once, so that it speaks of one order all along.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Step(NamedTuple):
    """One message. `kind` names what it is (see `rendering.py`), `texts` are wordings to choose from, `data` the rest of the content."""

    kind: str
    texts: tuple[str, ...] = ()
    data: Mapping[str, Any] = {}
    is_soon: bool = False
    """Typed right after the step before, so that both travel together."""


class Episode(NamedTuple):
    """One conversation from its first word to its last."""

    name: str
    steps: tuple[Step, ...]


class Phrasebook(NamedTuple):
    """One language: its episodes, what people answer when the business writes, and what fills the slots."""

    episodes: tuple[Episode, ...]
    answers: tuple[str, ...]
    slots: Mapping[str, tuple[str, ...]]


def say(*texts: str) -> Step:
    """A text."""
    return Step("text", texts)


def reply(*texts: str) -> Step:
    """A text that quotes the business's last message."""
    return Step("reply", texts)


def send(kind: str, *texts: str, **data: Any) -> Step:
    """A message of any other kind; `texts` become its caption, title or new wording."""
    return Step(kind, texts, data)


def at_once(step: Step) -> Step:
    """The same step, right after the one before it."""
    return step._replace(is_soon=True)
