"""Content in, exact JSON out."""

import json

import pytest

from sigma.connectors.outbound import ReactionContent, Recipient
from sigma.connectors.whatsapp.limits import check_content
from sigma.connectors.whatsapp.payloads import build_payload, build_read_mark
from tests.connectors.payload_cases import CASES, TEXT

ANNA = Recipient(phone="16505551234")


@pytest.mark.parametrize(("content", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_every_content_has_exactly_this_shape(content, expected):
    payload = build_payload(content, recipient=ANNA, reply_to=None, callback_data="0198-outbox-row")
    assert payload == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "+16505551234",
        "biz_opaque_callback_data": "0198-outbox-row",
        **expected,
    }
    json.dumps(payload)


@pytest.mark.parametrize("content", [case[1] for case in CASES if case[0] != "template with an empty header"])
def test_what_the_tables_send_is_within_the_limits(content):
    check_content(content)


def test_a_user_id_never_stands_in_to():
    payload = build_payload(TEXT, recipient=Recipient(user_id="US.13491208655302741918"), reply_to=None, callback_data=None)
    assert payload["recipient"] == "US.13491208655302741918"
    assert "to" not in payload
    assert "biz_opaque_callback_data" not in payload
    for phone in ("US.13491208655302741918", "+16505551234", "٣٤٥"):
        with pytest.raises(ValueError, match="digits") as refusal:
            build_payload(TEXT, recipient=Recipient(phone=phone), reply_to=None, callback_data=None)
        assert phone not in str(refusal.value)


def test_the_phone_wins_over_the_user_id_and_nobody_is_an_error():
    both = Recipient(phone="16505551234", user_id="US.1")
    payload = build_payload(TEXT, recipient=both, reply_to=None, callback_data=None)
    assert payload["to"] == "+16505551234"
    assert "recipient" not in payload
    with pytest.raises(ValueError, match="needs"):
        build_payload(TEXT, recipient=Recipient(), reply_to=None, callback_data=None)


def test_a_quote_goes_with_everything_but_a_reaction():
    assert build_payload(TEXT, recipient=ANNA, reply_to="wamid.IN", callback_data=None)["context"] == {"message_id": "wamid.IN"}
    reaction = ReactionContent(message_id="wamid.IN", emoji="👍")
    assert "context" not in build_payload(reaction, recipient=ANNA, reply_to="wamid.IN", callback_data=None)


def test_a_read_mark_may_show_that_we_write():
    assert build_read_mark("wamid.IN", typing=False) == {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.IN"}
    assert build_read_mark("wamid.IN", typing=True)["typing_indicator"] == {"type": "text"}
