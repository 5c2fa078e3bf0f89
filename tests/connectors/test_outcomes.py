"""An HTTP answer in, what is known of the send out."""

import json
from datetime import timedelta

import msgspec
import pytest

from sigma.connectors.outbound import Accepted, FaultScope, Recipient, Rejected, Throttled, ThrottleScope, Unknown
from sigma.connectors.whatsapp.error_rules import ErrorClass
from sigma.connectors.whatsapp.errors import LONGEST_WAIT, RULES, advice_for, read_outcome, reject, rule_for
from sigma.connectors.whatsapp.usage import read_usage
from tests.connectors.graph_server import graph_error

TAKEN = {
    "messaging_product": "whatsapp",
    "contacts": [{"input": "+16505551234", "wa_id": "16505551234"}],
    "messages": [{"id": "wamid.HBgL"}],
}


def read(status, body=b"", **headers):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_outcome(status, content, {name.replace("_", "-"): value for name, value in headers.items()})


def test_accepted_says_how_the_platform_knows_the_contact():
    assert read(200, TAKEN) == Accepted(platform_message_id="wamid.HBgL", address=Recipient(phone="16505551234"))
    by_user_id = {**TAKEN, "contacts": [{"input": "US.1", "user_id": "US.1"}]}
    assert read(200, by_user_id) == Accepted(platform_message_id="wamid.HBgL", address=Recipient(user_id="US.1"))


@pytest.mark.parametrize("contacts", [None, [], ["x"], [{"wa_id": 5}], [{"wa_id": "not digits", "user_id": ""}]])
def test_accepted_needs_only_the_message_id(contacts):
    assert read(200, {**TAKEN, "contacts": contacts}) == Accepted(platform_message_id="wamid.HBgL", address=Recipient())


@pytest.mark.parametrize(
    ("said", "is_held"), [(None, False), ("accepted", False), ("held_for_quality_assessment", True), ("paused", True), ("new", False)]
)
def test_a_message_may_be_held_back(said, is_held):
    outcome = read(200, {**TAKEN, "messages": [{"id": "wamid.HBgL", "message_status": said}]})
    assert isinstance(outcome, Accepted)
    assert outcome.is_held is is_held


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b""),
        (200, b"<html>ok</html>"),
        (200, b'{"messages":[{"id":"wam'),
        (200, b"[]"),
        (200, b"\xff\xfe"),
        (200, b"[" * 100_000),
        (200, {}),
        (200, {"messages": []}),
        (200, {"messages": [{}]}),
        (200, {"messages": [{"id": ""}]}),
        (200, {"messages": [{"id": 5}]}),
        (200, {"messages": {"id": "wamid.X"}}),
        (202, b""),
        (408, b""),
        (500, b""),
        (500, b"<html>Sorry, something went wrong.</html>"),
        (500, {"error": "boom"}),
        (500, {"error": {"message": "boom"}}),
        (502, b"Bad Gateway"),
        (503, {"error": {"code": None}}),
        (504, b""),
    ],
)
def test_without_a_clear_word_of_the_graph_api_the_outcome_is_unknown(status, body):
    assert isinstance(read(status, body), Unknown)


@pytest.mark.parametrize(
    ("status", "body"), [(301, b""), (400, b"<html>"), (403, b"firewall"), (404, b""), (413, b""), (401, {"error": "x"})]
)
def test_a_refusal_by_something_on_the_way_is_tried_again(status, body):
    outcome = read(status, body)
    assert isinstance(outcome, Throttled)
    assert (outcome.code, outcome.scope) == (None, ThrottleScope.APP)
    assert outcome.retry_in > timedelta(0)


