"""The figures for people and for programs."""

import json
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "results" / "latest.json"
_PROCESSES = ("server", "worker", "postgres", "generator")

Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Check:
    """Two counts that must be equal."""

    name: str
    expected: Any
    found: Any

    @property
    def is_right(self) -> bool:
        """Return whether they are."""
        return bool(self.expected == self.found)


def print_intake(console: Console, figures: Figures) -> None:
    """Print a row for each contender: medians of its rounds, the spread of requests/s, and ratios to the others in the same round."""
    for part in ("pinned", "unpinned"):
        if part not in figures:
            continue
        table = _table(
            f"Intake, 64 connections, {part}",
            [
                "requests/s",
                "(min to max)",
                "of bare",
                "of pywa",
                "p50 ms",
                "p99 ms",
                "CPU µs: server",
                "PostgreSQL",
                "generator",
                "MB",
                "peak",
                "others",
            ],
        )
        for name, rounds in figures[part].items():
            rate = [each["requests_per_second"] for each in rounds]
            memory = figures["memory_mb"][name]
            table.add_row(
                name,
                f"{statistics.median(rate):,.0f}",
                f"{min(rate):,.0f} to {max(rate):,.0f}",
                *(f"{ratio(figures[part], name, other):.2f}" for other in ("bare", "pywa")),
                *(f"{_median(rounds, 'latency_ms', part):.1f}" for part in ("p50", "p99")),
                *(f"{_median(rounds, 'cpu_micros', process):.1f}" for process in ("server", "postgres", "generator")),
                f"{memory['now']:.0f}",
                f"{memory['peak']:.0f}",
                f"{statistics.median(each['others_share_of_cpu'] for each in rounds):.0%}",
            )
        console.print(table)
    console.print("Ratios are medians over rounds. Others: the share of all cores that other processes took meanwhile.\n")


def ratio(contenders: Figures, name: str, other: str) -> float:
    """Return the median of the ratios of requests/s, round by round."""
    pairs = zip(contenders[name], contenders[other], strict=True)
    return float(statistics.median(one["requests_per_second"] / two["requests_per_second"] for one, two in pairs))


def _median(rounds: Sequence[Figures], group: str, key: str) -> float:
    return float(statistics.median(each[group][key] for each in rounds))


def print_projection(console: Console, figures: Figures) -> None:
    """Print a row for each kind of traffic."""
    table = _table(
        "Webhook to table, `--role all`, all cores shared",
        [
            *("accepted/s", "ack p50 ms", "p99", "p99.9", "stored/s", "draining/s", "lag p50 ms", "p99", "max"),
            *("CPU µs: http", "worker", "PostgreSQL", "generator", "others"),
        ],
    )
    for name in ("messages", "steady_messages", "receipts", "mixed"):
        row = figures[name]
        table.add_row(
            name.replace("_", " "),
            f"{row['accepted_per_second']:,.0f}",
            *(f"{row['ack_ms'][part]:.1f}" for part in ("p50", "p99", "p99.9")),
            f"{row['items_per_second']:,.0f}",
            f"{row['posts_per_second_while_draining'] or 0:,.0f}",
            *(f"{row['lag_ms'][part]:,.0f}" for part in ("p50", "p99", "max")),
            *(f"{row['cpu_micros_per_item'][process]:.0f}" for process in _PROCESSES),
            f"{row['others_share_of_cpu']:.0%}",
        )
    console.print(table)
    console.print(
        f"Stored/s: items from the first POST until the queue is empty; draining/s: POSTs projected after the last one came. Lag: from a POST to"
        f" its commit in the tables, rounded up. Memory now/peak, MB: http {_both(figures['memory_mb']['http'])}, "
        f"worker {_both(figures['memory_mb']['worker'])}.\n"
    )


def _both(memory: Figures) -> str:
    return f"{memory['now']:.0f}/{memory['peak']:.0f}"


