"""Builders of account-level webhooks: templates, the number, its limits, what users prefer. Pure.

Source: Cloud API webhooks reference; checked 2026-09 (cloud-api.md 6).
"""

from cloud_api_simulator.bodies import Json
from cloud_api_simulator.rules import TIERS
from cloud_api_simulator.template_text import component
from cloud_api_simulator.templates import Template
from cloud_api_simulator.webhooks import Update

UNLIMITED = -1


def _named(template: Template) -> Json:
    return {
        "message_template_id": int(template.id),
        "message_template_name": template.name,
        "message_template_language": template.language,
    }


def template_status(template: Template, event: str, *, reason: str | None = "NONE", more: Json | None = None) -> Update:
    """`event` is APPROVED, REJECTED, PAUSED, DISABLED …; `more` is other_info, rejection_info or disable_info."""
    value = {"event": event, **_named(template), "reason": reason, "message_template_category": template.category, **(more or {})}
    return Update(kind="message_template_status_update", item=value, contact=None)


def template_quality(template: Template, previous: str) -> Update:
    """The quality is another one now."""
    value = {"previous_quality_score": previous, "new_quality_score": template.quality, **_named(template)}
    return Update(kind="message_template_quality_update", item=value, contact=None)


def template_category(template: Template, *, previous: str) -> Update:
    """The category has changed."""
    value = {**_named(template), "previous_category": previous, "new_category": template.category}
    return Update(kind="template_category_update", item=value, contact=None)


def template_category_soon(template: Template, *, correct: str, at_unix: int) -> Update:
    """The category will change, 24 h from now."""
    value = {**_named(template), "new_category": template.category, "correct_category": correct, "category_update_timestamp": at_unix}
    return Update(kind="template_category_update", item=value, contact=None)


def template_components(template: Template) -> Update:
    """The template was edited."""
    header, body, footer = (component(template.components, type) or {} for type in ("header", "body", "footer"))
    texts = {"title": header.get("text"), "element": body.get("text"), "footer": footer.get("text")}
    known = {f"message_template_{key}": text for key, text in texts.items() if text}
    return Update(kind="message_template_components_update", item={**_named(template), **known}, contact=None)


def messaging_limit(tier: str) -> Update:
    """The portfolio may write to more or fewer users a day."""
    value = {"max_daily_conversations_per_business": TIERS.get(tier, UNLIMITED), "max_phone_numbers_per_business": 2}
    return Update(kind="business_capability_update", item=value, contact=None)


def throughput(display_phone_number: str, tier: str) -> Update:
    """The number may send more messages a second."""
    value = {"display_phone_number": display_phone_number, "event": "THROUGHPUT_UPGRADE", "max_daily_conversations_per_business": tier}
    return Update(kind="phone_number_quality_update", item=value, contact=None)


def preference(contact: Json, word: str, *, at_unix: int) -> Update:
    """A user wants no marketing any more (`stop`), or again (`resume`)."""
    user: Json = {key: contact[key] for key in ("wa_id", "user_id", "parent_user_id") if key in contact}
    detail = f"User requested to {word} marketing messages"
    item: Json = {**user, "detail": detail, "category": "marketing_messages", "value": word, "timestamp": at_unix}
    return Update(kind="user_preferences", item=item, contact=contact)


def account(event: str, **more: object) -> Update:
    """The account is restricted, banned, reinstated and so on."""
    return Update(kind="account_update", item={"event": event, **more}, contact=None)


def security(display_phone_number: str, event: str) -> Update:
    """Something happened to the PIN."""
    return Update(kind="security", item={"display_phone_number": display_phone_number, "event": event}, contact=None)