TABLE = [
    # status, code, class, what comes of it
    (401, 0, "CONFIG", FaultScope.TOKEN),
    (400, 1, "TRANSIENT", ThrottleScope.RECIPIENT),
    (503, 2, "TRANSIENT", ThrottleScope.APP),
    (500, 3, "CONFIG", FaultScope.TOKEN),
    (400, 4, "WAIT", ThrottleScope.APP),
    (403, 10, "CONFIG", FaultScope.TOKEN),
    (400, 33, "CONFIG", FaultScope.NUMBER),
    (400, 100, "PERMANENT", FaultScope.MESSAGE),
    (401, 190, "CONFIG", FaultScope.TOKEN),
    (403, 200, "CONFIG", FaultScope.TOKEN),
    (403, 299, "CONFIG", FaultScope.TOKEN),
    (403, 368, "CONFIG", FaultScope.ACCOUNT),
    (400, 613, "WAIT", ThrottleScope.APP),
    (400, 80007, "WAIT", ThrottleScope.APP),
    (400, 130403, "PERMANENT", FaultScope.RECIPIENT),
    (400, 130429, "WAIT", ThrottleScope.NUMBER),
    (400, 130472, "PERMANENT", FaultScope.RECIPIENT),
    (403, 130497, "PERMANENT", FaultScope.RECIPIENT),
    (500, 131000, "TRANSIENT", ThrottleScope.RECIPIENT),
    (403, 131005, "CONFIG", FaultScope.TOKEN),
    (400, 131008, "PERMANENT", FaultScope.MESSAGE),
    (400, 131009, "PERMANENT", FaultScope.MESSAGE),
    (500, 131016, "TRANSIENT", ThrottleScope.NUMBER),
    (400, 131021, "PERMANENT", FaultScope.RECIPIENT),
    (400, 131026, "PERMANENT", FaultScope.RECIPIENT),
    (400, 131030, "PERMANENT", FaultScope.RECIPIENT),
    (403, 131031, "CONFIG", FaultScope.ACCOUNT),
    (400, 131037, "CONFIG", FaultScope.NUMBER),
    (400, 131042, "CONFIG", FaultScope.ACCOUNT),
    (500, 131045, "REGISTRATION", FaultScope.NUMBER),
    (400, 131047, "PERMANENT", FaultScope.RECIPIENT),
    (400, 131048, "CONFIG", FaultScope.NUMBER),
    (400, 131049, "PERMANENT", FaultScope.RECIPIENT),
    (400, 131050, "PERMANENT", FaultScope.RECIPIENT),
    (400, 131051, "PERMANENT", FaultScope.MESSAGE),
    (400, 131052, "TRANSIENT", ThrottleScope.RECIPIENT),
    (400, 131053, "PERMANENT", FaultScope.MESSAGE),
    (400, 131056, "WAIT", ThrottleScope.RECIPIENT),
    (500, 131057, "WAIT", ThrottleScope.NUMBER),
    (400, 131062, "PERMANENT", FaultScope.RECIPIENT),
    (400, 131063, "CONFIG", FaultScope.TEMPLATE),
    (400, 131064, "CONFIG", FaultScope.ACCOUNT),
    (429, 131208, "WAIT", ThrottleScope.RECIPIENT),
    (400, 131215, "PERMANENT", FaultScope.MESSAGE),
    (400, 132000, "PERMANENT", FaultScope.MESSAGE),
    (404, 132001, "PERMANENT", FaultScope.TEMPLATE),
    (400, 132005, "PERMANENT", FaultScope.MESSAGE),
    (400, 132007, "PERMANENT", FaultScope.TEMPLATE),
    (400, 132012, "PERMANENT", FaultScope.MESSAGE),
    (400, 132015, "CONFIG", FaultScope.TEMPLATE),
    (400, 132016, "CONFIG", FaultScope.TEMPLATE),
    (400, 132018, "PERMANENT", FaultScope.MESSAGE),
    (400, 133010, "REGISTRATION", FaultScope.NUMBER),
    (400, 134101, "WAIT", ThrottleScope.RECIPIENT),
    (400, 135000, "PERMANENT", FaultScope.MESSAGE),
    (400, 999_999, "PERMANENT", FaultScope.MESSAGE),
    (503, 999_999, "TRANSIENT", ThrottleScope.RECIPIENT),
    (429, 999_999, "TRANSIENT", ThrottleScope.RECIPIENT),
]


@pytest.mark.parametrize(("status", "code", "kind", "scope"), TABLE, ids=[f"{code}-{status}" for status, code, *_ in TABLE])
def test_the_code_decides(status, code, kind, scope):
    outcome = read(status, graph_error(code))
    assert rule_for(code, is_fault=status >= 429).error_class is ErrorClass(kind)
    assert outcome.code == code
    assert outcome.scope is scope
    assert isinstance(outcome, Throttled if kind in {"TRANSIENT", "WAIT"} else Rejected)
    if isinstance(outcome, Rejected):
        assert (outcome.title, outcome.advice) == (rule_for(code).title, advice_for(code))


@pytest.mark.parametrize("status", [200, 400, 429, 500, 503])
def test_the_http_status_does_not_decide_where_there_is_a_code(status):
    assert isinstance(read(status, graph_error(131047)), Rejected)
    assert isinstance(read(status, graph_error(130429)), Throttled)


def test_an_unknown_number_is_not_just_any_wrong_value():
    outcome = read(400, graph_error(100, error_subcode=33, type="GraphMethodException"))
    assert isinstance(outcome, Rejected)
    assert outcome.scope is FaultScope.NUMBER


def test_an_unknown_code_that_meta_calls_transient_is_tried_again():
    assert isinstance(read(400, graph_error(999_999, is_transient=True)), Throttled)


def test_a_code_may_be_a_string_and_error_data_too():
    outcome = read(400, {"error": {"code": "131030", "error_data": "Not in the allowed list"}})
    assert isinstance(outcome, Rejected)
    assert (outcome.code, outcome.details) == (131030, "Not in the allowed list")