def print_queries(console: Console, figures: Figures) -> None:
    """Print a row for each size of the table."""
    table = _table(
        "The guide's messages(first: 10); server on a core of its own",
        ["p50 ms", "p99 ms", "queries/s, 16 connections", "p99 ms", "CPU µs: server", "PostgreSQL", "others"],
    )
    for rows, row in figures.items():
        table.add_row(
            f"{int(rows):,} rows",
            *(f"{row['latency_ms'][part]:.1f}" for part in ("p50", "p99")),
            f"{row['queries_per_second']:,.0f}",
            f"{row['busy_latency_ms']['p99']:.1f}",
            *(f"{row['cpu_micros'][process]:.0f}" for process in ("server", "postgres")),
            f"{row['others_share_of_cpu']:.0%}",
        )
    console.print(table)


def print_goals(console: Console, results: Figures) -> None:
    """Print what was measured next to what is to be reached."""
    table = _table("Figures to reach", ["measured", "first", "then"])
    for name, measure, first, then in _GOALS:
        try:
            measured = f"{measure(results):,.2f}".rstrip("0").rstrip(".")
        except KeyError:
            continue  # that part did not run
        table.add_row(name, measured, first, then)
    console.print(table)


def _sigma(results: Figures) -> Sequence[Figures]:
    rounds: Sequence[Figures] = results["intake"]["pinned"]["SIGMA"]
    return rounds


_GOALS: Sequence[tuple[str, Callable[[Figures], float], str, str]] = (
    ("intake/s, one core", lambda r: statistics.median(each["requests_per_second"] for each in _sigma(r)), "≥ 10,000", ""),
    ("of bare", lambda r: ratio(r["intake"]["pinned"], "SIGMA", "bare"), "≥ 0.35", "≥ 0.6"),
    ("of pywa", lambda r: ratio(r["intake"]["pinned"], "SIGMA", "pywa"), "≥ 1.7", "≥ 3"),
    ("p99 ack ms, saturated", lambda r: _median(_sigma(r), "latency_ms", "p99"), "< 15", "< 7"),
    ("p50 ack ms, mixed traffic", lambda r: r["projection"]["mixed"]["ack_ms"]["p50"], "< 10", ""),
    ("p99 ack ms, mixed traffic", lambda r: r["projection"]["mixed"]["ack_ms"]["p99"], "< 50", "< 20"),
    ("messages stored/s", lambda r: r["projection"]["messages"]["items_per_second"], "≥ 4,000", "≥ 8,000"),
    ("lag p99 ms at 4,000 messages/s", lambda r: r["projection"]["steady_messages"]["lag_ms"]["p99"], "< 1,000", ""),
    ("receipts applied/s", lambda r: r["projection"]["receipts"]["items_per_second"], "≥ 6,000", "≥ 12,000"),
    ("MB of the intake process, peak", lambda r: r["intake"]["memory_mb"]["SIGMA"]["peak"], "< 100", "< 64"),
    ("p50 ms of the guide's query", lambda r: max(each["latency_ms"]["p50"] for each in r["queries"].values()), "< 10", ""),
    ("queries/s per core", lambda r: min(each["queries_per_second"] for each in r["queries"].values()), "", "≥ 1,500"),
)


def print_checks(console: Console, checks: Iterable[Check]) -> bool:
    """Print the counts that do not agree. Returns whether all do."""
    checks = list(checks)
    wrong = [check for check in checks if not check.is_right]
    for check in wrong:
        console.print(f"WRONG  {check.name}: {check.found}, expected {check.expected}", style="bold red")
    console.print(f"Counts: {len(checks) - len(wrong)} of {len(checks)} agree.")
    return not wrong


def write_results(results: Figures) -> None:
    """Write everything that was measured, every round."""
    RESULTS.parent.mkdir(exist_ok=True)
    (RESULTS.parent / ".gitignore").write_text("*\n")
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")


def _table(title: str, columns: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", header_style="", box=None, pad_edge=False)
    table.add_column("")
    for column in columns:
        table.add_column(column, justify="right")
    return table
