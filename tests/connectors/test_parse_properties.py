"""Generated input: nothing raises, nothing unstorable comes out, and a broken item leaves its neighbours alone."""

import copy
import json
import math
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sigma.connectors.events import Event, Malformed
from tests.connectors.webhooks import NAMES, body_of, parse, raw_of, webhook

QUICK = settings(max_examples=300, deadline=None, derandomize=True)
BULK = settings(max_examples=20_000, deadline=None)

TEXTS = st.text(st.characters() | st.sampled_from("\0\ud800\udfff"), max_size=20)
NUMBERS = st.booleans() | st.integers() | st.integers(2**60, 2**70) | st.floats()
SCALARS = st.none() | NUMBERS | TEXTS | st.sampled_from(["system", "edit", ""])
KEYS = TEXTS | st.sampled_from(["id", "type", "from", "text", "errors", "context", "messages", "body", "timestamp", "user_id", "contacts"])
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12)
# The captured bodies with a list of items, and where that list stands.
LISTS = {
    "inbound-text": ("messages",),
    "inbound-reaction": ("messages",),
    "system-user-changed-number": ("messages",),
    "status-sent-pmp-with-conversation": ("statuses",),
    "value-errors-account-level": ("errors",),
    "user-actions-marketing-link-click": ("user_actions",),
    "smb-message-echo-edit": ("message_echoes",),
    "smb-app-state-sync-add": ("state_sync",),
    "history-threads": ("history", 0, "threads", 0, "messages"),
    "calls-connect-user-initiated": ("calls",),
    "group-join-request-created": ("groups",),
    "user-preferences-resume": ("user_preferences",),
    "automatic-events-lead": ("automatic_events",),
    "standby-message": ("standby", "messages"),
}


def check_storable(value: Any) -> None:
    """What goes into text and jsonb columns: no NUL, no surrogate, no integer beyond 64 bits, no NaN, no time without a zone."""
    if isinstance(value, str):
        assert not any(letter == "\0" or "\ud800" <= letter <= "\udfff" for letter in value)
    elif isinstance(value, dict):
        for key, item in value.items():
            check_storable(key)
            check_storable(item)
    elif isinstance(value, list | tuple):
        for item in value:
            check_storable(item)
    elif isinstance(value, msgspec.Struct):
        check_storable([getattr(value, name) for name in value.__struct_fields__])
    elif isinstance(value, float):
        assert math.isfinite(value)
    elif isinstance(value, datetime):
        assert value.utcoffset() == timedelta(0)
    elif isinstance(value, int):
        assert abs(value) < 2**63


def parse_and_check(raw: bytes) -> list[Event]:
    events = parse(raw)
    for event in events:
        check_storable(event)
        msgspec.json.encode(event)
        assert not (isinstance(event, Malformed) and event.reason.startswith("the parser failed"))
    assert len({event.path for event in events}) == len(events)
    return events


def check_any_bytes(raw: bytes) -> None:
    parse_and_check(raw)


def check_damaged_bytes(name: str, at: int, damage: bytes, length: int) -> None:
    raw = raw_of(name)
    at %= len(raw)
    parse_and_check(raw[:at] + damage + raw[at + length :])


def check_any_json(body: Any) -> None:
    parse_and_check(json.dumps(body).encode())
    parse_and_check(webhook(body))


def check_mutated_body(name: str, steps: list[int], junk: Any, rename: str | None) -> None:
    """Walk into a real body and replace (or rename the key of) whatever stands there."""
    body: Any = body_of(name)
    parent: Any = None
    place: Any = None
    here = body
    for step in steps:
        if not (isinstance(here, dict | list) and here):
            break
        parent, place = here, (sorted(here)[step % len(here)] if isinstance(here, dict) else step % len(here))
        here = parent[place]
    if parent is None:
        return
    if rename is not None and isinstance(parent, dict):
        parent[rename] = parent.pop(place)
    else:
        parent[place] = junk
    parse_and_check(json.dumps(body).encode())


def check_neighbours(name: str, junk: Any) -> None:
    """Put junk between two good items: the good ones become the same events as without it."""
    where = LISTS[name]
    body = body_of(name)
    value = body["entry"][0]["changes"][0]["value"]
    for step in where[:-1]:
        value = value[step]
    (good, *_) = value[where[-1]]
    value[where[-1]] = [copy.deepcopy(good)]
    (alone,) = parse(json.dumps(body).encode())[:1]
    value[where[-1]] = [good, junk, good]
    events = parse_and_check(json.dumps(body).encode())
    path = alone.path.removesuffix("[0]")
    told = {event.path: event for event in events}
    assert told[f"{path}[0]"] == alone
    assert told[f"{path}[2]"] == msgspec.structs.replace(alone, path=f"{path}[2]")
    assert f"{path}[1]" in told


BYTES = {"raw": st.binary(max_size=200)}
DAMAGE = {
    "name": st.sampled_from(NAMES),
    "at": st.integers(0, 10_000),
    "damage": st.binary(max_size=8) | st.sampled_from([b'"', b"\\u0000", b"\\ud800", b"{", b"]", b"null", b"1e999", b"[" * 80]),
    "length": st.integers(0, 12),
}
ANY_JSON = {"body": JSON}
MUTATION = {
    "name": st.sampled_from(NAMES),
    "steps": st.lists(st.integers(0, 30), min_size=1, max_size=12),
    "junk": JSON,
    "rename": st.none() | KEYS,
}
NEIGHBOURS = {"name": st.sampled_from(sorted(LISTS)), "junk": JSON}

test_any_bytes_are_told_or_refused = QUICK(given(**BYTES)(check_any_bytes))
test_damaged_bodies_are_told_or_refused = QUICK(given(**DAMAGE)(check_damaged_bytes))
test_any_json_is_told_or_refused = QUICK(given(**ANY_JSON)(check_any_json))
test_mutated_bodies_are_told_or_refused = QUICK(given(**MUTATION)(check_mutated_body))
test_a_broken_item_leaves_its_neighbours_alone = QUICK(given(**NEIGHBOURS)(check_neighbours))

test_any_bytes_in_bulk = pytest.mark.fuzz(pytest.mark.timeout(900)(BULK(given(**BYTES)(check_any_bytes))))
test_damaged_bodies_in_bulk = pytest.mark.fuzz(pytest.mark.timeout(900)(BULK(given(**DAMAGE)(check_damaged_bytes))))
test_any_json_in_bulk = pytest.mark.fuzz(pytest.mark.timeout(900)(BULK(given(**ANY_JSON)(check_any_json))))
test_mutated_bodies_in_bulk = pytest.mark.fuzz(pytest.mark.timeout(900)(BULK(given(**MUTATION)(check_mutated_body))))
test_neighbours_in_bulk = pytest.mark.fuzz(pytest.mark.timeout(900)(BULK(given(**NEIGHBOURS)(check_neighbours))))


@pytest.mark.parametrize("name", NAMES)
def test_replaying_a_body_tells_the_same(name):
    assert parse_and_check(raw_of(name)) == parse(raw_of(name))
    assert parse(json.dumps(body_of(name), ensure_ascii=False).encode()) == parse(raw_of(name))
