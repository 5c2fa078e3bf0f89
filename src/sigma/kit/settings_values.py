"""The kinds of value that a setting can have, with their rules. A broken rule says what is wrong and the fix, never the value."""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr

from sigma.kit.config_keys import Unfit
from sigma.kit.master_key import MasterKeyError, parse_master_key

_PADDED_OR_CONTROL = re.compile(r"^\s|\s$|[\x00-\x1f\x7f]")


def _check_secret(secret: SecretStr) -> SecretStr:
    if not secret.get_secret_value():
        raise Unfit("is empty", "Write the secret, or remove the key.")
    if _PADDED_OR_CONTROL.search(secret.get_secret_value()):
        raise Unfit("begins or ends with a space or a line break, or holds a control character", "Copy the secret again without it.")
    return secret


def _check_secrets(secrets: list[SecretStr]) -> list[SecretStr]:
    if not secrets:
        raise Unfit("is an empty list", "Write at least one secret, or remove the key.")
    return secrets


def _check_database_url(secret: SecretStr) -> SecretStr:
    if not secret.get_secret_value().startswith(("postgresql://", "postgres://")):
        raise Unfit("is not a PostgreSQL address", "Write postgresql://user:password@host:5432/database.")
    return secret


def _check_master_key(secret: SecretStr) -> SecretStr:
    is_key = True
    try:
        parse_master_key(secret.get_secret_value())
    except MasterKeyError:
        is_key = False
    if not is_key:
        raise Unfit("does not spell 32 bytes in base64 or hex", "Make one with: openssl rand -base64 32")
    return secret


def _check_web_address(address: str) -> str:
    """Return the address without a slash at its end."""
    try:
        parts = urlsplit(address)
        is_plain = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        is_plain = is_plain and not (parts.username or parts.password or parts.query or parts.fragment)
    except ValueError:
        is_plain = False
    if not is_plain:
        raise Unfit("is not a web address", "Write https://host or http://host:port, without user, password or query.")
    return address.rstrip("/")


def _check_nats_server(secret: SecretStr) -> SecretStr:
    if not secret.get_secret_value().startswith(("nats://", "tls://")):
        raise Unfit("is not a NATS address", "Write nats://host:4222 or tls://host:4222.")
    return secret


def _spelled(pattern: str, what: str, fix: str) -> AfterValidator:
    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise Unfit(what, fix)
        return text

    return AfterValidator(check)


Secret = Annotated[SecretStr, AfterValidator(_check_secret)]
Secrets = Annotated[
    list[Secret],
    BeforeValidator(lambda value: [value] if isinstance(value, str | SecretStr) else value),
    AfterValidator(_check_secrets),
]
DatabaseUrl = Annotated[Secret, AfterValidator(_check_database_url)]
MasterKey = Annotated[Secret, AfterValidator(_check_master_key)]
NatsServer = Annotated[Secret, AfterValidator(_check_nats_server)]
WebAddress = Annotated[str, AfterValidator(_check_web_address)]
Host = Annotated[str, _spelled(r"[^\s/]+", "is not a host name or address", "Write 127.0.0.1, 0.0.0.0, :: or a host name.")]
RolePrefix = Annotated[str, _spelled("[a-z_]{1,40}", "is not a role prefix", "Use lower-case letters and _, at most 40.")]
GraphVersion = Annotated[str, _spelled(r"v[0-9]{1,3}\.[0-9]{1,2}", "is not a Graph API version", "Write it like v25.0.")]
Region = Annotated[str, _spelled("[A-Z]{2}", "is not a country", "Write it like BR, DE or US.")]
Language = Annotated[str, _spelled("[a-z]{2,3}(_[A-Z]{2,3})?", "is not a template language", "Write it like en, pt_BR or fil.")]
