"""X-Hub-Signature-256: only the exact header of the exact bytes passes."""

import base64
import hmac
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sigma.connectors.whatsapp.signature import AppSecret, verify_signature

VECTORS = json.loads((Path(__file__).parents[1] / "data" / "whatsapp" / "signature-vectors.json").read_text())["vectors"]
BODY = b'{"object":"whatsapp_business_account","entry":[]}'
SECRET = AppSecret("sigma-test-app-secret")
HEADER = SECRET.sign(BODY)
HEX = HEADER.removeprefix("sha256=")


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["note"] for vector in VECTORS])
def test_vectors_verify_as_str_bytes_and_memoryview(vector):
    raw, header, secret = base64.b64decode(vector["body_base64"]), vector["value"], AppSecret(vector["app_secret"])
    assert verify_signature(raw, header, [secret])
    assert verify_signature(memoryview(raw), header.encode(), [secret])
    assert not verify_signature(raw + b" ", header, [secret])
    assert not verify_signature(raw, header, [AppSecret(vector["app_secret"] + "x")])


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        b"",
        "sha256=",
        "sha256",
        HEX,
        f"sha1={HEX}",
        f"sha1={HEX[:40]}",
        f"SHA256={HEX}",
        f"sha256={HEX.upper()}",
        f"sha256={HEX[:-1]}",
        f"sha256={HEX}0",
        f"sha256={HEX}\n",
        f" sha256={HEX}",
        f"sha256= {HEX}",
        f"sha256=0x{HEX[2:]}",
        f"sha256={HEX},sha256={HEX}",
        f"sha256={HEX}, sha256={'0' * 64}",
        f"sha256={'0' * 64}",
        f"sha256={HEX[:-1]}é",
        f"sha256={HEX[:-1]}\udcff",
        f"sha256={HEX}".encode("utf-16"),
        b"\xff" * 71,
    ],
)
def test_no_other_header_passes(header):
    assert not verify_signature(BODY, header, [SECRET])
    assert verify_signature(BODY, HEADER, [SECRET])


def test_any_live_secret_may_have_signed_during_a_rotation():
    old, new, foreign = AppSecret("old"), AppSecret("new"), AppSecret("foreign")
    assert verify_signature(BODY, old.sign(BODY), [new, old])
    assert verify_signature(BODY, new.sign(BODY), [new, old])
    assert not verify_signature(BODY, foreign.sign(BODY), [new, old])
    assert not verify_signature(BODY, new.sign(BODY), [])


def test_a_secret_of_any_length_signs_as_the_standard_library_does():
    for length in (1, 32, 63, 64, 65, 200):
        secret = "k" * length
        assert AppSecret(secret).sign(BODY) == "sha256=" + hmac.new(secret.encode(), BODY, "sha256").hexdigest()


def test_an_empty_secret_is_refused_and_a_secret_does_not_print_itself():
    with pytest.raises(ValueError, match="empty"):
        AppSecret("")
    assert "sigma-test" not in f"{SECRET!r}{SECRET}"


@settings(derandomize=True, deadline=None)
@given(raw=st.binary(max_size=300), at=st.integers(0, 299), flip=st.integers(1, 255))
def test_every_changed_byte_breaks_the_signature(raw, at, flip):
    header = SECRET.sign(raw)
    assert SECRET.verify(raw, header)
    if raw:
        changed = bytearray(raw)
        changed[at % len(raw)] ^= flip
        assert not SECRET.verify(bytes(changed), header)
    broken = bytearray(header.encode())
    broken[at % len(broken)] ^= flip
    assert not SECRET.verify(raw, bytes(broken))


@settings(derandomize=True, deadline=None)
@given(header=st.one_of(st.text(), st.binary()))
def test_no_header_makes_it_raise(header):
    assert not SECRET.verify(BODY, header)
