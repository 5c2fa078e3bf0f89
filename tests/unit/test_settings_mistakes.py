"""Every mistake in the configuration is told with its key, its place and the fix, all at once, and without any value."""

import json
import traceback
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import ValidationError

from sigma.kit.settings import LoadedSettings, Settings, SettingsError, describe_settings, load_settings

DATA = Path(__file__).parents[1] / "data/settings"


def read(directory: Path, file: Any = None, environ: dict[str, str] | None = None, config: Path | None = None) -> LoadedSettings:
    """Load with `file` (text or JSON data) as appsettings.json of the working directory."""
    if file is not None:
        path = directory / "appsettings.json"
        path.write_text(file if isinstance(file, str) else json.dumps(file), encoding="utf-8")
        path.chmod(0o600)
    return load_settings(config, environ or {}, directory)


def mistakes(directory: Path, file: Any = None, environ: dict[str, str] | None = None, config: Path | None = None) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read(directory, file, environ, config)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize("named", [{"SIGMA_CONFIG": "gone.json"}, None])
def test_a_named_file_that_is_absent_is_a_mistake(tmp_path, named):
    (problem,) = mistakes(tmp_path, None, named, None if named else Path("gone.json"))
    assert (
        problem == f"{tmp_path}/gone.json: cannot be read: No such file or directory. Name a file that exists and that this user may read."
    )


FILES: list[tuple[bytes, str]] = [
    (b'{\n  "Http": {\n    "Port" 1}}', "/appsettings.json, line 3, column 12: is not JSON: Expecting ':' delimiter. Look for a missing"),
    (
        b'{\n  // mine\n  "Http": {}}',
        "/appsettings.json, line 2, column 3: is not JSON: Expecting property name enclosed in double quotes. JSON has no comments",
    ),
    (b'\xef\xbb\xbf{"Http": {},}', "/appsettings.json, line 1, column 13: is not JSON:"),
    (b"", "/appsettings.json, line 1, column 1: is not JSON: Expecting value."),
    (b"[]", "/appsettings.json: is not an object. Put everything into { … }."),
    ('{"Http": {}}'.encode("utf-16"), "/appsettings.json, byte 1: is not UTF-8. Save the file as UTF-8."),
    (b'{"Http": {"Port": ' + b"1" * 5000 + b"}}", "/appsettings.json: holds a number that is too long, or is nested too deeply."),
    (b"[" * 100_000, "/appsettings.json: holds a number that is too long, or is nested too deeply."),
]


@pytest.mark.parametrize(("content", "expected"), FILES)
def test_a_broken_file_is_named_with_line_and_column(tmp_path, content, expected):
    (tmp_path / "appsettings.json").write_bytes(content)
    (problem,) = mistakes(tmp_path)
    assert problem.startswith(f"{tmp_path}{expected}")


MISTAKES = json.loads((DATA / "mistakes.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", MISTAKES, ids=lambda case: case["says"].partition(". ")[0])
def test_a_mistake_names_the_key_its_place_and_the_fix(tmp_path, case):
    assert mistakes(tmp_path, case["file"], case["environment"]) == [case["says"]]


def test_all_mistakes_are_told_at_once(tmp_path):
    file = {"Http": {"Port": "x", "Prt": 1}, "Log": {"Level": "loud"}}
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, file, {"Database__PoolSize": "x"})
    lines = str(caught.value).splitlines()
    assert lines[0] == "The configuration has 4 mistakes:"
    assert [line.split()[0] for line in lines[1:]] == ["Http.Prt", "Database.PoolSize", "Http.Port", "Log.Level"]


# -- secrets stay secret

SECRET_PATHS = [
    ("Database", "Url"),
    ("Security", "MasterKey"),
    ("Platforms", "WhatsApp", "AppSecrets", "acme"),
    ("Platforms", "WhatsApp", "DefaultAppSecret"),
    ("Platforms", "WhatsApp", "VerifyToken"),
    ("Platforms", "WhatsApp", "AccessTokens", "acme"),
    ("Platforms", "WhatsApp", "DefaultAccessToken"),
    ("Platforms", "Telegram", "BotTokens", "acme"),
    ("Platforms", "Telegram", "DefaultBotToken"),
    ("Journal", "NatsServers"),
]
ELSEWHERE = [
    ("Database",),
    ("Database", "PoolSize"),
    ("Database", "RolePrefix"),
    ("Security", "MasterKeyFile", "x"),
    ("Platforms", "WhatsApp", "AppSecrets"),
    ("Platforms", "WhatsApp", "VerifyTokn"),
    ("Platforms", "WhatsApp", "GraphApiUrl"),
    ("Platforms", "WhatsApp", "DefaultTemplateLanguage"),
    ("Http", "PublicUrl"),
    ("Http", "Port"),
    ("Http", "GraphiQL"),
    ("Environment",),
    ("Log", "Level"),
]
secrets = st.builds(
    "{}canary-{}{}".format,
    st.sampled_from(["", "postgresql://u:", "nats://", "[", " ", "https://u:"]),
    st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), min_size=8, max_size=30),
    st.sampled_from(["", "@host/db", "\n", '"]', "==", "\ud800"]),
)
wrappings = st.sampled_from([lambda value: value, lambda value: [value], lambda value: {"x": value}, lambda value: [[value]]])


def everything_said(directory: Path, file: Any, environ: dict[str, str]) -> str:
    """Return every text that loading can lead to."""
    error: SettingsError | None = None
    loaded: LoadedSettings | None = None
    try:
        loaded = read(directory, file, environ)
    except SettingsError as raised:
        error = raised
    if loaded is not None:
        shown = [loaded, loaded.settings, loaded.settings.model_dump(), loaded.settings.model_dump_json(), str(loaded.settings)]
        return "\n".join(map(repr, [*shown, loaded.warnings, describe_settings(loaded)]))
    assert error is not None
    hidden = [error.__cause__, error.__context__]
    return "\n".join(["".join(traceback.format_exception(error)), repr(error), *map(repr, error.problems), *map(repr, hidden)])


@hypothesis_settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(secret=secrets, path=st.sampled_from(SECRET_PATHS + ELSEWHERE), wrap=wrappings)
def test_no_value_of_the_file_is_ever_shown(tmp_path, secret, path, wrap):
    file: dict[str, Any] = {}
    node = file
    for name in path[:-1]:
        node = node.setdefault(name, {})
    node[path[-1]] = wrap(secret)
    assert "canary" not in everything_said(tmp_path, file, {})
    assert "canary" not in everything_said(tmp_path, {"Zzz": 1} | file, {})


@hypothesis_settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(secret=secrets, path=st.sampled_from(SECRET_PATHS + ELSEWHERE), suffix=st.sampled_from(["", "__0", "__x"]))
def test_no_value_of_a_variable_is_ever_shown(tmp_path, secret, path, suffix):
    environ = {"__".join(path) + suffix: secret}
    assert "canary" not in everything_said(tmp_path, {}, environ)
    assert "canary" not in everything_said(tmp_path, {"Zzz": 1}, environ | {"__".join(path).upper() + suffix: secret + "x"})


def test_a_model_made_by_hand_shows_no_input_either():
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate({"Platforms": {"WhatsApp": {"VerifyToken": ["canary"], "DefaultAppSecret": {"x": "canary"}}}})
    assert "canary" not in str(caught.value)


def test_a_broken_file_does_not_show_what_is_in_it(tmp_path):
    assert "canary" not in everything_said(tmp_path, '{"Platforms": {"WhatsApp": {"VerifyToken": "canary" "x"}}}', {})
