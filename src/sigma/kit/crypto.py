"""Sealing: AES-256-GCM with a key version beside each ciphertext, bound to the place where it is stored.

A sealed value is `format (1 byte) · key version (4 bytes, big endian) · nonce (12 bytes) · ciphertext and tag`. The context
(tenant, table and row) is authenticated with it, so a value that is moved elsewhere does not open.
"""

import hashlib
import hmac
import os
import struct
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
_NONCE_BYTES = 12
_FORMAT = 1
_HEADER = struct.Struct(f">BI{_NONCE_BYTES}s")


class CannotUnseal(Exception):
    """The sealed value was made with another key, for another place, or is damaged."""


class SealingKey:
    """One version of a 32-byte key, ready to seal and unseal."""

    __slots__ = ("_aead", "version")

    def __init__(self, key: bytes, *, version: int) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"a key has {KEY_BYTES} bytes")
        self._aead = AESGCM(key)
        self.version = version

    def seal(self, plain: bytes, *, context: bytes) -> bytes:
        """Return the plain bytes sealed for this context."""
        nonce = os.urandom(_NONCE_BYTES)
        return _HEADER.pack(_FORMAT, self.version, nonce) + self._aead.encrypt(nonce, plain, context)

    def unseal(self, sealed: bytes, *, context: bytes) -> bytes:
        """Return the plain bytes. Raises: CannotUnseal."""
        try:
            form, version, nonce = _HEADER.unpack_from(sealed)
            if form != _FORMAT or version != self.version:
                raise CannotUnseal("the value was sealed with another key version")
            return self._aead.decrypt(nonce, sealed[_HEADER.size :], context)
        except (struct.error, InvalidTag) as error:
            raise CannotUnseal("the value does not open here") from error


def sealed_version(sealed: bytes) -> int:
    """Return the key version that a sealed value names. Raises: CannotUnseal for bytes that are no sealed value."""
    try:
        return int(_HEADER.unpack_from(sealed)[1])
    except struct.error as error:
        raise CannotUnseal("the value is no sealed value") from error


def seal_context(tenant_id: UUID, table: str, row: bytes) -> bytes:
    """Return the place that a sealed value is bound to."""
    return tenant_id.bytes + table.encode() + b"\0" + row


def keyed_hash(key: bytes, message: bytes) -> bytes:
    """Return HMAC-SHA256 of the message under the key: 32 bytes."""
    return hmac.digest(key, message, hashlib.sha256)


def derive_key(master: bytes, purpose: str) -> bytes:
    """Return a 32-byte key for one purpose, derived from the master key with HKDF-SHA256."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=purpose.encode()).derive(master)
