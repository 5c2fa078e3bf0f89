"""What a log line looks like, in both forms, and what can never be in it."""

import io
import json
import logging
import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog

from sigma.kit.log import configure_logging, get_logger

FORMATS = ["json", "console"]
CANARIES = [
    "15550783881",
    "+1 (555) 078-3881",
    "+1 555 078 3881",
    "0049-30-1234567",
    "555.078.3881",
    "EAAGm0PX4ZCpsBA",
    "Bearer abcdefcanary",
    "sigma_4fGh7KlcanaryX",
    "sha256=abcdef0123456789",
    "postgresql://sigma:p4ss@db/x",
    "wamid.HBgLMTU1NTA3ODM4ODE",
]
LEAKS = ["5550783881", "555) 078", "555 078", "1234567", "078.3881", "EAAG", "abcdefcanary", "KlcanaryX", "abcdef01", "p4ss", "HBgL"]

Reader = Callable[[], str]


@pytest.fixture(autouse=True)
def _restore_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers = list(root.handlers)
    yield
    root.handlers[:] = handlers
    structlog.contextvars.clear_contextvars()
    structlog.reset_defaults()


def start(form: Any, level: Any = "info", stream: io.StringIO | None = None) -> Reader:
    stream = stream or io.StringIO()
    logging.getLogger().handlers.clear()  # pytest's own, which show what is logged as it is
    configure_logging(form, level, stream)
    return stream.getvalue


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("form", FORMATS)
def test_the_guides_line_can_be_found_verbatim(form):
    written = start(form)
    log = get_logger("intake")
    log.warning("WhatsApp webhook signature validation failed", logger="whatsapp", reason="mismatch")
    (line,) = written().splitlines()
    assert "WhatsApp webhook signature validation failed" in line
    assert "whatsapp" in line  # the guide's grep "whatsapp"
    assert "mismatch" in line
    assert "intake" not in line


def test_a_json_line_says_when_how_severe_who_and_what():
    written = start("json")
    tenant = uuid.uuid4()
    get_logger("journal").info("webhook.accepted", tenant_id=tenant, duration_ms=1.5, batch=3, is_late=False)
    line = json.loads(written())
    assert list(line)[:4] == ["timestamp", "level", "logger", "event"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", line.pop("timestamp"))
    assert line == {
        "level": "info",
        "logger": "journal",
        "event": "webhook.accepted",
        "tenant_id": str(tenant),
        "duration_ms": 1.5,
        "batch": 3,
        "is_late": False,
    }


@pytest.mark.parametrize(("stream", "is_json"), [(io.StringIO, True), (Terminal, False)])
def test_auto_is_console_on_a_terminal(stream, is_json):
    written = start("auto", "info", stream())
    get_logger("x").info("a.b")
    assert written().startswith("{") is is_json


@pytest.mark.parametrize(("level", "seen"), [("debug", "diwe"), ("info", "iwe"), ("warning", "we"), ("error", "e")])
def test_the_level_decides_what_is_written(level, seen):
    written = start("json", level)
    log = get_logger("x")
    log.debug("d")
    log.info("i")
    log.warning("w")
    log.error("e")
    assert [json.loads(line)["event"] for line in written().splitlines()] == list(seen)


def test_a_logger_made_before_the_configuration_obeys_it():
    structlog.reset_defaults()
    log = get_logger("early")
    written = start("json", "debug")
    log.debug("a.b")
    assert json.loads(written())["logger"] == "early"


def test_even_without_configuration_nothing_private_is_written(capsys):
    structlog.reset_defaults()
    get_logger("x").warning("a.b", note=CANARIES[0], text="hello")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert json.loads(captured.err)["note"] == json.loads(captured.err)["text"] == "[redacted]"


def test_what_is_bound_for_a_request_is_in_its_lines():
    written = start("json")
    with structlog.contextvars.bound_contextvars(request_id="r1", note=CANARIES[0]):
        get_logger("x").info("a.b")
    line = json.loads(written())
    assert line["request_id"] == "r1"
    assert line["note"] == "[redacted]"


def fail(error: Exception) -> None:
    raise error


def say_everywhere(canary: str) -> None:
    """Put a canary into every place that a line can carry it."""
    log = get_logger("x").bind(bound=canary)
    log.info(f"event {canary}")  # noqa: G004 - the mistake that is under test
    log.info("event %s", canary)
    log.info("a.b", value=canary, nested={"a": [canary, {"b": (canary,)}], canary: 1}, error=ValueError(canary), logger=canary)
    log.info("a.b", **{canary: "x"})
    log.info("a.b", stack_info=True, exception=canary)
    try:
        local = canary
        fail(ValueError(f"first {local}"))
    except ValueError as error:
        error.add_note(canary)
        log.exception("a.b")
        try:
            fail(LookupError(canary))
        except LookupError:
            log.exception("a.b")
            logging.getLogger("psycopg").exception("failed for %s", canary)
    try:
        fail(ExceptionGroup(canary, [ValueError(canary)]))
    except ExceptionGroup:
        log.exception("a.b")
    logging.getLogger("uvicorn.error").warning("request %s", canary, extra={"value": canary})
    logging.getLogger("asyncio").error(canary, stack_info=True)
    logging.getLogger("alembic").error("%d", canary)  # cannot be formatted
    logging.getLogger("root.level").critical({"x": canary})


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("canary", CANARIES)
def test_no_canary_is_ever_written(form, canary, capsys):
    written = start(form, "debug")
    say_everywhere(canary)
    everything = written() + "".join(capsys.readouterr())
    assert everything.count("[redacted]") > 15
    assert canary not in everything
    assert [leak for leak in LEAKS if leak in everything] == []


def test_a_traceback_shows_no_local_variables():
    written = start("json")
    secret_local = "local" + "canary"
    try:
        fail(ValueError("boom"))
    except ValueError:
        get_logger("x").exception("a.b")
    exception = json.loads(written())["exception"]
    assert exception.startswith("Traceback (most recent call last):")
    assert "ValueError: boom" in exception
    assert secret_local not in exception


@pytest.mark.parametrize("form", FORMATS)
def test_uuids_and_timestamps_are_left_whole(form):
    written = start(form)
    ident = str(uuid.uuid4())
    get_logger("x").info("a.b", tenant_id=ident, other=ident, at="2026-11-23T10:15:30.123456Z")
    assert written().count(ident) == 2
    assert "2026-11-23T10:15:30.123456Z" in written()
    assert "[redacted]" not in written()


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028", "\x85", "\x0b", "\x0c", "\x1e"])
def test_a_line_cannot_be_forged(form, end):
    written = start(form)
    forged = f"harmless{end}2026-11-23T00:00:00Z [error    ] forged"
    get_logger("x").info(forged, value=forged, nested=[forged], logger=forged, **{forged: 1})
    logging.getLogger("uvicorn.error").warning(forged)
    assert len(written().splitlines()) == 2


def test_a_traceback_on_the_console_is_indented_so_that_it_cannot_forge_a_line():
    written = start("console")
    try:
        fail(ValueError("harmless\n2026-11-23T00:00:00Z [error    ] forged"))
    except ValueError:
        get_logger("x").exception("a.b")
    first, *rest = written().splitlines()
    assert " a.b " in first
    assert all(line.startswith("    ") for line in rest)


@pytest.mark.parametrize("form", FORMATS)
def test_what_a_terminal_obeys_is_not_written(form):
    written = start(form)
    get_logger("x\x1b[2J").info("a\x1b]0;t\x07\u202e", value="\x1b[31mred\u2066\x7f", **{"k\x1b[2J": 1})
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]|\\\\u001b|\\\\x1b", written())


