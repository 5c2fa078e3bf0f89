"""What stands in the tables, so that two ways of getting there can be compared."""

import json
from typing import Any

from tests.world import World

PROJECTED = (
    *("contacts", "contact_addresses", "contact_merges", "consents", "conversations", "messages"),
    *("receipts", "reactions", "message_edits", "platform_events"),
)
"""Every table that projecting fills."""

ACCIDENTS = {"created_at", "updated_at", "sealed", "sealed_day", "webhook_event_id", "webhook_event_at", "webhook_path"}
"""Columns that tell of the delivery, not of what was delivered."""


class Tables(dict[str, list[str]]):
    """Rows by table; a failing test shows those that differ, not all of them."""

    def __repr__(self) -> str:
        return f"<{sum(map(len, self.values()))} rows>"


def exact_rows(world: World) -> Tables:
    """Every row of the projected tables, ids and sealed bytes included; only the time of the last write is left out."""
    return Tables(
        (table, [row for (row,) in world.sql(f"SELECT (to_jsonb(t) - 'updated_at')::text FROM {table} t ORDER BY 1")])
        for table in PROJECTED
    )


def meaning(world: World) -> Tables:
    """What the projected tables say: contacts named by their addresses, and nothing that the order of arrival may decide.

    A row that points to a contact or a thread that is not there fails here.
    """
    people: dict[str | None, list[str]] = {None: []}
    for row in _rows(world, "contact_addresses"):
        people.setdefault(row["contact_id"], []).append(f"{row['kind']} {row['hash']}")
    names = {contact_id: " + ".join(sorted(addresses)) for contact_id, addresses in people.items()}
    threads = {None: ""} | {row["id"]: f"{row['workspace_id']} {names[row['contact_id']]}" for row in _rows(world, "conversations")}
    said = Tables()
    for table in PROJECTED:
        if table != "contact_merges":
            said[table] = sorted(json.dumps(_named(table, row, names, threads), sort_keys=True) for row in _rows(world, table))
    return said


def _named(table: str, row: dict[str, Any], names: dict[str | None, str], threads: dict[str | None, str]) -> dict[str, Any]:
    named = {column: value for column, value in row.items() if column not in ACCIDENTS}
    named.pop("key", None)
    identity = named.pop("id", None)
    if table == "contacts":
        return named | {"addresses": names[identity]}
    if "contact_id" in named:
        named["contact_id"] = names[named["contact_id"]]
    if "conversation_id" in named:
        named["conversation_id"] = threads[named["conversation_id"]]
    if "sealed_content" in named:
        named["sealed_content"] = named["sealed_content"] is not None
    if table == "reactions" and named["reactor"] != "business":
        named["reactor"] = names[named["reactor"]]
    return named


def _rows(world: World, table: str) -> list[dict[str, Any]]:
    return [row for (row,) in world.sql(f"SELECT to_jsonb(t) FROM {table} t")]


def empty(world: World) -> None:
    """Forget everything that arrived; tenants, keys and workspaces stay."""
    world.sql(f"TRUNCATE {', '.join(PROJECTED)}, outbox, send_attempts, webhook_events, webhook_queue")
