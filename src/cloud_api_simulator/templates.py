"""The templates of the WABA: created, listed, edited, deleted. Who decides about them is in `reviews`.

Source: Cloud API templates reference; checked 2026-09 (cloud-api.md 10).
"""

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cloud_api_simulator import errors
from cloud_api_simulator.bodies import Json
from cloud_api_simulator.checks import template_form
from cloud_api_simulator.starters import STARTERS
from cloud_api_simulator.template_text import body_text

MAX_TEMPLATES = 6_000
NAME_IS_GONE_FOR = timedelta(days=30)
EDITABLE = frozenset({"APPROVED", "REJECTED", "PAUSED"})
EDITS_A_DAY, EDITS_A_MONTH = 1, 10
LIMIT_REACHED, BEING_DELETED, ALREADY_EXISTS = 2388019, 2388023, 2388024


@dataclass(kw_only=True, slots=True)
class Template:
    """One template in one language."""

    id: str
    name: str
    language: str
    category: str
    components: list[Json]
    parameter_format: str
    created_at: datetime
    status: str = "PENDING"
    rejected_reason: str = "NONE"
    quality: str = "UNKNOWN"
    previous_category: str | None = None
    correct_category: str | None = None
    seconds_to_live: int | None = None
    pauses: int = 0
    edited_at: list[datetime] = field(default_factory=list)

    def node(self) -> Json:
        """Return all fields as the API names them."""
        known: Json = {
            "id": self.id,
            "name": self.name,
            "language": self.language,
            "status": self.status,
            "category": self.category,
            "components": self.components,
            "parameter_format": self.parameter_format,
            "rejected_reason": self.rejected_reason,
            "quality_score": {"score": self.quality, "date": int(self.created_at.timestamp())},
            "cta_url_link_tracking_opted_out": False,
        }
        optional = {"previous_category": self.previous_category, "correct_category": self.correct_category}
        optional_numbers = {"message_send_ttl_seconds": self.seconds_to_live}
        known.update((key, value) for key, value in {**optional, **optional_numbers}.items() if value is not None)
        return known


