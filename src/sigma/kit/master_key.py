"""The master key: 32 bytes that wrap every other key. Lost, everything sealed is lost; so a missing one is never replaced silently."""

import base64
import binascii
import os
import secrets
from pathlib import Path

from sigma.kit.crypto import KEY_BYTES


class MasterKeyError(Exception):
    """The master key is missing, unreadable or malformed. The message says what to do."""


def parse_master_key(text: str) -> bytes:
    """Return the 32 bytes that base64 or hex spells. Raises: MasterKeyError."""
    text = text.strip()
    try:
        key = bytes.fromhex(text) if len(text) == 2 * KEY_BYTES else base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        key = b""
    if len(key) != KEY_BYTES:
        raise MasterKeyError(
            "Security.MasterKey must spell 32 bytes, as base64 or as 64 hex digits. Make one with: openssl rand -base64 32"
        )
    return key


def read_master_key(path: Path) -> bytes | None:
    """Return the key in a file, or None when there is no such file. Raises: MasterKeyError."""
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="ascii")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise MasterKeyError(f"the master key file {path} cannot be read: {type(error).__name__}") from error
    if mode & 0o077:
        raise MasterKeyError(f"the master key file {path} can be read by others. Run: chmod 600 {path}")
    return parse_master_key(text)


def create_master_key(path: Path) -> bytes:
    """Make a new key in a file that only its owner can read. Raises: MasterKeyError, FileExistsError when another process was first."""
    key = secrets.token_bytes(KEY_BYTES)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise
    except OSError as error:
        raise MasterKeyError(f"the master key file {path} cannot be written: {error.strerror}") from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(base64.b64encode(key) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return key
