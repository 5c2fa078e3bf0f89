"""`make bench`: measure everything in one run on this machine. ARGS="--quick" is shorter, ARGS="--full" adds a million rows.

Nothing is asserted on time. The exit code is about correctness: it is 1 when counts do not agree.
"""

import argparse
import os
import platform
import sys
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.contenders import Sigma, new_sigma
from benchmarks.intake import Rounds, measure_intake
from benchmarks.processes import all_cores
from benchmarks.projection import Sizes, measure_projection
from benchmarks.queries import measure_queries
from benchmarks.report import RESULTS, Check, print_checks, print_goals, print_intake, print_projection, print_queries, write_results

PARTS = ("intake", "queries", "projection")
BUSY_LOAD = 0.3
WIDTH = 160


def main() -> None:
    """Run the parts that are wanted, print them as they end, and write all figures."""
    options = _options()
    console = Console(width=WIDTH, soft_wrap=False, highlight=False)
    load = os.getloadavg()[0]
    machine = {"cores": len(all_cores()), "machine": platform.machine(), "python": platform.python_version(), "load_before": load}
    console.print(f"Measuring on {machine['cores']} cores, Python {machine['python']}.")
    if load > BUSY_LOAD:
        console.print(f"This machine is busy (load {load:.1f}): compare within this run only.", style="yellow")
    with tempfile.TemporaryDirectory(prefix="sigma-bench-") as directory, new_sigma(Path(directory)) as sigma:
        results, checks = _measure(sigma, options, console)
    print_goals(console, results)
    is_right = print_checks(console, checks)
    write_results({"machine": machine, "options": vars(options), **results})
    console.print(f"All figures: {RESULTS}")
    sys.exit(not is_right)


def _measure(sigma: Sigma, options: argparse.Namespace, console: Console) -> tuple[dict[str, Any], list[Check]]:
    results: dict[str, Any] = {"postgres": sigma.postgres.sql("SELECT version()")[0][0]}
    checks: list[Check] = []
    quick = options.quick
    if "intake" in options.parts:
        rounds = Rounds(pinned=2, unpinned=1, seconds=1.5) if quick else Rounds(pinned=5, unpinned=3, seconds=3.0)
        results["intake"], found = measure_intake(sigma, rounds)
        checks += found
        print_intake(console, results["intake"])
    if "queries" in options.parts:
        rows = [10_000, 1_000_000] if options.full else [10_000]
        results["queries"], found = measure_queries(sigma, rows, seconds=1.5 if quick else 5.0)
        checks += found
        print_queries(console, results["queries"])
    if "projection" in options.parts:
        short = Sizes(messages=9_000, receipts=9_000, steady_seconds=1.5, mixed_seconds=5)
        sizes = short if quick else Sizes(messages=30_000, receipts=30_000, steady_seconds=5, mixed_seconds=20)
        results["projection"], found = measure_projection(sigma, sizes)
        checks += found
        print_projection(console, results["projection"])
    return results, checks


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="about 40 seconds instead of 3 minutes")
    parser.add_argument("--full", action="store_true", help="also query a table of a million rows")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="measure only these")
    return parser.parse_args()


if __name__ == "__main__":
    main()
