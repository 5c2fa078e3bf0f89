"""Fields whose value is one report about the account, a template or the number itself: what happened, and an allow-listed copy.

A field that is not in the table is still reported, with the names of its keys only: the raw body keeps the rest for a replay.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from sigma.connectors.events import Event, Identity
from sigma.connectors.whatsapp.change import Change
from sigma.connectors.whatsapp.decode import storable
from sigma.connectors.whatsapp.parse_activity import report
from sigma.connectors.whatsapp.parse_content import text_of_id
from sigma.connectors.whatsapp.people import NOBODY, name_person
from sigma.connectors.whatsapp.privacy import PERSONAL_KEYS, mask_numbers, word
from sigma.connectors.whatsapp.wire import read
from sigma.connectors.whatsapp.wire_fields import Handover

_TEMPLATE = ("message_template_id", "message_template_name", "message_template_language")
_MOST_KEYS = 50
_EVENTS_OF_PARTNERS = ("PARTNER_", "MM_LITE", "AD_ACCOUNT")  # their entry.id is the partner's portfolio. Source: cloud-api.md 6.3


class Known(msgspec.Struct, frozen=True):
    """How a field is read: where it says what happened (a key, or a function of the value), and which keys are kept."""

    type_from: str | Callable[[Mapping[str, Any]], object]
    kept: tuple[str, ...] = ()


def parse_report(change: Change, path: str, value: object) -> Event:
    """Return the report that a whole value makes."""
    value = value if isinstance(value, dict) else {}
    known = KNOWN_FIELDS.get(change.field)
    if known is None:
        return parse_unknown(change, path, value)
    says = value.get(known.type_from) if isinstance(known.type_from, str) else known.type_from(value)
    change = msgspec.structs.replace(change, account=_account(change, value, says), address=_address(change, value))
    contact = _sender(value) if change.field == "messaging_handovers" else NOBODY
    return report(change, path, word(says), _details(value, known.kept), at=value.get("timestamp"), contact=contact)


def parse_unknown(change: Change, path: str, value: object) -> Event:
    """Return the report of something that we cannot read: the names of its keys, none of its values."""
    value = value if isinstance(value, dict) else {}
    keys = sorted(key for key in value if word(key))[:_MOST_KEYS]
    return report(change, path, word(value.get("event")), {"keys": keys}, at=value.get("timestamp"))


def _details(value: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    """Copy the kept keys: without personal ones below them, ids of templates as strings, languages as `en_US`, sentences masked."""
    details = {key: _mask(storable(value[key], without=PERSONAL_KEYS)) for key in keys if value.get(key) is not None}
    if (template_id := details.get("message_template_id")) is not None:
        details["message_template_id"] = str(template_id)
    if isinstance(language := details.get("message_template_language"), str):
        details["message_template_language"] = language.replace("-", "_")
    return details


def _mask(value: Any) -> Any:
    """Mask numbers in sentences; a string without a space is an id, a code or a time, and is kept unless it begins like a number."""
    if isinstance(value, dict):
        return {key: _mask(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_mask(item) for item in value]
    is_sentence = isinstance(value, str) and (" " in value or value.startswith("+"))
    return mask_numbers(value) if is_sentence else value


def _account(change: Change, value: Mapping[str, Any], says: object) -> str | None:
    if not (isinstance(says, str) and says.startswith(_EVENTS_OF_PARTNERS)):
        return change.account
    waba = value.get("waba_info")
    return text_of_id(waba.get("waba_id")) if isinstance(waba, dict) else None


def _address(change: Change, value: Mapping[str, Any]) -> str | None:
    """Return the phone number id: these fields have no `metadata`, but some name it elsewhere."""
    for holder in (value.get("phone_number_settings"), value.get("recipient")):
        if isinstance(holder, dict) and (phone_number_id := text_of_id(holder.get("phone_number_id"))):
            return phone_number_id
    return text_of_id(value.get("entity_id")) if value.get("entity_type") == "PHONE_NUMBER" else change.address


def _sender(value: Mapping[str, Any]) -> Identity:
    sender = read(value, Handover).sender
    return name_person(sender.phone_number, sender.user_id) if sender else NOBODY


def _category_step(value: Mapping[str, Any]) -> str:
    """Both steps have `new_category`; only the one that is announced has `correct_category`. Source: cloud-api.md 6.1."""
    return "impending" if value.get("correct_category") is not None else "completed"


def _alert_type(value: Mapping[str, Any]) -> object:
    alert = value.get("alert_info")
    return alert.get("alert_type") if isinstance(alert, dict) else None


def _always(said: str) -> Callable[[Mapping[str, Any]], object]:
    return lambda _value: said


_NUMBER_LIMITS = (
    "max_daily_conversations_per_business",
    "max_daily_conversation_per_phone",
    "max_phone_numbers_per_business",
    "max_phone_numbers_per_waba",
)
# Source of the keys: cloud-api.md 2.1 and 6.1 to 6.9, checked 2026-09. Components are lossy there: the template is fetched again instead.
KNOWN_FIELDS: dict[str, Known] = {
    "message_template_status_update": Known(
        "event", (*_TEMPLATE, "message_template_category", "reason", "disable_info", "other_info", "rejection_info")
    ),
    "message_template_quality_update": Known("new_quality_score", (*_TEMPLATE, "previous_quality_score", "new_quality_score")),
    "message_template_components_update": Known(_always("components_updated"), _TEMPLATE),
    "template_category_update": Known(
        _category_step, (*_TEMPLATE, "previous_category", "new_category", "correct_category", "category_update_timestamp")
    ),
    "template_correct_category_detection": Known(_always("correct_category_detected"), (*_TEMPLATE, "category", "correct_category")),
    "phone_number_quality_update": Known("event", ("old_limit", "current_limit", "max_daily_conversations_per_business")),
    "phone_number_name_update": Known("decision", ("requested_verified_name", "rejection_reason")),
    "business_capability_update": Known(_always("limits_updated"), _NUMBER_LIMITS),
    "security": Known("event"),
    "account_update": Known(
        "event",
        (
            "ad_account_linked",
            "auth_international_rate_eligibility",
            "ban_info",
            "country",
            "disconnection_info",
            "partner_client_certification_info",
            "restriction_info",
            "violation_info",
            "volume_tier_info",
            "waba_info",
        ),
    ),
    "account_review_update": Known("decision", ("decision",)),
    "account_alerts": Known(_alert_type, ("entity_type", "entity_id", "alert_info")),
    "account_settings_update": Known("type", ("phone_number_settings",)),
    "business_username_update": Known("status", ("username",)),
    "business_username_updates": Known("status", ("username",)),
    "business_status_update": Known("event"),
    "flows": Known(
        "event",
        (
            "flow_id",
            "message",
            "old_status",
            "new_status",
            "alert_state",
            "availability",
            "error_rate",
            "errors",
            "p50_latency",
            "p90_latency",
            "requests_count",
            "threshold",
        ),
    ),
    "messaging_handovers": Known("type", ("control_passed", "control_taken")),
    "partner_solutions": Known("event", ("solution_id", "solution_status")),
    "payment_configuration_update": Known(
        "status", ("configuration_name", "provider_name", "status", "created_timestamp", "updated_timestamp")
    ),
}
