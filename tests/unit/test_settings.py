"""How settings are read: which file, what lies over what, what is warned about, and what people are shown. (Mistakes: next file.)"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from sigma.kit.settings import LoadedSettings, Settings, describe_settings, load_settings, settings_reference

DATA = Path(__file__).parents[1] / "data/settings"
GUIDE = """\
{
  "Platforms": {
    "WhatsApp": {
      "AppSecrets": {
        "your-tenant-id": "your-app-secret-from-meta"
      },
      "DefaultAppSecret": "default-app-secret",
      "VerifyToken": "your-random-verify-token-min-20-chars"
    }
  }
}
"""
DESIGN = """\
{
  "Database": { "Url": null, "DataDirectory": ".sigma/postgres" },
  "Security": { "MasterKey": null, "MasterKeyFile": ".sigma/master.key" },
  "Platforms": {
    "WhatsApp": {
      "AppSecrets":    { "<tenant id>": "…" }, "DefaultAppSecret": "…", "VerifyToken": "…",
      "AccessTokens":  { "<tenant id>": "…" }, "DefaultAccessToken": null,
      "GraphApiUrl": "https://graph.facebook.com", "GraphApiVersion": "v25.0"
    },
    "Telegram": { "BotTokens": {}, "DefaultBotToken": null, "ApiUrl": "https://api.telegram.org" }
  },
  "Journal": { "CommitDeadlineMs": 400, "Detour": "spool", "NatsServers": [] }
}
"""
UUID = "0190f3a2-1b2c-7d3e-8f40-5a6b7c8d9e0f"
APP_SECRETS = "Platforms__WhatsApp__AppSecrets"
QUIET = {"Platforms__WhatsApp__DefaultAppSecret": "an-app-secret"}


def read(directory: Path, file: Any = None, environ: dict[str, str] | None = None, config: Path | None = None) -> LoadedSettings:
    """Load with `file` (text or JSON data) as appsettings.json of the working directory."""
    if file is not None:
        path = directory / "appsettings.json"
        path.write_text(file if isinstance(file, str) else json.dumps(file), encoding="utf-8")
        path.chmod(0o600)
    return load_settings(config, environ or {}, directory)


def value_at(loaded: LoadedSettings, path: str) -> Any:
    value: Any = loaded.settings.model_dump(by_alias=True)
    for name in path.split("."):
        value = value[name]
    return plain(value)


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.get_secret_value() if hasattr(value, "get_secret_value") else value


def whatsapp(**keys: Any) -> dict[str, Any]:
    return {"Platforms": {"WhatsApp": keys}}


# -- what is read


def test_the_defaults_need_no_file_and_no_variable(tmp_path):
    loaded = read(tmp_path)
    assert loaded.settings.database.pool_size == 10
    assert loaded.settings.database.data_directory == tmp_path / ".sigma/postgres"
    assert loaded.settings.platforms.whatsapp.webhook_max_bytes == 3 * 1024 * 1024
    assert loaded.settings.http.port == 8000
    assert set(loaded.sources.values()) == {"default"}


def test_the_guides_file_loads_verbatim(tmp_path):
    loaded = read(tmp_path, GUIDE)
    assert value_at(loaded, "Platforms.WhatsApp.AppSecrets") == {"your-tenant-id": ["your-app-secret-from-meta"]}
    assert value_at(loaded, "Platforms.WhatsApp.DefaultAppSecret") == ["default-app-secret"]
    assert value_at(loaded, "Platforms.WhatsApp.VerifyToken") == "your-random-verify-token-min-20-chars"
    assert loaded.warnings == []
    assert loaded.sources["Platforms.WhatsApp.AppSecrets.your-tenant-id"] == "file appsettings.json"
    assert loaded.sources["Http.Port"] == "default"


def test_the_designs_file_loads_verbatim(tmp_path):
    loaded = read(tmp_path, DESIGN)
    assert value_at(loaded, "Platforms.WhatsApp.AccessTokens") == {"<tenant id>": "…"}
    assert loaded.settings.journal.detour == "spool"
    assert loaded.sources["Platforms.Telegram.BotTokens"] == "file appsettings.json"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_byte_order_mark_changes_nothing(tmp_path, encoding):
    (tmp_path / "appsettings.json").write_text('{"Http": {"Port": 9000}}', encoding=encoding)
    assert read(tmp_path).settings.http.port == 9000


BASE = whatsapp(AppSecrets={"Acme": "file-secret", "old": ["one", "two"]}, VerifyToken="a-verify-token-of-the-file")
OVERLAYS = json.loads((DATA / "overlays.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", OVERLAYS, ids=lambda case: case["name"])
def test_the_environment_lies_over_the_file(tmp_path, case):
    loaded = read(tmp_path, BASE, case["environment"])
    assert value_at(loaded, case["path"]) == case["value"]
    assert any(f"environment {variable}" in loaded.sources[case["path"]] for variable in case["environment"])
    if "VerifyToken" not in case["path"]:
        assert value_at(loaded, "Platforms.WhatsApp.VerifyToken") == "a-verify-token-of-the-file"


@pytest.mark.parametrize("spelled", ["my_tenant", "MY-TENANT", "My_Tenant"])
def test_a_variable_finds_the_files_tenant_whatever_its_dashes_and_case(tmp_path, spelled):
    loaded = read(tmp_path, whatsapp(AccessTokens={"my-tenant": "file"}), {f"Platforms__WhatsApp__AccessTokens__{spelled}": "env"})
    assert value_at(loaded, "Platforms.WhatsApp.AccessTokens") == {"my-tenant": "env"}


def test_keys_of_the_file_may_be_in_any_case_and_keep_the_tenants_spelling(tmp_path):
    loaded = read(
        tmp_path, {"platforms": {"WHATSAPP": {"appsecrets": {"AcmE": "s"}, "GRAPHAPIVERSION": "v24.0"}}, "environment": "PRODUCTION"}
    )
    assert value_at(loaded, "Platforms.WhatsApp.AppSecrets") == {"AcmE": ["s"]}
    assert loaded.settings.platforms.whatsapp.graph_api_version == "v24.0"
    assert loaded.settings.environment == "Production"


def test_an_item_over_a_files_list_names_both_sources(tmp_path):
    loaded = read(tmp_path, BASE, {f"{APP_SECRETS}__old__1": "new"})
    assert loaded.sources["Platforms.WhatsApp.AppSecrets.old"] == f"file appsettings.json, environment {APP_SECRETS}__old__1"


def test_variables_of_others_are_ignored(tmp_path):
    environ = {
        "PATH": "/bin",
        "HTTP_PROXY": "x",
        "DATABASE_URL": "x",
        "LOG": "x",
        "DATABASE": "x",
        "Foo__Bar": "x",
        "JOURNAL_STREAM": "8:1",
    }
    loaded = read(tmp_path, None, environ)
    assert loaded.settings == read(tmp_path).settings
    assert not any("Foo" in warning for warning in loaded.warnings)


def test_tenants_are_found_by_exact_name_then_by_folded_name_then_by_default():
    settings = Settings.model_validate(
        whatsapp(AppSecrets={"Acme-One": "a", "twin_x": "x", "twin-x": "y"}, DefaultAppSecret=["d", "e"], AccessTokens={"Acme-One": "t"})
    )
    found = settings.platforms.whatsapp.app_secrets_for
    assert plain(found("Acme-One")) == ["a"]
    assert plain(found("ACME_ONE")) == ["a"]
    assert plain(found("twin_x")) == ["x"]
    assert plain(found("twin-x")) == ["y"]
    assert plain(found("TWIN-X")) == ["d", "e"]
    assert plain(found("other")) == ["d", "e"]
    assert plain(settings.platforms.whatsapp.access_token_for("acme-one")) == "t"
    assert settings.platforms.whatsapp.access_token_for("other") is None
    assert settings.platforms.telegram.bot_token_for("other") is None
    assert Settings().platforms.whatsapp.app_secrets_for("acme") == []


def test_introspection_is_off_in_production_unless_configured():
    assert Settings().is_graphql_introspection_on
    assert not Settings(environment="Production").is_graphql_introspection_on
    assert Settings.model_validate({"Environment": "Production", "Http": {"GraphQLIntrospection": True}}).is_graphql_introspection_on
    assert not Settings.model_validate({"Http": {"GraphQLIntrospection": False}}).is_graphql_introspection_on


def test_settings_cannot_be_changed():
    with pytest.raises(ValidationError):
        Settings().http.port = 1


# -- which file


def test_the_argument_goes_before_the_variable_and_that_before_the_default(tmp_path):
    for port, name in enumerate(["appsettings.json", "variable.json", "argument.json"], start=9000):
        (tmp_path / name).write_text(json.dumps({"Http": {"Port": port}}))
    assert load_settings(None, {}, tmp_path).settings.http.port == 9000
    assert load_settings(None, {"SIGMA_CONFIG": ""}, tmp_path).settings.http.port == 9000
    named = {"SIGMA_CONFIG": "variable.json"}
    assert load_settings(None, named, tmp_path).settings.http.port == 9001
    assert load_settings(Path("argument.json"), named, tmp_path).settings.http.port == 9002
    assert load_settings(tmp_path / "argument.json", named, tmp_path).sources["Http.Port"] == "file argument.json"


def test_relative_paths_start_from_whoever_gave_them(tmp_path):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/sigma.json").write_text(json.dumps({"Database": {"DataDirectory": "../data"}}))
    environ = {"Security__MasterKeyFile": "keys/master"}
    settings = load_settings(Path("etc/sigma.json"), environ, tmp_path).settings
    assert settings.database.data_directory == tmp_path / "data"
    assert settings.security.master_key_file == tmp_path / "keys/master"
    assert load_settings(Path("etc/sigma.json"), {}, tmp_path).settings.security.master_key_file == tmp_path / ".sigma/master.key"
    assert load_settings(None, {"Database__DataDirectory": "/srv/pg"}, tmp_path).settings.database.data_directory == Path("/srv/pg")


# -- warnings


def test_a_short_verify_token_is_warned_about(tmp_path):
    (warning,) = read(tmp_path, None, QUIET | {"Platforms__WhatsApp__VerifyToken": "x" * 19}).warnings
    assert warning.startswith("Platforms.WhatsApp.VerifyToken is shorter than 20 characters")
    assert read(tmp_path, None, QUIET | {"Platforms__WhatsApp__VerifyToken": "x" * 20}).warnings == []


def test_no_app_secret_at_all_is_warned_about(tmp_path):
    (warning,) = read(tmp_path).warnings
    assert "every WhatsApp webhook is refused" in warning
    assert read(tmp_path, None, {f"{APP_SECRETS}__a": "x"}).warnings == []


def test_a_file_with_secrets_that_others_can_read_is_warned_about(tmp_path):
    file = tmp_path / "appsettings.json"
    file.write_text(GUIDE)
    for mode, is_open in ((0o644, True), (0o640, True), (0o604, True), (0o600, False)):
        file.chmod(mode)
        assert [f"chmod 600 {file}" in warning for warning in load_settings(None, {}, tmp_path).warnings] == [True] * is_open
    file.write_text("{}")
    file.chmod(0o644)
    assert load_settings(None, QUIET, tmp_path).warnings == []


def test_a_misspelled_section_in_a_variable_is_warned_about(tmp_path):
    (warning,) = read(tmp_path, None, QUIET | {"Platform__WhatsApp__VerifyToken": "x"}).warnings
    assert warning == "Platform__WhatsApp__VerifyToken is ignored: no section is called Platform. Did you mean Platforms?"


# -- what people see


def test_rows_show_every_key_with_its_source_and_mask_secrets(tmp_path):
    loaded = read(tmp_path, BASE, {"Journal__NatsServers": "nats://u:p@a,nats://b", "Http__Port": "9000"})
    rows = {row.path: row for row in describe_settings(loaded)}
    assert set(rows) == set(loaded.sources)
    assert (rows["Http.Port"].value, rows["Http.Port"].source) == ("9000", "environment Http__Port")
    assert rows["Platforms.WhatsApp.AppSecrets.Acme"].value == "********"
    assert rows["Platforms.WhatsApp.AppSecrets.old"].value == "********, ********"
    assert rows["Platforms.WhatsApp.VerifyToken"].value == "********"
    assert rows["Platforms.WhatsApp.DefaultAppSecret"].value == "(not set)"
    assert rows["Platforms.Telegram.BotTokens"].value == "(none)"
    assert rows["Journal.NatsServers"].value == "********, ********"
    assert rows["Http.GraphiQL"].value == "true"
    assert rows["Database.DataDirectory"].value == str(tmp_path / ".sigma/postgres")
    assert all(row.description.endswith(".") for row in rows.values())


def test_the_reference_has_a_row_for_every_key():
    lines = settings_reference().splitlines()
    assert lines[0] == "| Key | Environment variable | Type | Default | Description |"
    keys = [re.match(r"\| `([^`]+)` \| `([^`]+)` \|", line) for line in lines[2:]]
    assert all(keys)
    paths = [match[1] for match in keys if match]
    assert paths[0] == "Database.Url"
    assert "Platforms.WhatsApp.AppSecrets.<tenant id>" in paths
    assert len(paths) == len(set(paths)) == 31
    (days,) = [line for line in lines if "RawRetentionDays" in line]
    assert days.endswith(
        "`Security__RawRetentionDays` | a whole number from 1 to 3650 (days) | `30` | How long a raw payload can be opened. |"
    )


@pytest.mark.parametrize("name", [name for name, _ in re.findall(r"`((?:\w+__)+\w+)` \| ([^|]*) \| `\(not set\)`", settings_reference())])
def test_every_optional_key_can_be_emptied_by_its_documented_variable(tmp_path, name):
    assert read(tmp_path, None, {name: ""}).settings == read(tmp_path).settings
