"""Takes phone numbers, tokens and message texts out of whatever is about to leave the process as text: logs, traces, error reports.

Two walls. `redact` goes by field names: a sensitive name hides its value, a name on the allow-list keeps an id as it is, and every
other value is scrubbed. `scrub` goes by the text alone and cannot know what a sentence means: never log message texts and hope.
"""

import math
import re
import traceback
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from itertools import islice
from pathlib import PurePath
from uuid import UUID

REDACTED = "[redacted]"
MAX_CHARACTERS = 32_768
MAX_DEPTH = 6
MAX_ITEMS = 64

# Fields that identify something of ours: long digits stay. Not here, because they name a person or hold a person's number:
# platform_message_id (the base64 of a WhatsApp message id holds the phone number), external_id, wa_id, chat_id.
ID_FIELDS = frozenset(
    {
        *("tenant_id", "workspace_id", "contact_id", "conversation_id", "message_id", "webhook_event_id", "member_id", "api_key_id"),
        *("template_id", "broadcast_id", "recipient_id", "attempt_id", "exchange_id", "job_id", "request_id", "error_id"),
        *("trace_id", "span_id", "phone_number_id", "waba_id", "platform_code", "platform_subcode"),
        *("pid", "revision", "version", "day", "partition"),
    }
)
_SENSITIVE_STEM = re.compile("phone|token|secret|passw|authoriz|credential|cookie|msisdn|apikey|signature")
_SENSITIVE_WORDS = frozenset(
    {
        *("text", "texts", "body", "bodies", "raw", "caption", "content", "contents", "payload", "payloads", "pwd", "pin", "otp"),
        *("recipient", "sender", "address"),
    }
)
_SENSITIVE_NAMES = frozenset({"to", "from", "wa_id", "api_key", "display_name", "platform_user_id", "platform_message_id"})
_MEASURES = re.compile("(?:^|_)(?:ns|us|ms|s|seconds|days|bytes|count|total|size|rows|lines|length|percent|offset)$")
_WORD = re.compile("[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_ID = re.compile(r"[\w.-]{1,128}", re.ASCII)
_PLAIN_ID = re.compile("[0-9a-f-]{1,64}")
_BIG = 1_000_000  # seven digits: the shortest phone number that is looked for

_TERMINAL_SEQUENCE = re.compile("\x1b\\[[0-?]*[ -/]*[@-~]")
_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_INVISIBLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")

_SUSPECT = re.compile(r"\d|://|[\"']\s*:|=|EAA|sigma_|sk_|bearer|authorization|wamid|DETAIL|CONTEXT", re.IGNORECASE)
_KEY_WORD = r"(?:token|secret|passw(?:or)?d|pwd|api_?key|appsecret_proof|signature|credential)[\w.-]{0,32}"
_QUOTED = r"(?:\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')"
_KEY = rf"(?:[\w.-]{{0,32}}{_KEY_WORD}|(?:text|body|caption|phone\w{{0,16}}|wa_id|to|from|recipient|display_?name))"
_SECRETS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(://)[^\s\"'<>]{1,1024}@"), rf"\1{REDACTED}@"),
    (re.compile(r"(authorization[\"']?\s{0,3}[:=]\s{0,3}[\"']?)[^\"'\n]+", re.IGNORECASE), rf"\1{REDACTED}"),
    (re.compile(r"\b(bearer\s+)[^\s,;\"']+", re.IGNORECASE), rf"\1{REDACTED}"),
    (re.compile(rf"([\"']{_KEY}[\"']\s{{0,3}}:\s{{0,3}}){_QUOTED}", re.IGNORECASE), rf"\1'{REDACTED}'"),
    (re.compile(rf"({_KEY_WORD}=)(?:{_QUOTED}|[^\s&,;)\"']+)", re.IGNORECASE), rf"\1{REDACTED}"),
    (re.compile("EAA[A-Za-z0-9]+"), REDACTED),
    (re.compile("sha(?:1|256|512)=[0-9A-Za-z+/=_-]+"), REDACTED),
    (re.compile("(?<![A-Za-z0-9])(?:sigma|sk)_(?=[a-z_]*[A-Z0-9-])[A-Za-z0-9_-]{6,}"), REDACTED),  # not role names such as sigma_api
    (re.compile("wamid\\.[A-Za-z0-9+/=_-]+"), REDACTED),
    (re.compile(r"(?<!\d)\d{6,}[:|][A-Za-z0-9_-]{16,}"), REDACTED),  # a bot token of Telegram, an app token of Meta
    (re.compile(r"^([ \t]*(?:DETAIL|CONTEXT):).*$", re.MULTILINE), rf"\1 {REDACTED}"),  # PostgreSQL repeats the row there
    (re.compile(r"input_value=.*?(?=, input_type=|$)", re.MULTILINE), f"input_value={REDACTED}"),  # pydantic repeats the input
)
_KEPT = re.compile(
    r"""(
    (?<![0-9A-Za-z]) [0-9a-fA-F]{8} (?:-[0-9a-fA-F]{4}){3} - [0-9a-fA-F]{12} (?![0-9A-Za-z])        # UUID
    | (?<![\w+-]) (?:19|20)\d\d - (?:0[1-9]|1[0-2]) - (?:0[1-9]|[12]\d|3[01])                       # ISO date …
      (?: [T ] \d\d:\d\d (?: :\d\d (?:[.,]\d{1,9})? )? (?: Z | [+-]\d\d:?\d\d )? )? (?![\w-])       # … and time
    | (?<![0-9A-Za-z]) (?=[0-9]*[a-f]) (?=[a-f]*[0-9]) [0-9a-f]{16,128} (?![0-9A-Za-z])             # a hash, a trace id
    | (?<![0-9A-Za-z]) 0x[0-9a-fA-F]{1,16} (?![0-9A-Za-z])                                          # a memory address
    | (?<![\w.+-]) (?:10\.\d{1,3}|127\.\d{1,3}|192\.168|172\.(?:1[6-9]|2\d|3[01])) (?:\.\d{1,3}){2} (?![\w.-])  # a private IP address
    )""",
    re.VERBOSE,
)
_BETWEEN_DIGITS = r"(?:[ \t\u00a0\u1680\u2000-\u200d\u202f\u205f\u3000+()./\uff08\uff09\uff0b\u2010-\u2015\u2212-]|%2[0-9A-Fa-f])"
_LONG_NUMBER = re.compile(rf"[+(]{{0,2}}\d(?:{_BETWEEN_DIGITS}{{0,4}}\d){{6,}}")


def scrub(text: str) -> str:
    """Return a text without phone numbers (seven digits or more, however spaced), tokens, passwords and invisible characters.

    UUIDs, ISO dates and times, hashes in hex and private IP addresses stay. Every line end becomes a line feed.
    """
    if len(text) > MAX_CHARACTERS:
        text = text[:MAX_CHARACTERS].rpartition(" ")[0] + " [cut]"  # at a space, so that no half of a secret escapes the patterns
    text = _INVISIBLE.sub("", _LINE_ENDS.sub("\n", _TERMINAL_SEQUENCE.sub("", text)))
    if not _SUSPECT.search(text):
        return text
    parts = _KEPT.split(_hide_secrets(text))
    parts[::2] = [_LONG_NUMBER.sub(REDACTED, part) for part in parts[::2]]
    return "".join(parts)


def redact(name: str, value: object, *, depth: int = 0) -> object:
    """Return a field's value as plain JSON data without anything private. Of an object that is no plain data only the type is shown."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, timedelta):
        value = value.total_seconds()
    is_hidden = name not in ID_FIELDS and is_sensitive(name)
    if isinstance(value, int | float | Decimal):
        return REDACTED if is_hidden and not _MEASURES.search(name) else _number(name, value)
    if is_hidden or isinstance(value, bytes | bytearray | memoryview):
        return REDACTED
    if isinstance(value, str | UUID | date | PurePath):
        return _text(name, str(value))
    if isinstance(value, BaseException):
        return scrub("".join(traceback.format_exception_only(value)).strip())
    if isinstance(value, Mapping) and depth < MAX_DEPTH:
        return {str(redact("", key)): redact(str(key), item, depth=depth + 1) for key, item in islice(value.items(), MAX_ITEMS)}
    if isinstance(value, list | tuple | set | frozenset) and depth < MAX_DEPTH:
        return [redact(name, item, depth=depth + 1) for item in islice(value, MAX_ITEMS)]
    return f"<{type(value).__name__}>"


@lru_cache(maxsize=1024)
def is_sensitive(name: str) -> bool:
    """Whether a field's name says that its value is private: `accessToken`, `recipient_phone`, `text`, `raw_body`."""
    words = [word.lower() for word in _WORD.findall(name)]
    joined = "_".join(words)
    return bool(_SENSITIVE_STEM.search("".join(words))) or joined in _SENSITIVE_NAMES or not _SENSITIVE_WORDS.isdisjoint(words)


def _number(name: str, value: float | Decimal) -> object:
    """Keep a number that is short, or that counts or identifies something; another one may be a phone number."""
    number = value if isinstance(value, int) else float(value)
    if isinstance(number, float) and not math.isfinite(number):
        return str(number)
    return number if abs(number) < _BIG or name in ID_FIELDS or _MEASURES.search(name) else REDACTED


def _text(name: str, text: str) -> str:
    """Scrub a text; in an id field long digits stay."""
    if name in ID_FIELDS and _PLAIN_ID.fullmatch(text):
        return text
    return _hide_secrets(text) if name in ID_FIELDS and _ID.fullmatch(text) else scrub(text)


def _hide_secrets(text: str) -> str:
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text
