"""Every other field: what happened, to whom, and an allow-listed copy that may be stored in clear."""

from datetime import UTC, datetime

import pytest

from sigma.connectors.events import Identity, Malformed, PlatformReported
from tests.connectors.webhooks import BUSINESS, NAMES, PHONE_NUMBER_ID, SHEENA, SHEENA_ID, only_of, parse, parse_file, value, webhook

WABA = "102290129340398"
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
SHEENA_IDENTITY = Identity(phone=SHEENA, user_id=SHEENA_ID)


def report(field, value, **entry):
    (event,) = parse(webhook(value, field=field, entry={"time": 1767225600} | entry))
    assert isinstance(event, PlatformReported)
    assert event.field == field
    return event


# name of the body, field, type, the details that matter
REPORTS = [
    ("account-alerts-oba-approved", "account_alerts", "OBA_APPROVED", {"entity_type": "PHONE_NUMBER"}),
    ("account-alerts-limit-deferred", "account_alerts", "INCREASED_CAPABILITIES_ELIGIBILITY_DEFERRED", {"entity_type": "BUSINESS"}),
    ("account-review-approved", "account_review_update", "APPROVED", {}),
    ("account-review-rejected", "account_review_update", "REJECTED", {}),
    ("account-settings-update-calling", "account_settings_update", "PHONE_NUMBER_SETTINGS", {}),
    ("account-update-auth-intl", "account_update", "AUTH_INTL_PRICE_ELIGIBILITY_UPDATE", {}),
    ("account-update-deleted", "account_update", "ACCOUNT_DELETED", {}),
    ("account-update-offboarded", "account_update", "ACCOUNT_OFFBOARDED", {}),
    ("account-update-primary-location", "account_update", "BUSINESS_PRIMARY_LOCATION_COUNTRY_UPDATE", {"country": "IN"}),
    ("account-update-reinstated", "account_update", "DISABLED_UPDATE", {}),
    ("account-update-restriction", "account_update", "ACCOUNT_RESTRICTION", {}),
    ("account-update-violation", "account_update", "ACCOUNT_VIOLATION", {"violation_info": {"violation_type": "ADULT"}}),
    ("account-update-volume-tier", "account_update", "VOLUME_BASED_PRICING_TIER_UPDATE", {}),
    ("automatic-events-lead", "automatic_events", "LeadSubmitted", {"ctwa_clid": "Afc3nYt4TTydumlFFs_example"}),
    ("bsuid-user-id-update-legacy-field", "user_id_update", "user_id_update", {}),
    (
        "business-capability-update-legacy-per-phone",
        "business_capability_update",
        "limits_updated",
        {"max_daily_conversation_per_phone": 100000},
    ),
    (
        "business-capability-update-string-tier",
        "business_capability_update",
        "limits_updated",
        {"max_daily_conversations_per_business": "TIER_2K"},
    ),
    ("business-username-update-approved", "business_username_update", "approved", {"username": "luckyshrub"}),
    ("calls-connect-user-initiated", "calls", "connect", {"direction": "USER_INITIATED"}),
    ("calls-status-ringing", "calls", "call_ringing", {"status": "ringing"}),
    ("calls-terminate", "calls", "terminate", {"status": "COMPLETED", "duration": 120, "end_time": "2026-01-01T00:02:00+00:00"}),
    ("flows-client-error-rate", "flows", "CLIENT_ERROR_RATE", {"error_rate": 14.28, "flow_id": "6627390910605886"}),
    ("flows-endpoint-availability", "flows", "ENDPOINT_AVAILABILITY", {"availability": 75}),
    ("flows-endpoint-latency", "flows", "ENDPOINT_LATENCY", {"p90_latency": 9000}),
    ("flows-status-change", "flows", "FLOW_STATUS_CHANGE", {"old_status": "PUBLISHED", "new_status": "BLOCKED"}),
    ("group-join-request-created", "group_participants_update", "group_join_request_created", {"join_request_id": "jr-1"}),
    ("group-lifecycle-create-failed", "group_lifecycle_update", "group_create", {"request_id": "req-2"}),
    ("group-lifecycle-created", "group_lifecycle_update", "group_create", {"request_id": "req-1"}),
    ("group-participants-removed", "group_participants_update", "group_participants_remove", {"initiated_by": "business"}),
    ("group-settings-updated", "group_settings_update", "group_settings_update", {"request_id": "req-4"}),
    ("group-status-suspended", "group_status_update", "group_suspend", {}),
    ("partner-solutions-created", "partner_solutions", "SOLUTION_CREATED", {"solution_status": "INITIATED"}),
    ("payment-configuration-update", "payment_configuration_update", "Needs Testing", {"provider_name": "razorpay"}),
    ("phone-name-approved", "phone_number_name_update", "APPROVED", {"requested_verified_name": "Lucky Shrub"}),
    ("phone-name-rejected", "phone_number_name_update", "REJECTED", {"rejection_reason": "NAME_FORMAT_NOT_SUPPORTED"}),
    ("phone-quality-flagged-legacy", "phone_number_quality_update", "FLAGGED", {"current_limit": "TIER_10K", "old_limit": "TIER_10K"}),
    ("phone-quality-onboarding", "phone_number_quality_update", "ONBOARDING", {"max_daily_conversations_per_business": "TIER_250"}),
    ("phone-quality-throughput-upgrade", "phone_number_quality_update", "THROUGHPUT_UPGRADE", {"current_limit": "TIER_UNLIMITED"}),
    ("phone-quality-upgrade-legacy", "phone_number_quality_update", "UPGRADE", {"old_limit": "TIER_1K"}),
    ("security-pin-changed", "security", "PIN_CHANGED", {}),
    ("standby-message", "standby", "message", {}),
    ("template-category-update-impending", "template_category_update", "impending", {"correct_category": "MARKETING"}),
    ("template-components-update", "message_template_components_update", "components_updated", {"message_template_id": "1315502779341834"}),
    (
        "template-correct-category-detection",
        "template_correct_category_detection",
        "correct_category_detected",
        {"correct_category": "MARKETING"},
    ),
    ("template-quality-green-to-yellow", "message_template_quality_update", "YELLOW", {"previous_quality_score": "GREEN"}),
    ("template-status-approved", "message_template_status_update", "APPROVED", {"message_template_language": "en_US"}),
    ("template-status-deleted", "message_template_status_update", "DELETED", {"message_template_id": "1689556908129832"}),
    ("template-status-disabled", "message_template_status_update", "DISABLED", {"disable_info": {"disable_date": "1767225600"}}),
    ("template-status-rejected-invalid-format", "message_template_status_update", "REJECTED", {"reason": "INVALID_FORMAT"}),
    ("unknown-field-future", "quantum_update", "unknown", {"keys": ["hello", "list"]}),
    (
        "user-actions-marketing-link-click",
        "messages",
        "marketing_messages_link_click",
        {"click_component": "cta", "click_id": "clk-1", "product_id": "sku_1"},
    ),
    ("user-preferences-bsuid-only", "user_preferences", "stop", {"category": "marketing_messages"}),
    ("user-preferences-resume", "user_preferences", "resume", {"detail": "User requested to resume marketing messages"}),
    ("user-preferences-signup", "user_preferences", "signup", {"signup_id": "13176843987434774"}),
    ("value-errors-account-level", "messages", "error", {"code": 130429, "title": "Rate limit hit"}),
    ("value-errors-auth-0", "messages", "error", {"code": 0}),
]


