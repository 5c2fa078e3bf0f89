"""Webhook bodies for the connector's tests: the captured ones by name, and small ones written by the test that needs them."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sigma.connectors.whatsapp.parse import parse_webhook

FOLDER = Path(__file__).parents[1] / "data" / "whatsapp" / "webhooks"
NAMES = sorted(file.stem for file in FOLDER.glob("*.json"))
RECEIVED_AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)  # the bodies' times are around 2026-01-01T00:00Z

PHONE_NUMBER_ID = "106540352242922"
BUSINESS = "15550783881"
SHEENA = "16505551234"
SHEENA_ID = "US.13491208655302741918"


def raw_of(name: str) -> bytes:
    return (FOLDER / f"{name}.json").read_bytes()


def body_of(name: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(raw_of(name))
    return body


def value_of(name: str) -> dict[str, Any]:
    value: dict[str, Any] = body_of(name)["entry"][0]["changes"][0]["value"]
    return value


def parse(raw: bytes) -> list[Any]:
    """The events of a body; `Any`, because the test that asks says which kinds it expects."""
    return list(parse_webhook(raw, received_at=RECEIVED_AT))


def parse_file(name: str) -> list[Any]:
    return parse(raw_of(name))


def only_of(name: str) -> Any:
    """The only event of a captured body."""
    (event,) = parse_file(name)
    return event


def webhook(value: object, *, field: str = "messages", entry: dict[str, Any] | None = None) -> bytes:
    entry = {"id": "102290129340398", "changes": [{"field": field, "value": value}]} | (entry or {})
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


def value(**lists: object) -> dict[str, Any]:
    return {"messaging_product": "whatsapp", "metadata": {"display_phone_number": BUSINESS, "phone_number_id": PHONE_NUMBER_ID}} | lists


def message(**keys: object) -> dict[str, Any]:
    """A text message of Sheena's; a key given as None is left out."""
    whole = {"from": SHEENA, "id": "wamid.A", "timestamp": "1767225600", "type": "text", "text": {"body": "Hi"}} | keys
    return {key.rstrip("_"): item for key, item in whole.items() if item is not None}


def parse_one(message: object, **lists: object) -> Any:
    """The event of one element of `messages[]`."""
    (event,) = parse(webhook(value(messages=[message], **lists)))
    return event