@pytest.mark.parametrize("error_data", [None, 5, [], {}, {"details": 7}, {"details": ""}, " "])
def test_odd_error_data_leaves_the_message(error_data):
    outcome = read(400, {"error": {"code": 131009, "message": "(#131009) Odd", "error_data": error_data}})
    assert isinstance(outcome, Rejected)
    assert outcome.details == "(#131009) Odd"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry_After": "7"}, 7),
        ({"Retry_After": " 7 "}, 7),
        ({"Retry_After": "999999"}, LONGEST_WAIT.total_seconds()),
        ({"Retry_After": "Wed, 21 Oct 2026 07:28:30 GMT", "Date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 30),
        ({"Retry_After": "Wed, 21 Oct 2026 07:28:00 GMT", "Date": "Wed, 21 Oct 2026 07:28:30 GMT"}, 0),
        ({"Retry_After": "Wed, 21 Oct 2026 07:28:30 GMT"}, None),
        ({"Retry_After": "soon"}, None),
        ({"Retry_After": "-3"}, None),
        ({"Retry_After": "9" * 5000}, None),
        ({}, None),
    ],
)
def test_a_bare_429_waits_as_long_as_it_says(headers, seconds):
    wait = None if seconds is None else timedelta(seconds=seconds)
    assert read(429, b"", **headers) == Throttled(code=None, scope=ThrottleScope.NUMBER, retry_in=wait)


def test_the_longest_known_wait_counts():
    assert read(400, graph_error(130429)).retry_in == timedelta(seconds=1)
    assert read(400, graph_error(130429), Retry_After="9").retry_in == timedelta(seconds=9)
    assert read(400, graph_error(131057), Retry_After="9").retry_in == RULES[131057].retry_in
    usage = json.dumps({"1022901": [{"type": "whatsapp", "call_count": 100, "estimated_time_to_regain_access": 12}]})
    assert read(400, graph_error(80007), X_Business_Use_Case_Usage=usage).retry_in == timedelta(minutes=12)


def test_no_outcome_repeats_an_address_a_token_or_the_words_of_the_message():
    told = (
        "Message to +1 (650) 555-1234 alias US.13491208655302741918 or IN.ENT.abcDEF failed: 'Your code is 4711, dear Anna' "
        "with Bearer EAAGm0PX4ZCpsBAKz and EAA-test-token, wamid.HBgLMTY1MDU1NTEyMzQVAgARGBI5QTNDQTVCM0Q0Q0Q2RTY3RTcA"
    )
    for status, code in ((400, 131009), (401, 190), (400, 999_999), (403, 200)):
        for error in ({"error_data": {"details": told}}, {"error_data": told}, {"message": told}, {"error_user_msg": told}):
            body = json.dumps(graph_error(code, **error)).encode()
            outcome = read_outcome(status, body, {}, secrets=["Your code is 4711, dear Anna", "Anna", "no"])
            said = msgspec.json.encode(outcome).decode()
            for secret in ("555", "1349120", "abcDEF", "4711", "Anna", "EAAG", "EAA-", "HBgL"):
                assert secret not in said


def test_a_dead_token_is_never_repeated_from_metas_message():
    outcome = read(401, {"error": {"code": 190, "message": "Malformed access token short", "error_subcode": 463}})
    assert isinstance(outcome, Rejected)
    assert outcome.details is None


def test_long_details_are_cut():
    outcome = read(400, graph_error(131009, error_data={"details": "word " * 1000}))
    assert isinstance(outcome, Rejected)
    assert len(outcome.details) <= 501


def test_every_code_has_advice_and_a_title_of_one_sentence():
    for code, rule in RULES.items():
        assert rule.advice.endswith("."), code
        assert rule.title, code
        assert not rule.title.endswith("."), code
        assert rule.is_retried == (rule.error_class in {ErrorClass.TRANSIENT, ErrorClass.WAIT}), code
        assert rule.is_retried == (rule.retry_in is not None), code
    assert advice_for(131047).startswith("Send a template instead")
    assert advice_for(424_242)
    assert reject(131050).scope is FaultScope.RECIPIENT
    assert reject(131000, details="after five attempts").scope is FaultScope.MESSAGE


def test_rate_headers_are_read_as_far_as_they_can_be():
    app, business = read_usage(
        {
            "X-App-Usage": '{"call_count":28,"total_time":81.5,"total_cputime":25}',
            "X-Business-Use-Case-Usage": '{"1022901":[{"type":"whatsapp","call_count":9,"estimated_time_to_regain_access":0}]}',
        }
    )
    assert (app.percent, app.business_id, app.is_close) == (81.5, None, True)
    assert (business.percent, business.business_id, business.type, business.is_close) == (9.0, "1022901", "whatsapp", False)
    for junk in ("", "x", "[]", "5", '{"a":5}', '{"a":[5]}', '{"call_count":"x"}'):
        assert all(usage.percent == 0 for usage in read_usage({"X-App-Usage": junk, "X-Business-Use-Case-Usage": junk}))
    assert read_usage({}) == ()
