"""Every captured body and the events that it becomes, as reviewed files in `golden/`.

After a change that is meant, run `REGENERATE_GOLDEN=1 pytest tests/connectors/test_parse_golden.py` and read the difference.
"""

import json
import os
from pathlib import Path

import msgspec
import pytest

from sigma.connectors.events import Event
from tests.connectors.webhooks import NAMES, parse_file

GOLDEN = Path(__file__).parent / "golden"
TOO_LONG_TO_READ = {"batch-250-statuses", "inbound-text-long-4096"}  # asserted by hand in test_parse_statuses and test_parse_messages
REVIEWED = [name for name in NAMES if name not in TOO_LONG_TO_READ]


def snapshot(event: Event) -> dict[str, object]:
    """The event's class and every field that is not at its default."""
    fields = msgspec.structs.fields(event)
    told = {field.name: getattr(event, field.name) for field in fields if getattr(event, field.name) != field.default}
    return {"event": type(event).__name__, **msgspec.json.decode(msgspec.json.encode(told))}


@pytest.mark.parametrize("name", REVIEWED)
def test_a_captured_body_becomes_its_reviewed_events(name):
    events = [snapshot(event) for event in parse_file(name)]
    file = GOLDEN / f"{name}.json"
    if os.environ.get("REGENERATE_GOLDEN"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(events, indent=1) + "\n")
    assert json.loads(file.read_text()) == events


def test_no_reviewed_file_is_left_over():
    assert sorted(file.stem for file in GOLDEN.glob("*.json")) == REVIEWED