@pytest.mark.parametrize(("name", "field", "type_", "details"), REPORTS, ids=[report[0] for report in REPORTS])
def test_each_report_says_what_happened(name, field, type_, details):
    event = only_of(name)
    assert isinstance(event, PlatformReported)
    assert (event.field, event.type) == (field, type_)
    assert details.items() <= event.details.items()


def test_the_remaining_template_statuses_are_their_events():
    for name in (name for name in NAMES if name.startswith("template-status-")):
        event = only_of(name)
        assert event.type.isupper()
        assert event.details["message_template_id"].isdigit()
        assert "-" not in event.details["message_template_language"]
        assert (event.account, event.at, event.address) == (WABA, NEW_YEAR, None)


def test_a_restriction_lists_what_is_restricted_and_until_when():
    assert only_of("account-update-restriction").details == {
        "restriction_info": [
            {"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING", "expiration": 1767830400},
            {"restriction_type": "RESTRICTED_ADD_PHONE_NUMBER_ACTION", "expiration": 1767830400},
        ]
    }


@pytest.mark.parametrize("name", ["account-update-partner-added", "account-update-mm-lite-terms-signed"])
def test_events_of_partners_belong_to_the_account_inside(name):
    assert only_of(name).account == "980198427658004"


def test_without_the_account_inside_a_partners_event_belongs_to_none():
    for event in ("PARTNER_REMOVED", "AD_ACCOUNT_LINKED", "MM_LITE_TERMS_SIGNED"):
        assert report("account_update", {"event": event}).account is None
        assert report("account_update", {"event": event, "waba_info": {"waba_id": 980198427658004}}).account == "980198427658004"
    assert report("account_update", {"event": "ACCOUNT_DELETED", "waba_info": {"waba_id": "5"}}).account == WABA


