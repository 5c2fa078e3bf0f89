"""Small helpers for writing SQL."""

import re

UNSTORABLE = re.compile("[\0\ud800-\udfff]")
"""What PostgreSQL's `text` cannot hold: NUL and lone surrogates."""


def contains_pattern(text: str | None) -> str | None:
    """Return the ILIKE pattern that finds this text anywhere, with its wildcards taken literally; None stays None."""
    if text is None:
        return None
    escaped = UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
