"""Bytes into JSON values that PostgreSQL can hold."""

import pytest

from sigma.connectors.whatsapp.decode import MAX_DEPTH, Undecodable, decode, storable


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b'{"a":[1,2.5,true,null,"\\u00e4\\ud83d\\udc4d \\/"]}', {"a": [1, 2.5, True, None, "ä👍 /"]}),
        (b' \r\n{"a":1}\n', {"a": 1}),
        (b'\xef\xbb\xbf{"a":1}', {"a": 1}),  # a byte order mark
        (b'{"a":"x\\u0000y","\\u0000":1}', {"a": "x\ufffdy", "\ufffd": 1}),
        (b'{"a":"\\\\u0000"}', {"a": "\\u0000"}),  # six harmless characters, not a NUL
        (b'{"a":"x\x00\x07y"}', {"a": "x\ufffd\x07y"}),
        (b'{"a":"\\ud800","\\udfff":["\\ud800\\ud800"]}', {"a": "\ufffd", "\ufffd": ["\ufffd\ufffd"]}),
        (b'{"a":"caf\xe9"}', {"a": "caf\ufffd"}),
        (b'{"a":"\xed\xa0\x80"}', {"a": "\ufffd\ufffd\ufffd"}),  # a surrogate written as UTF-8
        (b"[NaN,Infinity,-Infinity,1e999]", [None, None, None, None]),
        (b"[" + b"9" * 5000 + b"]", ["9" * 5000]),
        (b'{"a":1,"a":2}', {"a": 2}),
    ],
)
def test_what_a_person_can_read_is_read(raw, expected):
    assert decode(raw) == expected


@pytest.mark.parametrize(
    "raw", [b"", b" ", b"nul", b"{", b'{"a":1}x', b'{"a":1}\x00', b"a=1&b=2", b"<html>", b"\xff\xfe{\x00}\x00", b"[1,]"]
)
def test_what_is_not_json_is_refused_in_plain_words(raw):
    with pytest.raises(Undecodable, match=r"^not JSON$"):
        decode(raw)


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}"), (b'[{"a":', b"}]")])
def test_depth_is_limited_exactly(opening, closing):
    levels = MAX_DEPTH // (opening.count(b"[") + opening.count(b"{"))
    assert decode(opening * levels + b"1" + closing * levels)
    for deeper in (levels + 1, levels * 10, 100_000):
        with pytest.raises(Undecodable, match="nested deeper than 64 levels"):
            decode(opening * deeper + b"1" + closing * deeper)
    with pytest.raises(Undecodable):
        decode(opening * 100_000)


def test_brackets_in_texts_are_not_depth():
    assert decode(b'{"a":"' + b"[{" * 1000 + b'"}') == {"a": "[{" * 1000}
    assert decode(b'"' + b"[" * 1000 + b'"') == "[" * 1000


def test_many_flat_items_are_not_deep():
    assert len(decode(b"[" + b"[[[]]]," * 10_000 + b"1]")) == 10_001


def test_storable_keeps_integers_of_64_bits_and_writes_out_larger_ones():
    assert storable([2**63 - 1, 2**63, -(2**63) - 1, True, 1.5, float("nan"), float("-inf")]) == [
        2**63 - 1,
        "9223372036854775808",
        "-9223372036854775809",
        True,
        1.5,
        None,
        None,
    ]


def test_storable_leaves_out_keys_at_every_level():
    assert storable({"to": 1, "a": [{"to": 2, "b": {"to": 3, "c": 4}}]}, without={"to"}) == {"a": [{"b": {"c": 4}}]}