def test_libraries_are_heard_from_warning_on():
    written = start("json", "debug")
    for name in ("uvicorn.error", "uvicorn.access", "psycopg.pool", "alembic.runtime", "asyncio"):
        logging.getLogger(name).info("quiet")
        logging.getLogger(name).warning("loud")
    lines = [json.loads(line) for line in written().splitlines()]
    assert {line["event"] for line in lines} == {"loud"}
    assert [line["logger"] for line in lines] == ["uvicorn.error", "uvicorn.access", "psycopg.pool", "alembic.runtime", "asyncio"]


def test_handlers_that_uvicorn_gave_itself_are_removed():
    own = io.StringIO()
    handler = logging.StreamHandler(own)
    logging.getLogger("uvicorn.access").addHandler(handler)
    written = start("json")
    logging.getLogger("uvicorn.access").warning("GET /?hub.verify_token=canary")
    assert own.getvalue() == ""
    assert len(written().splitlines()) == 1
    assert "canary" not in written()


def test_configuring_again_writes_each_line_once():
    start("json")
    written = start("json")
    logging.getLogger("asyncio").warning("once")
    get_logger("x").info("once")
    assert len(written().splitlines()) == 2


def test_a_log_that_cannot_be_written_fails_nobody():
    class Full(io.StringIO):
        def write(self, _text: str) -> int:
            raise OSError(28, "No space left on device")

    start("json", "info", Full())
    get_logger("x").error("a.b")
    logging.getLogger("asyncio").error("a.b")
    closed = io.StringIO()
    closed.close()
    with pytest.raises(ValueError, match="closed"):
        closed.isatty()
    stream = io.StringIO()
    start("json", "info", stream)
    stream.close()
    get_logger("x").error("a.b")


def test_a_stream_that_is_not_unicode_gets_escapes():
    raw = io.BytesIO()
    configure_logging("console", "info", io.TextIOWrapper(raw, encoding="ascii", write_through=True))
    get_logger("x").info("grüße")
    assert b"gr\\xfc\\xdfe" in raw.getvalue()
