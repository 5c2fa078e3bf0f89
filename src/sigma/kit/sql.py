"""Small helpers for writing SQL."""


def contains_pattern(text: str | None) -> str | None:
    """Return the ILIKE pattern that finds this text anywhere, with its wildcards taken literally; None stays None."""
    if text is None:
        return None
    escaped = text.replace("\0", "").replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