class TemplateShelf:
    """All templates, in the order of their creation. Ids are digits, as JSON integers beyond what a float can hold."""

    def __init__(self, stream: random.Random, *, at: datetime, has_starters: bool) -> None:
        self._stream = stream
        self._templates: dict[str, Template] = {}
        self._by_name: dict[tuple[str, str], Template] = {}
        self._gone: dict[tuple[str, str], datetime] = {}
        for starter in STARTERS if has_starters else ():
            self.add(starter, at=at).status = "APPROVED"

    def __len__(self) -> int:
        return len(self._templates)

    def find(self, id: str) -> Template | None:
        """Return a template, or None."""
        return self._templates.get(id)

    def named(self, name: str, language: str | None = None) -> list[Template]:
        """Return the templates of this name, in one language or in all."""
        if language is not None:
            found = self._by_name.get((name, language))
            return [] if found is None else [found]
        return [template for template in self._templates.values() if template.name == name]

    def create(self, payload: Json, *, at: datetime) -> Template:
        """Put a new template on the shelf. Raises: GraphError 100, perhaps with a subcode 2388xxx."""
        form = template_form.check_new(payload)
        key = (form["name"], form["language"])
        if len(self._templates) >= MAX_TEMPLATES:
            raise errors.form(
                LIMIT_REACHED, "Template limit reached", f"A WhatsApp Business account has at most {MAX_TEMPLATES} templates."
            )
        if key in self._by_name:
            text = f"There is already {key[1]} content for this template. You can create a new template and try again."
            raise errors.form(ALREADY_EXISTS, "Content in This Language Already Exists", text)
        if key in self._gone and at - self._gone[key] < NAME_IS_GONE_FOR:
            text = f"New {key[1]} content can't be added while the existing {key[1]} content is being deleted. Try again in 4 weeks."
            raise errors.form(BEING_DELETED, "Message template language is being deleted", text)
        if form["category"] == "AUTHENTICATION":
            form["components"] = preset(form["components"])
        return self.add({**form, "message_send_ttl_seconds": payload.get("message_send_ttl_seconds")}, at=at)

    def add(self, form: Mapping[str, object], *, at: datetime) -> Template:
        """Put a template on the shelf whose form is right. Utility with the words of a sale becomes marketing, without a word."""
        components: list[Json] = list(form["components"])  # type: ignore[call-overload]
        category = str(form["category"])
        seconds = form.get("message_send_ttl_seconds")
        template = Template(
            id=str(self._stream.randint(10**15, 10**16 - 1)),
            name=str(form["name"]),
            language=str(form["language"]),
            category="MARKETING" if category == "UTILITY" and sounds_like_marketing(components) else category,
            components=components,
            parameter_format=str(form["parameter_format"]),
            created_at=at,
            seconds_to_live=seconds if isinstance(seconds, int) else None,
        )
        self._templates[template.id] = template
        self._by_name[template.name, template.language] = template
        return template

    def edit(self, template: Template, payload: Json, *, at: datetime) -> None:
        """Change a template; `components` replaces all of them. Raises: GraphError 100."""
        if template.status not in EDITABLE:
            raise errors.form(LIMIT_REACHED, "Template can't be edited", f"A template with status {template.status} can't be edited.")
        category = str(payload.get("category") or template.category).upper()
        if category != template.category and template.status == "APPROVED":
            raise errors.form(LIMIT_REACHED, "Category can't be edited", "The category of an approved template can't be changed.")
        if template.status == "APPROVED":
            self._count_edit(template, at)
        components = payload.get("components", template.components)
        format = str(payload.get("parameter_format") or template.parameter_format).upper()
        template_form.check_components(components, category=category, format=format)
        template.components, template.category, template.parameter_format = components, category, format

    def _count_edit(self, template: Template, at: datetime) -> None:
        month = [moment for moment in template.edited_at if at - moment < timedelta(days=30)]
        day = [moment for moment in month if at - moment < timedelta(days=1)]
        if len(day) >= EDITS_A_DAY or len(month) >= EDITS_A_MONTH:
            raise errors.form(LIMIT_REACHED, "Too many edits", "An approved template can be edited once a day and ten times a month.")
        template.edited_at = [*month, at]

    def delete(self, templates: Iterable[Template], *, at: datetime) -> None:
        """Take templates off the shelf; their names cannot be used again for 30 days."""
        for template in templates:
            del self._templates[template.id]
            del self._by_name[template.name, template.language]
            self._gone[template.name, template.language] = at

    def list(self, filters: Mapping[str, str]) -> list[Template]:
        """Return what fits `status`, `category`, `language`, `quality_score` (each a comma list), `name` and `content` (parts of them)."""
        found = list(self._templates.values())
        for key, value in filters.items():
            words = [word.strip().upper() for word in value.split(",")]
            found = [template for template in found if _fits(template, key, value.lower(), words)]
        return found


def _fits(template: Template, key: str, part: str, words: list[str]) -> bool:
    name, text = template.name, body_text(template.components).lower()
    exact = {
        "status": template.status,
        "category": template.category,
        "language": template.language.upper(),
        "quality_score": template.quality,
    }
    if key in exact:
        return exact[key] in words
    parts = {"name": part in name, "content": part in text, "name_or_content": part in name or part in text}
    return parts.get(key, True)


def preset(components: Iterable[Json]) -> list[Json]:
    """Return an authentication template as it reads back: Meta's own texts, and the button as a link."""
    parts = {str(part["type"]).upper(): part for part in components}
    body = parts.get("BODY", {})
    advice = " For your security, do not share this code." if body.get("add_security_recommendation") else ""
    read: list[Json] = [
        {**body, "type": "BODY", "text": f"*{{{{1}}}}* is your verification code.{advice}", "example": {"body_text": [["123456"]]}}
    ]
    minutes = parts.get("FOOTER", {}).get("code_expiration_minutes")
    if minutes is not None:
        text = f"This code expires in {minutes} minutes."
        read.append({"type": "FOOTER", "text": text, "code_expiration_minutes": minutes})
    tap = parts["BUTTONS"]["buttons"][0]
    type = str(tap["otp_type"]).upper()
    url = f"https://www.whatsapp.com/otp/code/?otp_type={type}&code=otp{{{{1}}}}"
    button = {"type": "URL", "text": tap.get("text") or "Copy code", "url": url, "example": [url.replace("{{1}}", "123456")]}
    return [*read, {"type": "BUTTONS", "buttons": [button]}]


def sounds_like_marketing(components: Iterable[Json]) -> bool:
    """Tell whether Meta would call this marketing whatever the business calls it."""
    text = body_text(list(components)).lower()
    return any(word in text for word in ("% off", "discount", "sale", "special offer", "promo code"))
