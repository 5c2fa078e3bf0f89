"""Takes out of Meta's sentences what must not be stored or shown: addresses, tokens, and the words of the message itself."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

MASK = "…"
MAX_CHARS = 500
_SHORTEST_SECRET_CHARS = 3

_USER_ID = re.compile(r"\b[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]+")
_TOKEN = re.compile(r"\bEAA[\w-]*|(?=[^\s'\"]*[A-Z])(?=[^\s'\"]*\d)[\w.|+/=-]{20,}")
# Seven digits are the shortest phone numbers in use without the country's code; Meta's error codes have fewer, its ids more.
_NUMBER = re.compile(r"\+?\d(?:[ ().-]{0,2}\d){6,}")
# What Meta itself gave the meaning to: it says which part is wrong and holds nothing private.
_NOT_PRIVATE = frozenset(
    {"messaging_product", "recipient_type", "type", "sub_type", "index", "parameter_name", "flow_message_version", "flow_action", "code"}
)


def scrub(text: str, secrets: Iterable[str] = ()) -> str:
    """Return the text, cut to 500 characters, without user ids, tokens, seven digits or more in a row, and any of `secrets`."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET_CHARS:
            text = text.replace(secret, MASK)
    for pattern in (_TOKEN, _USER_ID, _NUMBER):
        text = pattern.sub(MASK, text)
    return text if len(text) <= MAX_CHARS else text[:MAX_CHARS] + MASK


def private_texts(payload: dict[str, Any]) -> Iterator[str]:
    """Yield every string of a send that came from a person; a template's name and language are none."""
    for key, value in payload.items():
        if key == "template" and isinstance(value, dict):
            yield from _leaves(value.get("components"))
        elif key not in _NOT_PRIVATE:
            yield from _leaves(value)


def _leaves(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key not in _NOT_PRIVATE:
                yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
