"""Runs every rule over the checkout: `python -m tools.lints`. With --shrink, first lowers the size ratchet where it can be."""

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from tools.lints import broad_except, commits, log_events, names, size_ratchet, sql_text, wall_clock
from tools.lints.source import Finding, Source

ROOT = Path(__file__).resolve().parents[2]
PLACES = ("src", "tests", "tools", "migrations", "benchmarks")
RULES = (commits, wall_clock, log_events, broad_except, sql_text, names)
RATCHET = ROOT / "tools" / "size_ratchet.json"


def main() -> None:
    """Print the findings; exit 1 if there are any."""
    sources = [Source.read(ROOT, file) for place in PLACES for file in sorted((ROOT / place).rglob("*.py"))]
    sizes = {place: lines for source in sources for place, lines in size_ratchet.measure(source)}
    ratchet: dict[str, int] = json.loads(RATCHET.read_text())
    if "--shrink" in sys.argv:
        ratchet = size_ratchet.shrink(sizes, ratchet)
        RATCHET.write_text(json.dumps(ratchet, indent=2) + "\n")
    findings = [*check(sources), *size_ratchet.compare(sizes, ratchet)]
    for finding in findings:
        print(finding)
    print(f"House rules: {len(sources)} files, {len(findings)} findings.")
    sys.exit(bool(findings))


def check(sources: Iterable[Source]) -> Iterator[Finding]:
    """Yield what the rules find and no comment excuses."""
    for source in sources:
        for rule in RULES:
            yield from (finding for finding in rule.check(source) if not source.allows(finding))


if __name__ == "__main__":
    main()
