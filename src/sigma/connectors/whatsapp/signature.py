"""Does a delivery come from Meta? The check of `X-Hub-Signature-256` over the bytes as received, and nothing else.

Source: cloud-api.md 1.2 (Meta, "Webhooks: validate payloads"; checked 2026-09): the header is `sha256=` and the lower-case hex
HMAC-SHA256 of the raw body under the app secret. The body is never parsed or re-serialised here: Meta escapes it in its own way.
"""

import hmac
from collections.abc import Sequence
from hashlib import sha256

_BLOCK_BYTES = 64  # of SHA-256; RFC 2104 pads the key to it
_INNER_PAD = bytes(byte ^ 0x36 for byte in range(256))
_OUTER_PAD = bytes(byte ^ 0x5C for byte in range(256))
_PREFIX = "sha256="


class AppSecret:
    """A Meta app's secret, ready to check bodies: HMAC's two keyed hash states are computed once, not per body."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, secret: str) -> None:
        """Raises: ValueError for an empty secret, with which anybody could sign."""
        if not secret:
            raise ValueError("an app secret must not be empty")
        key = secret.encode()
        if len(key) > _BLOCK_BYTES:
            key = sha256(key).digest()
        block = key.ljust(_BLOCK_BYTES, b"\0")
        self._inner = sha256(block.translate(_INNER_PAD))
        self._outer = sha256(block.translate(_OUTER_PAD))

    def __repr__(self) -> str:
        return "AppSecret(...)"

    def sign(self, raw: bytes | memoryview) -> str:
        """Return the header that Meta would send with this body."""
        inner = self._inner.copy()
        inner.update(raw)
        outer = self._outer.copy()
        outer.update(inner.digest())
        return _PREFIX + outer.hexdigest()

    def verify(self, raw: bytes | memoryview, header: str | bytes | None) -> bool:
        """Return whether `header` is this secret's signature of `raw`, letter by letter, in constant time."""
        if not header:
            return False
        given = header.encode("utf-8", "surrogatepass") if isinstance(header, str) else header
        return hmac.compare_digest(self.sign(raw).encode(), given)


def verify_signature(raw: bytes | memoryview, header: str | bytes | None, secrets: Sequence[AppSecret]) -> bool:
    """Return whether one of the live secrets signed this body. Two are live while a secret is being rotated."""
    return any(secret.verify(raw, header) for secret in secrets)
