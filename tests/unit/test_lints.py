"""The house rules: each finds the violation planted for it, and leaves a clean file alone."""

import re
import tomllib
from pathlib import Path
from textwrap import dedent

import pytest
from packaging.requirements import Requirement

from tools.lints import broad_except, commits, log_events, names, size_ratchet, sql_text, wall_clock
from tools.lints.__main__ import check
from tools.lints.source import Source

ROOT = Path(__file__).resolve().parents[2]


def lines_found(rule, code, path="src/sigma/messages/receive.py"):
    return [finding.line for finding in rule.check(Source(path, dedent(code).lstrip("\n")))]


@pytest.mark.parametrize("code", ["connection.commit()", "await self.tx.commit()", "await tx.execute('COMMIT')", "sql = '…; COMMIT;'"])
def test_a_commit_by_hand_is_found(code):
    assert lines_found(commits, code) == [1]


def test_commits_where_they_belong_are_left_alone():
    assert lines_found(commits, "connection.commit()", path="src/sigma/kit/db.py") == []
    assert lines_found(commits, "connection.commit()", path="src/sigma/intake/journal.py") == []
    assert lines_found(commits, '"""Answers after COMMIT."""\nsql = "CREATE TEMP TABLE t (i int) ON COMMIT DROP"\ncommit = 1') == []


@pytest.mark.parametrize(
    "code",
    [
        "datetime.now(UTC)",
        "datetime.datetime.utcnow()",
        "field(default_factory=datetime.now)",
        "dt.date.today()",
        "time.time()",
        "from time import time_ns",
    ],
)
def test_a_read_of_the_wall_clock_is_found(code):
    assert lines_found(wall_clock, code) == [1]


def test_time_that_is_handed_in_or_measured_is_left_alone():
    assert lines_found(wall_clock, "at = clock.now()\nstarted = time.monotonic()\nat = datetime.fromtimestamp(seconds, UTC)") == []
    assert lines_found(wall_clock, "datetime.now(UTC)", path="src/sigma/kit/clock.py") == []


@pytest.mark.parametrize(
    "code",
    [
        "log.info(f'webhook.{what}')",
        "log.info('sent to %s' % number)",
        "self._log.warning('sent to {}'.format(number))",
        "logger.error('sent to %s', number)",
        "log.bind(workspace_id=1).exception(event)",
    ],
)
def test_a_log_event_put_together_at_run_time_is_found(code):
    assert lines_found(log_events, code) == [1]


def test_a_constant_log_event_is_left_alone():
    assert lines_found(log_events, "log.info('webhook.accepted', workspace_id=workspace.id)\nresult.error(message)") == []


@pytest.mark.parametrize(
    "handler",
    [
        "except Exception:",
        "except Exception:  # noqa",
        "except:",
        "except (ValueError, BaseException) as error:",
        "except Exception:  # why",
    ],
)
def test_a_broad_except_without_a_reason_is_found(handler):
    assert lines_found(broad_except, f"try:\n    go()\n{handler}\n    pass") == [3]


def test_a_broad_except_with_a_reason_is_left_alone():
    assert lines_found(broad_except, "try:\n    go()\nexcept Exception:  # one bad item never harms its neighbours\n    pass") == []
    assert lines_found(broad_except, "try:\n    go()\n# one bad item never harms its neighbours\nexcept Exception:\n    pass") == []
    assert lines_found(broad_except, "try:\n    go()\nexcept (ValueError, OSError):\n    pass") == []


@pytest.mark.parametrize(
    "code",
    [
        "f'SELECT id FROM messages WHERE text = {text}'",
        "f'DELETE FROM {table}'",
        "await tx.execute(f'{verb} t', ())",
        "connection.execute(text('SET ROLE ' + role_name))",
        "'SELECT * FROM %s' % table",
        "'SELECT * FROM {}'.format(table)",
    ],
)
def test_sql_put_together_at_run_time_is_found(code):
    assert lines_found(sql_text, code) == [1]


