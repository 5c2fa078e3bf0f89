"""Bytes into JSON values that can be stored: any bytes, without raising anything but `Undecodable`.

The fast road is msgspec. What it refuses and a person would still read (a lone surrogate, NaN, a stray control character, broken
UTF-8) takes the slow road through the standard library. PostgreSQL's `text` and `jsonb` hold neither U+0000 nor surrogates, so no
string that leaves this module has them. Nothing here knows what a webhook looks like.
"""

import json
import math
import re
from collections.abc import Set as AbstractSet
from typing import Any

import msgspec

MAX_DEPTH = 64  # a webhook is at most about 15 levels deep; every recursion over a decoded body relies on this limit
_MAX_INT = 2**63 - 1  # what a bigint, and most readers of JSON, can hold
_INT_DIGITS = 20
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


class Undecodable(ValueError):
    """These bytes are not a JSON text that we read. The message is for people and never quotes the bytes."""


def decode(raw: bytes) -> Any:
    """Return the JSON value of these bytes, every string of it storable. Raises: Undecodable."""
    is_suspect = b"\\u0000" in raw
    try:
        value = msgspec.json.decode(raw)
    except RecursionError:
        raise Undecodable(f"nested deeper than {MAX_DEPTH} levels") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        value = _decode_tolerantly(raw)
        is_suspect = True
    if raw.count(b"{") + raw.count(b"[") > MAX_DEPTH and _is_too_deep(value):
        raise Undecodable(f"nested deeper than {MAX_DEPTH} levels")
    return storable(value) if is_suspect else value


def storable(value: Any, *, without: AbstractSet[str] = frozenset()) -> Any:
    """Return a copy that `jsonb` can hold, leaving out the keys in `without` at every level.

    NUL and surrogates become U+FFFD, in keys too; NaN and infinities become null; integers beyond 64 bits become strings.
    """
    if isinstance(value, str):
        return _UNSTORABLE.sub(_REPLACEMENT, value)
    if isinstance(value, dict):
        return {storable(key): storable(item, without=without) for key, item in value.items() if key not in without}
    if isinstance(value, list):
        return [storable(item, without=without) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, int) and abs(value) > _MAX_INT:
        return str(value)
    return value


def _decode_tolerantly(raw: bytes) -> Any:
    try:
        return json.loads(raw.decode("utf-8-sig", "replace"), strict=False, parse_int=_read_int, parse_constant=_no_number)
    except RecursionError:
        raise Undecodable(f"nested deeper than {MAX_DEPTH} levels") from None
    except ValueError:
        raise Undecodable("not JSON") from None


def _read_int(digits: str) -> int | str:
    return int(digits) if len(digits) <= _INT_DIGITS else digits


def _no_number(_name: str) -> None:
    """Stand in for NaN, Infinity and -Infinity, which JSON does not have."""


def _is_too_deep(value: Any) -> bool:
    """Go down level by level, keeping containers only: no recursion, and scalars cost next to nothing."""
    level: list[dict[str, Any] | list[Any]] = [[value]]
    for _ in range(MAX_DEPTH + 1):
        level = [
            child
            for container in level
            for child in (container.values() if isinstance(container, dict) else container)
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True
