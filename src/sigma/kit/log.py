"""Structured logging: one line per event on standard error, as JSON or for a person, with everything private taken out last.

An event is a constant, values are ids and numbers: `log.warning("webhook.refused", workspace_id=…, reason="mismatch")`. The records of
libraries (uvicorn, psycopg, alembic, asyncio) go the same way, from WARNING on.
"""

import contextlib
import json
import logging
import sys
import threading
from collections.abc import MutableMapping
from typing import Any, Literal, TextIO, cast

import structlog
from structlog.typing import FilteringBoundLogger, Processor

from sigma.kit.redact import redact, scrub

LogFormat = Literal["auto", "json", "console"]
LogLevel = Literal["debug", "info", "warning", "error"]
EventDict = MutableMapping[str, Any]

_OURS = ("timestamp", "level")  # set here, whatever the caller passes
_FIRST = (*_OURS, "logger", "event")
_LONG = ("exception", "stack")
_INDENT = "    "
_NAME = "logger_name"  # structlog.get_logger() cannot bind "logger", the word that lines show
_UVICORN_LOGGERS = ("uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi")


def get_logger(name: str) -> FilteringBoundLogger:
    """Return a logger whose lines carry `logger=name`. It may be made at import time, before `configure_logging`."""
    if not structlog.is_configured():
        _configure_structlog("json", "info", None)  # structlog's own default would print values as they are
    return cast("FilteringBoundLogger", structlog.get_logger(**{_NAME: name}))


def configure_logging(format: LogFormat = "auto", level: LogLevel = "info", stream: TextIO | None = None) -> None:
    """Write events of `level` and above to `stream` (default: standard error). May be called again."""
    renderers = _configure_structlog(format, level, stream)
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, _LibraryHandler)]:
        root.removeHandler(handler)
    root.addHandler(_LibraryHandler(renderers, _Lines(stream), logging.ERROR if level == "error" else logging.WARNING))
    for name in _UVICORN_LOGGERS:  # uvicorn gives itself handlers, which would print a request's URL
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True


def _configure_structlog(format: LogFormat, level: LogLevel, stream: TextIO | None) -> list[Processor]:
    """Set up structlog; return the processors that redact and render."""
    renderers = _renderers(format, stream)
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, _show_name, *_describers(), *renderers],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: _Lines(stream),
        cache_logger_on_first_use=False,
    )
    return renderers


def _describers() -> list[Processor]:
    """Return the processors that add level, time and traceback. A traceback shows no local variables."""
    return [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]


def _renderers(format: LogFormat, stream: TextIO | None) -> list[Processor]:
    is_terminal = (stream or sys.stderr).isatty()
    if format == "json" or (format == "auto" and not is_terminal):
        return [_redact_event, _render_json]
    console = structlog.dev.ConsoleRenderer(colors=is_terminal, exception_formatter=structlog.dev.plain_traceback)
    return [_redact_event, _flatten, console]


def _show_name(_logger: Any, _method: str, event_dict: EventDict) -> EventDict:
    """Show the bound name as `logger`, unless the call gives another one."""
    event_dict.setdefault("logger", event_dict.pop(_NAME, "sigma"))
    return event_dict


def _redact_event(_logger: Any, _method: str, event_dict: EventDict) -> EventDict:
    """Take everything private out, whatever the field. Runs last before rendering, so that no processor adds anything after it."""
    clean = {name: event_dict.pop(name) for name in _OURS}
    clean |= {name: str(redact("", event_dict.pop(name))) for name in ("logger", "event", *_LONG) if name in event_dict}
    clean |= {scrub(name): redact(name, value) for name, value in event_dict.items()}
    return clean


def _render_json(_logger: Any, _method: str, event_dict: EventDict) -> str:
    """Return one line of ASCII: control characters, and what a terminal might obey, are escaped."""
    return json.dumps(event_dict, ensure_ascii=True)


def _flatten(_logger: Any, _method: str, event_dict: EventDict) -> EventDict:
    """Keep what a caller sends from looking like a line of its own: line ends are escaped, tracebacks indented."""
    flat: EventDict = {}
    for name, value in event_dict.items():
        is_text = name in _FIRST or name in _LONG
        flat[_one_line(name)] = _indented(value) if name in _LONG else _one_line(value) if is_text else value
    return flat


def _one_line(text: str) -> str:
    return text.replace("\n", "\\n")


def _indented(text: str) -> str:
    return "\n".join(_INDENT + line for line in text.split("\n"))


class _Lines:
    """Writes whole lines. A log that cannot be written (disk full, pipe closed) must never fail the work that it tells about."""

    _lock = threading.Lock()

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream

    def msg(self, line: str) -> None:
        """Write one line; characters that the stream cannot show are escaped."""
        stream = self._stream or sys.stderr
        encoding = getattr(stream, "encoding", None) or "utf-8"
        with self._lock, contextlib.suppress(OSError, ValueError):
            stream.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")
            stream.flush()

    debug = info = warning = warn = error = critical = fatal = exception = log = msg


class _LibraryHandler(logging.Handler):
    """Takes the records of libraries through the same processors."""

    def __init__(self, renderers: list[Processor], lines: _Lines, level: int) -> None:
        super().__init__(level)
        self._lines = lines
        self.setFormatter(
            structlog.stdlib.ProcessorFormatter(
                foreign_pre_chain=[structlog.stdlib.add_logger_name, *_describers()],
                processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
            )
        )

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        try:
            line = self.format(record)
        except Exception:  # logging would print the record's arguments as they are, and the library's own work must go on
            line = json.dumps({"level": "error", "logger": scrub(record.name), "event": "log.record_unreadable"})
        self._lines.msg(line)