def test_sql_made_of_constants_is_left_alone():
    assert lines_found(sql_text, "f'SELECT {COLUMNS} FROM messages WHERE id = %s LIMIT {limits.PAGE}'\nf'ALTER {role} by hand'") == []
    assert lines_found(sql_text, "'SELECT 1 ' + WHERE_ACTIVE\nexecute('SELECT %s', (value,))") == []


@pytest.mark.parametrize("code", ["wamid = 1", "def find(org_id): ...", "class CampaignResult: ...", "self.customer_care_window = 1"])
def test_a_second_word_for_an_idea_is_found(code):
    assert lines_found(names, code) == [1]


def test_words_of_others_and_parts_of_words_are_left_alone():
    assert lines_found(names, "call(wamid=1)\norganic = original = value.campaign\nWAMID_LIKE: int") == [3]
    assert lines_found(names, "wamid = 1", path="src/sigma/connectors/whatsapp/parse.py") == []


def test_a_comment_excuses_one_line_only_with_a_reason():
    allowed = "at = datetime.now(UTC)  # lint: allow wall-clock, because {}\n"
    source = Source("src/sigma/kit/log.py", allowed.format("a log line says when it was written") + "\nat = datetime.now(UTC)\n")
    assert [finding.line for finding in check([source])] == [3]
    assert list(check([Source("src/sigma/kit/log.py", allowed.format(""))])) != []
    assert list(check([Source("src/sigma/kit/log.py", allowed.format("the commit rule").replace("wall-clock", "commit"))])) != []


def sizes_of(code, path="src/sigma/kit/big.py"):
    return dict(size_ratchet.measure(Source(path, code)))


def test_files_and_functions_over_budget_are_measured():
    body = "        pass\n"
    assert sizes_of("x = 1\n" * 401) == {"src/sigma/kit/big.py": 401}
    assert sizes_of("class A:\n    def f(self):\n" + body * 60) == {"src/sigma/kit/big.py::A.f": 61}
    assert sizes_of("class A:\n    def f(self):\n" + body * 59) == {}
    assert sizes_of("x = 1\n" * 401, path="migrations/versions/first.py") == {}


def test_the_ratchet_only_turns_one_way():
    ratchet = {"a.py": 500, "b.py": 500, "gone.py": 500}
    sizes = {"a.py": 501, "b.py": 450, "new.py": 401}
    assert [finding.path for finding in size_ratchet.compare(sizes, ratchet)] == ["a.py", "b.py", "gone.py", "new.py"]
    assert size_ratchet.shrink(sizes, ratchet) == {"a.py": 500, "b.py": 450}
    assert list(size_ratchet.compare({"a.py": 500}, {"a.py": 500})) == []


LOCKS = [("requirements", None), ("requirements-dev", "dev"), ("requirements-assets", "assets"), ("tools/bootstrap", "bootstrap")]


def locked_versions(text):
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, re.MULTILINE))


@pytest.mark.parametrize(("lock", "group"), LOCKS)
def test_what_the_project_asks_for_is_locked_by_hash_and_names_no_address(lock, group):
    text = (ROOT / f"{lock}.lock").read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = project["dependency-groups"][group] if group else project["project"]["dependencies"]
    locked = locked_versions(text)
    assert [line for line in wanted if locked.get(Requirement(line).name, "0") not in Requirement(line).specifier] == []
    assert len(re.findall(r"^\S+==.*\\\n    --hash=sha256:", text, re.MULTILINE)) == len(locked)
    assert "://" not in text


def test_both_locks_name_the_same_version_of_what_they_share():
    runtime, dev = (locked_versions((ROOT / name).read_text()) for name in ("requirements.lock", "requirements-dev.lock"))
    shared = runtime.keys() & dev.keys()
    assert {name: runtime[name] for name in shared} == {name: dev[name] for name in shared}
