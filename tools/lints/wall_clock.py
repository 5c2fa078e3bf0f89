"""Time is handed in, so that tests and replays decide what time it is: only kit/clock.py reads the wall clock."""

import ast
from collections.abc import Iterator

from tools.lints.source import Finding, Source, dotted

RULE = "wall-clock"
READS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"}


def check(source: Source) -> Iterator[Finding]:
    """Find reads of the wall clock, called or passed on. Measuring a duration with time.monotonic() is fine."""
    if not source.is_in("src/sigma/") or source.is_in("src/sigma/kit/clock.py"):
        return
    for node in source.walk():
        match node:
            case ast.Attribute() if ".".join(dotted(node).split(".")[-2:]) in READS:
                pass
            case ast.ImportFrom(module="time", names=names) if {alias.name for alias in names} & {"time", "time_ns"}:
                pass
            case _:
                continue
        yield Finding(source.path, node.lineno, RULE, "take the time as a parameter, or a kit.clock.Clock")
