"""What is taken out of texts and fields, and what stays readable."""

import datetime as dt
import math
import uuid
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigma.kit.redact import REDACTED, is_sensitive, redact, scrub

UUID = "0190f3a2-1b2c-7d3e-8f40-5a6b7c8d9e0f"
SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

NUMBERS = [
    "15550783881",
    "+15550783881",
    "+1 555 078 3881",
    "+1 (555) 078-3881",
    "(555) 078-3881",
    "555.078.3881",
    "555-0783",
    "+49 (0) 30 / 123456",
    "0049 30 123456",
    "1\u00a0555\u202f078\u20113881",
    "\u202a+1 555\u200b078\u20603881\u202c",
    "＋1（555）078－3881".replace("－", "\u2212"),
    "%2B1%20555%200783881",
    "٠١٢٣٤٥٦٧٨٩",
    "155507\x1b[0m83881",
    "tel15550783881x",
    "v25.0/123456789012345/messages",
]


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("around", ["{}", "call {} now", '{{"to":"{}"}}', "x={},y", "<{}>"])
def test_a_phone_number_is_found_however_it_is_written(number, around):
    clean = scrub(around.format(number))
    assert REDACTED in clean
    assert sum(character.isdigit() for character in clean) <= 4


@pytest.mark.parametrize(
    ("text", "canary"),
    [
        ("token EAAGm0PX4ZCpsBAKZBx", "Gm0PX4"),
        ("Authorization: Bearer abc.def-ghi", "abc.def-ghi"),
        ("authorization=Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ("{'Authorization': 'Bearer abc.def-ghi'}", "abc"),
        ("bearer  canary", "canary"),
        ("key sigma_4fGh7Kl_2mNp", "4fGh7Kl"),
        ("key sigma_ABCDEFGHIJ", "ABCDEFGHIJ"),
        ("key sk_1a2b3c4d_secretpart", "secretpart"),
        ("X-Hub-Signature-256: sha256=abcdef0123", "abcdef0123"),
        ("postgresql://sigma:p4ss@word@db:5432/x", "p4ss"),
        ("https://canary@host/path", "canary"),
        ("host=db password=canary user=x", "canary"),
        ("password='can ary' user=x", "ary"),
        ("GET /hook?hub.verify_token=canary&x=1", "canary"),
        ("?access_token=canary", "canary"),
        ("appsecret_proof=canary", "canary"),
        ('{"verify_token": "can\\"ary"}', "ary"),
        ("{'body': 'canary text'}", "canary"),
        ("id wamid.HBgLMTU1NTA3ODM4ODEVAgASGBQ=", "HBg"),
        ("bot 123456:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw", "AAHd"),
        ("app 123456|canaryCanaryCanary", "canaryCanary"),
        ('duplicate key\nDETAIL:  Key (text)=(canary) already exists.\nCONTEXT:  row "canary"', "canary"),
        ("1 validation error [type=int_parsing, input_value='canary', input_type=str]", "canary"),
    ],
)
def test_a_secret_in_a_text_is_taken_out(text, canary):
    assert canary not in scrub(text)
    assert canary not in scrub(f"before {text} after")


@pytest.mark.parametrize(
    "text",
    [
        UUID,
        UUID.upper(),
        UUID.replace("-", ""),
        SHA256,
        "4bf92f3577b34da6",
        "2026-11-23",
        "2026-11-23T10:15:30.123456Z",
        "2026-11-23 10:15:30,123+01:00",
        f"5 items of {UUID} at 2026-11-23T10:15:30Z",
        "<Task at 0x7f1234567890>",
        'File "/usr/lib/python3.11/asyncio/base_events.py", line 1234, in run_once',
        "connection to 10.120.130.140 port 5432 failed",
        "listening on 127.0.0.1:8000",
        "permission denied for role sigma_api",
        "sigma_webhooks_accepted_total",
        "Graph API v25.0 answered 131047",
        "WhatsApp webhook signature validation failed",
        "Platforms.WhatsApp.VerifyToken is shorter than 20 characters",
        "https://graph.facebook.com/v25.0/me",
        "héllo 🚀",
    ],
)
def test_what_helps_an_operator_stays(text):
    assert scrub(text) == text


@pytest.mark.parametrize("text", ["1.2.3.4.5.6.7", "193.120.130.140", "12345678901234567890", "-2026-11-23"])
def test_what_could_be_a_number_goes(text):
    assert REDACTED in scrub(text)


def test_what_a_terminal_obeys_is_taken_out():
    assert scrub("a\x1b[31mb\x1b]0;c\x07\u202ed\u2066e\x00\x7ff\x9bg\ud800") == "ab]0;cdefg"
    assert scrub("a\r\nb\rc\u2028d\x85e") == "a\nb\nc\nd\ne"


def test_a_huge_text_is_cut_where_no_secret_is_halved():
    clean = scrub("word " * 10_000 + "end")
    assert len(clean) < 33_000
    assert clean.endswith("[cut]")
    assert scrub("1" * 100_000) == " [cut]"


@given(st.text(max_size=200))
def test_scrubbing_twice_changes_nothing_more(text):
    assert scrub(scrub(text)) == scrub(text)


@given(st.text(alphabet="0123456789 +-().", max_size=60))
def test_no_seven_digits_are_left_next_to_each_other(text):
    clean = scrub("x " + text)
    assert not any(part.isdigit() and len(part) >= 7 for part in clean.replace("-", " ").split())


@pytest.mark.parametrize(
    "name",
    [
        *("text", "body", "phone", "token", "secret", "password", "authorization", "raw", "accessToken", "recipient_phone", "message_text"),
        *("rawBody", "PhoneNumber", "verify_token", "appSecrets", "X-Hub-Signature-256", "api_key", "apikey", "wa_id", "to", "caption"),
        *("platform_message_id", "TEXT", "phonenumber", "headers_authorization"),
    ],
)
def test_a_field_with_a_private_name_is_hidden(name):
    assert is_sensitive(name)
    assert redact(name, "hello") == redact(name, 5) == redact(name, ["x"]) == redact(name, {"a": 1}) == REDACTED
    assert redact(name, None) is None


@pytest.mark.parametrize("name", ["context", "everybody", "draw", "total", "reason", "duration_ms", "kind", "logger", "path", "tone"])
def test_a_field_that_only_sounds_private_is_shown(name):
    assert redact(name, "hello") == "hello"


class Colour(Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("tenant_id", uuid.UUID(UUID), UUID),
        ("job_id", "12345678901", "12345678901"),
        ("job_id", 12345678901, 12345678901),
        ("phone_number_id", "123456789012345", "123456789012345"),
        ("job_id", "+1 555 078 3881", REDACTED),
        ("message_id", "wamid.HBgLMTU1NTA3ODM4ODE", REDACTED),
        ("external_id", "123456789012345", REDACTED),
        ("duration_ms", 12345678.5, 12345678.5),
        ("body_bytes", 3145728, 3145728),
        ("body_bytes", "3145728", REDACTED),
        ("count", 15550783881, 15550783881),
        ("n", 15550783881, REDACTED),
        ("n", 15550783881.0, REDACTED),
        ("n", Decimal("2.5"), 2.5),
        ("n", math.nan, "nan"),
        ("ok", True, True),
        ("colour", Colour.RED, "red"),
        ("at", dt.datetime(2026, 11, 23, 10, tzinfo=dt.UTC), "2026-11-23 10:00:00+00:00"),
        ("wait", dt.timedelta(seconds=90), 90.0),
        ("path", Path("/a/b"), "/a/b"),
        ("error", ValueError("bad +15550783881"), f"ValueError: bad {REDACTED}"),
        ("data", b"bytes", REDACTED),
        ("thing", object(), "<object>"),
        ("d", {"a": ["15550783881", 5], "text": "hello", "15550783881": 1}, {"a": [REDACTED, 5], "text": REDACTED, REDACTED: 1}),
        ("t", ("a", {"b": {"token": "x"}}), ["a", {"b": {"token": REDACTED}}]),
    ],
)
def test_a_value_becomes_plain_data(name, value, expected):
    assert redact(name, value) == expected


def test_an_object_cannot_speak_for_itself():
    class Loud:
        def __str__(self) -> str:
            return "canary"

        __repr__ = __str__

    class Broken(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert redact("x", Loud()) == "<Loud>"
    assert redact("x", {Loud(): 1}) == {"<Loud>": 1}
    assert "Broken" in str(redact("x", Broken()))


def test_nesting_and_length_have_an_end():
    nested: Any = "x"
    for _ in range(50):
        nested = [nested]
    assert "<list>" in str(redact("x", nested))
    assert len(redact("x", list(range(1000)))) == 64  # type: ignore[arg-type]
