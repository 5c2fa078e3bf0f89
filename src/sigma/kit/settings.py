"""SIGMA's settings: every key with its default, limits and description, read once at start and passed down.

The rules of reading (file, environment, mistakes) are in `config_sources`; the words for people in `config_keys`.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationInfo, field_validator
from pydantic.alias_generators import to_pascal

from sigma.kit.config_file import SettingsError
from sigma.kit.config_keys import Unfit, fold_entry, key, reference_table, section_of, show
from sigma.kit.config_sources import Loaded, load
from sigma.kit.settings_values import (
    DatabaseUrl,
    GraphVersion,
    Host,
    Language,
    MasterKey,
    NatsServer,
    Region,
    RolePrefix,
    Secret,
    Secrets,
    WebAddress,
)

__all__ = ["LoadedSettings", "Row", "Settings", "SettingsError", "describe_settings", "load_settings", "settings_reference"]

DEFAULT_FILE = "appsettings.json"
FILE_VARIABLE = "SIGMA_CONFIG"
VERIFY_TOKEN_MIN_CHARACTERS = 20
MIB = 1024 * 1024

ValueT = TypeVar("ValueT")
DefaultT = TypeVar("DefaultT")

_JSON_NAMES = {"whatsapp": "WhatsApp", "graphql_introspection": "GraphQLIntrospection", "graphiql": "GraphiQL"}


class _Section(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=lambda name: _JSON_NAMES.get(name, to_pascal(name)),
        populate_by_name=True,
        hide_input_in_errors=True,
        validate_default=True,
    )


class DatabaseSettings(_Section):
    """Where PostgreSQL is."""

    url: DatabaseUrl | None = key(None, "PostgreSQL server to use. Without it SIGMA starts its own PostgreSQL in `DataDirectory`.")
    data_directory: Path = key(Path(".sigma/postgres"), "Where SIGMA's own PostgreSQL keeps its data.")
    pool_size: int = key(10, "Connections that one process keeps to the database.", unit="connections", limits=(1, 500))
    role_prefix: RolePrefix = key("sigma", "First part of the names of SIGMA's database roles, such as `sigma_api`.")


class SecuritySettings(_Section):
    """The key that wraps all others, and how long raw payloads live."""

    master_key: MasterKey | None = key(None, "Master key: 32 bytes in base64 or hex. Goes before `MasterKeyFile`.")
    master_key_file: Path = key(Path(".sigma/master.key"), "File that holds the master key. Lost, everything sealed is lost.")
    raw_retention_days: int = key(30, "How long a raw payload can be opened.", unit="days", limits=(1, 3650))


class WhatsAppSettings(_Section):
    """WhatsApp Business (Meta's Cloud API)."""

    app_secrets: dict[str, Secrets] = key(
        {}, "App secret of each tenant's Meta app; several are live during a rotation.", entry="tenant id"
    )
    default_app_secret: Secrets | None = key(None, "App secret for tenants without one of their own; several are live during a rotation.")
    verify_token: Secret | None = key(None, "Token that Meta repeats when it registers the webhook; 20 characters or more.")
    access_tokens: dict[str, Secret] = key({}, "Access token of each tenant for sending.", entry="tenant id")
    default_access_token: Secret | None = key(None, "Access token for tenants without one of their own.")
    graph_api_url: WebAddress = key("https://graph.facebook.com", "Address of the Graph API; point it at `sigma simulate` for tests.")
    graph_api_version: GraphVersion = key("v25.0", "Version of the Graph API that requests name.")
    webhook_max_bytes: int = key(3 * MIB, "Largest webhook body that is accepted.", unit="bytes", limits=(1024, 64 * MIB))
    default_region: Region | None = key(None, "Country, such as BR, of phone numbers that are given without a country code.")
    default_template_language: Language = key("en", "Language of a template when the sender names none.")

    def app_secrets_for(self, tenant_id: str) -> list[SecretStr]:
        """Return the live app secrets of a tenant, else the default ones; none when there are neither."""
        return _entry(self.app_secrets, self._app_secret_names, tenant_id, self.default_app_secret or [])

    def access_token_for(self, tenant_id: str) -> SecretStr | None:
        """Return the access token of a tenant, else the default one."""
        return _entry(self.access_tokens, self._access_token_names, tenant_id, self.default_access_token)

    @cached_property
    def _app_secret_names(self) -> dict[str, str]:
        return _names_by_fold(self.app_secrets)

    @cached_property
    def _access_token_names(self) -> dict[str, str]:
        return _names_by_fold(self.access_tokens)


class TelegramSettings(_Section):
    """Telegram bots."""

    bot_tokens: dict[str, Secret] = key({}, "Bot token of each tenant.", entry="tenant id")
    default_bot_token: Secret | None = key(None, "Bot token for tenants without one of their own.")
    api_url: WebAddress = key("https://api.telegram.org", "Address of the Bot API.")

    def bot_token_for(self, tenant_id: str) -> SecretStr | None:
        """Return the bot token of a tenant, else the default one."""
        return _entry(self.bot_tokens, self._bot_token_names, tenant_id, self.default_bot_token)

    @cached_property
    def _bot_token_names(self) -> dict[str, str]:
        return _names_by_fold(self.bot_tokens)


class PlatformsSettings(_Section):
    """One section for each platform."""

    whatsapp: WhatsAppSettings = WhatsAppSettings()
    telegram: TelegramSettings = TelegramSettings()


class JournalSettings(_Section):
    """How a webhook is made durable."""

    commit_deadline_ms: int = key(400, "How long a commit may take before the detour is used.", unit="milliseconds", limits=(1, 1500))
    detour: Literal["spool", "nats", "none"] = key("spool", "Where webhooks wait while the database cannot commit.")
    nats_servers: list[NatsServer] = key([], "NATS servers for the detour `nats`; an address may hold a password.", commas=True)

    @field_validator("nats_servers")
    @classmethod
    def _require_a_server(cls, servers: list[SecretStr], info: ValidationInfo) -> list[SecretStr]:
        if info.data.get("detour") == "nats" and not servers:
            raise Unfit("is empty, but Journal.Detour is nats", "Name at least one server, such as nats://host:4222.")
        return servers


class HttpSettings(_Section):
    """The web server."""

    host: Host = key("127.0.0.1", "Address to listen on.")
    port: int = key(8000, "Port to listen on; 0 takes a free one.", limits=(0, 65535))
    public_url: WebAddress | None = key(None, "Address under which the world reaches SIGMA, for links and the callback URL.")
    graphql_introspection: bool | None = key(None, "Whether the GraphQL schema may be read. Null: unless `Environment` is Production.")
    graphiql: bool = key(default=True, description="Whether `GET /graphql` shows GraphiQL.")


class LogSettings(_Section):
    """The log, on standard error."""

    format: Literal["auto", "json", "console"] = key("auto", "Form of a line. Auto: console on a terminal, else JSON.")
    level: Literal["debug", "info", "warning", "error"] = key("info", "Least severe event that is written.")


class Settings(_Section):
    """Everything that can be configured. Without a file and without variables, the defaults work on one machine."""

    database: DatabaseSettings = DatabaseSettings()
    security: SecuritySettings = SecuritySettings()
    platforms: PlatformsSettings = PlatformsSettings()
    journal: JournalSettings = JournalSettings()
    http: HttpSettings = HttpSettings()
    environment: Literal["Development", "Production"] = key("Development", "Production switches GraphQL introspection off by default.")
    log: LogSettings = LogSettings()

    @property
    def is_graphql_introspection_on(self) -> bool:
        """Whether the GraphQL schema may be read: as configured, else unless this is production."""
        configured = self.http.graphql_introspection
        return self.environment != "Production" if configured is None else configured


@dataclass(frozen=True)
class LoadedSettings:
    """The settings, where each key came from (`default`, `file <name>`, `environment <VARIABLE>`), and what deserves a second look."""

    settings: Settings
    sources: dict[str, str]
    warnings: list[str]


@dataclass(frozen=True)
class Row:
    """One key for people; a secret's value is masked."""

    path: str
    value: str
    source: str
    description: str


def load_settings(config: Path | None, environ: Mapping[str, str], cwd: Path) -> LoadedSettings:
    """Return the settings: defaults, then the file (`config`, else SIGMA_CONFIG, else appsettings.json), then the environment.

    Raises: SettingsError, which lists every mistake and shows no value.
    """
    named = config or (Path(environ[FILE_VARIABLE]) if environ.get(FILE_VARIABLE) else None)
    file = cwd / (named or DEFAULT_FILE)
    is_used = named is not None or os.path.lexists(file)
    loaded = load(Settings, file if is_used else None, environ, cwd)
    warnings = [*loaded.warnings, *_whatsapp_warnings(loaded.model)]
    if is_used:
        warnings += _file_warnings(file, loaded)
    return LoadedSettings(loaded.model, loaded.sources, warnings)


def describe_settings(loaded: LoadedSettings) -> list[Row]:
    """Return one row for every key, and for every entry of a table, in the model's order."""
    values = loaded.settings.model_dump(by_alias=True)
    rows = []
    for known in section_of(Settings).leaves():
        value = values
        for name in known.path:
            value = value[name]
        path = ".".join(known.path)
        entries = {f"{path}.{entry}": item for entry, item in value.items()} if known.is_table and value else {path: value}
        rows += [Row(at, show(item), loaded.sources.get(at, "default"), known.description) for at, item in entries.items()]
    return rows


def settings_reference() -> str:
    """Return a Markdown table of every key: path, environment variable, type and unit, default, description."""
    return reference_table(section_of(Settings))


def _entry(table: dict[str, ValueT], names: dict[str, str], tenant_id: str, default: DefaultT) -> ValueT | DefaultT:
    """Return a tenant's entry: by its exact name, else by one that differs in case or has `_` for `-`, else the default."""
    return table[tenant_id] if tenant_id in table else table.get(names.get(fold_entry(tenant_id), ""), default)


def _names_by_fold(table: dict[str, ValueT]) -> dict[str, str]:
    """Return the table's names by folded name, without those that two names share."""
    folds = [fold_entry(name) for name in table]
    return {fold: name for fold, name in zip(folds, table, strict=True) if folds.count(fold) == 1}


def _whatsapp_warnings(settings: Settings) -> list[str]:
    whatsapp = settings.platforms.whatsapp
    warnings = []
    if whatsapp.verify_token and len(whatsapp.verify_token.get_secret_value()) < VERIFY_TOKEN_MIN_CHARACTERS:
        warnings.append(
            f"Platforms.WhatsApp.VerifyToken is shorter than {VERIFY_TOKEN_MIN_CHARACTERS} characters and can be guessed. "
            "Make one with: openssl rand -base64 32"
        )
    if not whatsapp.app_secrets and not whatsapp.default_app_secret:
        warnings.append(
            "Platforms.WhatsApp.AppSecrets and Platforms.WhatsApp.DefaultAppSecret are not set: every WhatsApp webhook is refused. "
            "Set one of them."
        )
    return warnings


def _file_warnings(file: Path, loaded: Loaded[Settings]) -> list[str]:
    """Warn when a file that holds secrets can be read by others."""
    secrets = {known.path for known in section_of(Settings).leaves() if known.is_secret}
    from_file = {tuple(path.split(".")) for path, source in loaded.sources.items() if source.startswith("file ")}
    holds_secrets = any(path[: len(secret)] == secret for path in from_file for secret in secrets)
    if os.name != "posix" or not holds_secrets or not file.stat().st_mode & 0o044:
        return []
    return [f"{file} holds secrets and can be read by other users of this machine. Run: chmod 600 {file}"]
