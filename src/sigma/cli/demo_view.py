"""What `sigma demo` shows: the addresses, a query to paste, and a live table of the newest messages."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from sigma.cli.demo_files import Demo

REFRESH_SECONDS = 1.0
ROWS = 14
NEWEST = """query ($workspace: ID!, $first: Int!) {
  messages(workspaceId: $workspace, first: $first, orderBy: { timestamp: DESC }) {
    nodes { id kind direction text timestampUtc status sender { displayName platformUserId }
            media { mimeType voice } content reactions { emoji } editedAt deletedAt } } }"""
_ICONS = {
    "IMAGE": "picture",
    "AUDIO": "audio",
    "VIDEO": "video",
    "DOCUMENT": "document",
    "STICKER": "sticker",
    "LOCATION": "location",
    "CONTACTS": "contact card",
    "ORDER": "order",
    "SYSTEM": "system",
    "UNSUPPORTED": "unsupported",
}

Ask = Callable[[str, dict[str, Any]], dict[str, Any]]


def print_welcome(demo: Demo, api_key: str, workspace_id: str) -> None:
    """Print where everything is."""
    query = (
        f'query {{ messages(workspaceId: \\"{workspace_id}\\" platform: WHATS_APP first: 10 orderBy: {{ timestamp: DESC }}) '
        "{ nodes { id text sender { displayName platformUserId } timestampUtc } } }"
    )
    print(f"""
SIGMA is running. Customers of a simulated Meta write to it; nothing leaves this machine.

  GraphiQL       {demo.url}/graphql   (paste the key into the header editor)
  API key        {api_key}
  Metrics        {demo.url}/metrics
  Simulator      {demo.simulator_url}/_control/status
  SQL            .venv/bin/sigma psql --config {demo.config}
  Server's log   {demo.directory / "serve.log"}

The guide's query, ready to paste:

  curl -s {demo.url}/graphql -H 'Content-Type: application/json' -H 'Authorization: Bearer {api_key}' \\
    -d '{{"query":"{query}"}}'

Ctrl-C stops everything.
""")


async def show_arrivals(ask: Ask, workspace_id: str, stop: asyncio.Event) -> None:
    """Show the newest messages until `stop`: a live table on a terminal, a line per message elsewhere."""
    console = Console()
    if console.is_terminal:
        with Live(_table([]), console=console, refresh_per_second=4) as live:
            async for nodes in _polled(ask, workspace_id, stop):
                live.update(_table(nodes))
        return
    seen: set[str] = set()
    async for nodes in _polled(ask, workspace_id, stop):
        for node in reversed([node for node in nodes if node["id"] not in seen]):
            print(f"{_time(node)}  {_who(node):<20.20}  {_kind(node):<12}  {_words(node)}", flush=True)
        seen |= {node["id"] for node in nodes}


async def _polled(ask: Ask, workspace_id: str, stop: asyncio.Event) -> Any:
    """Yield the newest messages every second until `stop`."""
    while not stop.is_set():
        yield (await asyncio.to_thread(ask, NEWEST, {"workspace": workspace_id, "first": ROWS}))["messages"]["nodes"]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(REFRESH_SECONDS):
                await stop.wait()


def _table(nodes: Iterable[dict[str, Any]]) -> Table:
    table = Table(title="What arrives, newest first", title_justify="left", expand=True, box=None, pad_edge=False)
    table.add_column("Time", no_wrap=True, style="dim")
    table.add_column("From", no_wrap=True, max_width=22)
    table.add_column("Sender (hash)", no_wrap=True, style="dim")
    table.add_column("Kind", no_wrap=True)
    table.add_column("Text", ratio=1, no_wrap=True, overflow="ellipsis")
    for node in nodes:
        digest = (node["sender"]["platformUserId"] or "")[:10]
        table.add_row(_time(node), Text(_who(node)), digest and f"{digest}…", _kind(node), Text(_words(node)))
    return table


def _time(node: dict[str, Any]) -> str:
    return datetime.fromisoformat(node["timestampUtc"]).astimezone().strftime("%H:%M:%S")


def _who(node: dict[str, Any]) -> str:
    name: str | None = node["sender"]["displayName"]
    return name or ("(the business)" if node["direction"] == "OUTBOUND" else "(no name)")


def _kind(node: dict[str, Any]) -> str:
    if (node["media"] or {}).get("voice"):
        return "voice note"
    kind: str = node["kind"]
    return _ICONS.get(kind, kind.lower().replace("_", " "))


def _words(node: dict[str, Any]) -> str:
    """Return one line of text, with what happened to the message since."""
    words = " ".join((node["text"] or "").split())
    content = node["content"] or {}
    if not words and "latitude" in content:
        words = f"{content['latitude']:.4f}, {content['longitude']:.4f}"
    marks = [reaction["emoji"] for reaction in node["reactions"]]
    marks += ["(edited)"] if node["editedAt"] else []
    marks += ["(deleted)"] if node["deletedAt"] else []
    return "  ".join([words, *marks]).strip()