def test_some_account_fields_name_the_number_elsewhere():
    assert only_of("account-settings-update-calling").address == PHONE_NUMBER_ID
    assert only_of("account-alerts-oba-approved").address == PHONE_NUMBER_ID
    assert only_of("account-alerts-limit-deferred").address is None


def test_a_category_update_has_two_steps():
    step = {"message_template_id": 2**53 + 1, "message_template_language": "en-US", "new_category": "UTILITY"}
    impending = report("template_category_update", step | {"correct_category": "MARKETING"})
    completed = report("template_category_update", step | {"previous_category": "MARKETING"})
    assert (impending.type, completed.type) == ("impending", "completed")
    assert completed.details["message_template_id"] == str(2**53 + 1)
    assert completed.details["message_template_language"] == "en_US"
    assert report("template_category_update", {"message_template_id": "17"}).details == {"message_template_id": "17"}


def test_the_time_is_the_entrys_or_the_values_or_none():
    assert only_of("security-pin-changed").at == NEW_YEAR
    assert only_of("account-settings-update-calling").at == NEW_YEAR  # no entry.time, but value.timestamp
    times: list[object] = [None, "soon", -5, [], {}, True, 10**30]
    for time in times:
        assert report("security", {"event": "PIN_CHANGED"}, time=time).at is None
    assert report("security", {"event": "PIN_CHANGED", "timestamp": {}}).at == NEW_YEAR


def test_an_account_may_be_a_number_or_missing():
    assert report("security", {"event": "PIN_CHANGED"}, id=102290129340398).account == WABA
    assert report("security", {"event": "PIN_CHANGED"}, id=None).account is None
    assert report("security", {"event": "PIN_CHANGED"}, id={}).account is None


def test_only_what_is_listed_is_kept():
    event = report("security", {"event": "PIN_RESET_REQUEST", "requester": SHEENA, "display_phone_number": BUSINESS, "new": "x"})
    assert event.details == {}
    waba = {"waba_id": "9", "phone_number": BUSINESS, "deep": [{"wa_id": SHEENA, "kept": 1}]}
    event = report("account_update", {"event": "PARTNER_ADDED", "waba_info": waba, "phone_number": BUSINESS})
    assert event.details == {"waba_info": {"waba_id": "9", "deep": [{"kept": 1}]}}
    alert = {"alert_type": "OBA_REJECTED", "alert_description": f"The number +{BUSINESS} or {BUSINESS[:1]} {BUSINESS[1:]} was refused"}
    assert report("account_alerts", {"alert_info": alert}).details["alert_info"]["alert_description"] == "The number … or … was refused"


def test_an_unknown_field_keeps_the_names_of_its_keys_only():
    event = report("quantum_update", {"hello": "world", "event": "HELLO", SHEENA: 1, "a key with spaces ": 2, "": 3, "é": 4})
    assert (event.type, event.details) == ("HELLO", {"keys": ["a key with spaces ", "event", "hello"]})
    many = report("quantum_update", {f"key_{index}": index for index in range(500)})
    assert len(many.details["keys"]) == 50


def test_a_field_or_an_event_that_is_no_word_is_unknown():
    (event,) = parse(webhook({"event": SHEENA}, field=f"tel:{SHEENA}"))
    assert (event.field, event.type) == ("unknown", "unknown")
    no_words: list[object] = [None, 5, [], "", "x" * 200, f"CALL {SHEENA}"]
    for said in no_words:
        assert report("account_update", {"event": said}).type == "unknown"


