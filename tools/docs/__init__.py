"""The parts of the documents that are written by a program, so that they cannot differ from the code. `python -m tools.docs` writes them.

A part stands between two markers, `<!-- begin NAME (…) -->` and `<!-- end NAME -->`; what is around them is written by people.
tests/unit/test_docs.py fails when a part is out of date.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

from sigma.kit.metrics import Metrics
from sigma.kit.settings import settings_reference

ROOT = Path(__file__).resolve().parents[2]


class MissingMarkers(Exception):
    """The document lacks the two markers of a part."""


def metrics_table() -> str:
    """Return a Markdown table of every metric: its name in a scrape, type, labels, meaning."""
    lines = ["| Metric | Type | Labels | Meaning |", "|---|---|---|---|"]
    for metric in vars(Metrics(CollectorRegistry())).values():
        if isinstance(metric, MetricWrapperBase):
            # prometheus_client has no public way to ask a metric for its type and its labels.
            labels = ", ".join(f"`{label}`" for label in metric._labelnames)  # noqa: SLF001
            kind = metric._type  # noqa: SLF001
            (described,) = metric.describe()
            name = described.name + ("_total" if kind == "counter" else "")
            lines.append(f"| `{name}` | {kind} | {labels or '–'} | {described.documentation} |")
    return "\n".join(lines) + "\n"


PARTS: Mapping[str, Mapping[str, Callable[[], str]]] = {
    "docs/configuration.md": {"settings": settings_reference},
    "docs/operations.md": {"metrics": metrics_table},
}
"""By document, by name of the part: what writes it."""


def up_to_date(document: str, text: str) -> str:
    """Return a document's text with its written parts as they must be. Raises: MissingMarkers."""
    for name, write in PARTS[document].items():
        markers = re.compile(rf"(<!-- begin {name}\b[^\n]*-->\n).*?(<!-- end {name} -->\n)", re.DOTALL)
        if len(markers.findall(text)) != 1:
            raise MissingMarkers(f"{document} must hold `<!-- begin {name} … -->` and `<!-- end {name} -->` once")
        part = write()
        text = markers.sub(lambda match, part=part: f"{match[1]}\n{part}\n{match[2]}", text)  # type: ignore[misc]
    return text