def test_a_handover_names_who_and_our_number():
    handover = {
        "type": "control_passed",
        "sender": {"phone_number": SHEENA},
        "recipient": {"phone_number_id": PHONE_NUMBER_ID, "display_phone_number": BUSINESS},
        "control_passed": {"previous_owner_app_role": "meta_business_agent"},
    }
    event = report("messaging_handovers", handover)
    assert (event.type, event.address, event.contact) == ("control_passed", PHONE_NUMBER_ID, Identity(phone=SHEENA))
    assert event.details == {"control_passed": {"previous_owner_app_role": "meta_business_agent"}}
    assert report("messaging_handovers", {"type": "control_taken", "sender": "x"}).contact is None


# Lists


def test_only_a_customer_who_calls_opens_the_window():
    assert only_of("calls-connect-user-initiated").opens_window
    assert only_of("calls-connect-user-initiated").contact == SHEENA_IDENTITY
    assert not only_of("calls-terminate").opens_window
    ours = {"id": "wacid.A", "from": BUSINESS, "to": SHEENA, "event": "connect", "direction": "BUSINESS_INITIATED"}
    event = report("calls", value(calls=[ours]))
    assert (event.contact, event.opens_window) == (Identity(phone=SHEENA), False)
    assert isinstance(parse(webhook(value(calls=[{"event": "connect"}]), field="calls"))[0], Malformed)


def test_a_group_event_has_no_participants():
    event = only_of("group-participants-removed")
    assert (event.contact, event.details.keys()) == (None, {"group_id", "request_id", "initiated_by"})
    assert only_of("group-join-request-created").contact == SHEENA_IDENTITY
    assert only_of("group-lifecycle-create-failed").details["errors"][0]["code"] == 131211
    listed = [{"wa_id": SHEENA, "profile": {"name": "Sheena"}}]
    assert report("group_lifecycle_update", value(groups=[{"type": "group_create"}], contacts=listed)).contact is None


def test_each_preference_is_one_report_and_needs_its_contact():
    stop = {"user_id": "US.1", "value": "stop", "category": "marketing_messages", "timestamp": 1767225600}
    first, second = parse(webhook(value(user_preferences=[stop, {"value": "stop"}]), field="user_preferences"))
    assert isinstance(first, PlatformReported)
    assert first.contact == Identity(user_id="US.1")
    assert isinstance(second, Malformed)


def test_a_purchase_keeps_its_value_and_nothing_else_of_its_data():
    purchase = {"id": "wamid.A", "event_name": "Purchase", "custom_data": {"currency": "USD", "value": 12.5, "buyer": SHEENA}}
    assert report("automatic_events", value(automatic_events=[purchase])).details == {
        "platform_message_id": "wamid.A",
        "currency": "USD",
        "value": 12.5,
    }


def test_a_changed_user_id_names_the_contact_as_it_is_now():
    assert only_of("bsuid-user-id-update-legacy-field").contact == Identity(
        phone=SHEENA, user_id="US.99887766554433221100", parent_user_id="US.ENT.22887766554433221100"
    )


def test_a_click_keeps_no_tracking_token():
    assert "example_token" not in str(only_of("user-actions-marketing-link-click"))


def test_standby_is_noted_and_not_stored():
    event = only_of("standby-message")
    assert event.contact == SHEENA_IDENTITY
    assert event.details == {"platform_message_id": "wamid.HBgLMTY1MDU1NTEyMzQVAgASGBQzQTJCRjI4MjlGMEQxODgxMTRBOAA="}
    bare = {"id": "wamid.A", "from": SHEENA}
    for shape in ({"standby": [bare]}, {"messages": [bare]}, {"standby": {"messages": [bare]}}):
        assert report("standby", value(**shape)).details == {"platform_message_id": "wamid.A"}


def test_trouble_beside_a_message_is_told_beside_it():
    received, trouble = parse_file("inbound-interactive-empty-with-value-errors")
    assert received.path.endswith("messages[0]")
    assert isinstance(trouble, PlatformReported)
    assert (trouble.type, trouble.details["code"]) == ("error", 131000)
