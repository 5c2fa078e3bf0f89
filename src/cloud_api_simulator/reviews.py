"""Meta's people and machines behind templates: they approve, reject, pause, disable, recategorise, and tell by webhook.

What becomes of a new template, unless `Rules.review` says otherwise: `reject` in its name rejects it, `pause` approves and then pauses it,
`recategorize` approves it and then makes it marketing. Two variables without a word between them are always rejected.
Source: Cloud API template webhooks, pacing and pausing; checked 2026-09 (cloud-api.md 6.1, 9).
"""

import re
from collections.abc import Callable
from functools import partial

from cloud_api_simulator import updates
from cloud_api_simulator.agenda import Agenda
from cloud_api_simulator.bodies import Json
from cloud_api_simulator.template_text import VARIABLE, body_text
from cloud_api_simulator.templates import Template
from cloud_api_simulator.webhooks import Update
from cloud_api_simulator.world import World

PAUSES = (("FIRST_PAUSE", 3), ("SECOND_PAUSE", 6))
"""Title and hours of each pause; after the last one a template is disabled."""
SECONDS_PER_HOUR = 3600
NOTICE_SECONDS = 24 * SECONDS_PER_HOUR
_NEIGHBOURS = re.compile(rf"{VARIABLE.pattern}\s*{VARIABLE.pattern}")
NEIGHBOURS_INFO = {
    "reason": "Two variables stand next to each other with no text between them.",
    "recommendation": "Put words or punctuation between the variables.",
}


class Reviewer:
    """Decides about templates. `deliver` takes an update for good; `calendar` holds what is hours away."""

    def __init__(self, world: World, agenda: Agenda, calendar: Agenda, deliver: Callable[[Update], None]) -> None:
        self._world = world
        self._agenda = agenda
        self._calendar = calendar
        self._deliver = deliver
        self._stream = world.stream("reviews")

    def submit(self, template: Template) -> None:
        """Take a new template, or a rejected one that was edited, and decide after a while."""
        template.status = "PENDING"
        self._soon(template, self._decide)

    def resubmit(self, template: Template) -> None:
        """Take an edited template: what was approved stays so, what was rejected is looked at again."""
        if template.status == "REJECTED":
            self.submit(template)
            return
        template.status = "APPROVED"
        self._deliver(updates.template_components(template))

    def _soon(self, template: Template, action: Callable[[Template], None]) -> None:
        delay_seconds = self._stream.uniform(*self._world.settings.review_after_seconds)

        def act() -> None:
            if self._world.templates.find(template.id) is template:
                action(template)

        self._agenda.later(delay_seconds, act)

    def _decide(self, template: Template) -> None:
        verdict = self._world.rules.review
        if verdict == "wait" or template.status != "PENDING":
            return
        if _NEIGHBOURS.search(body_text(template.components)):
            self.reject(template, "INVALID_FORMAT", rejection_info=NEIGHBOURS_INFO)
            return
        if verdict == "reject" or "reject" in template.name:
            self.reject(template, "TAG_CONTENT_MISMATCH")
            return
        self.approve(template)
        if "pause" in template.name:
            self._soon(template, self.pause)
        if "recategorize" in template.name:
            self._soon(template, partial(self.recategorize, category="MARKETING"))

    def approve(self, template: Template, **more: Json) -> None:
        """Let the template be sent."""
        template.status, template.rejected_reason = "APPROVED", "NONE"
        self._deliver(updates.template_status(template, "APPROVED", more=more))

    def reject(self, template: Template, reason: str, **more: Json) -> None:
        """Refuse the template."""
        template.status, template.rejected_reason = "REJECTED", reason
        self._deliver(updates.template_status(template, "REJECTED", reason=reason, more=more))

    def pause(self, template: Template) -> None:
        """Pause the template for its quality: for 3 hours, then for 6, then for good."""
        if template.pauses >= len(PAUSES):
            self.disable(template)
            return
        title, hours = PAUSES[template.pauses]
        template.pauses += 1
        template.status = "PAUSED"
        info = {"title": title, "description": f"Paused for {hours} hours because of quality."}
        self._deliver(updates.template_status(template, "PAUSED", more={"other_info": info}))
        self._calendar.later(hours * SECONDS_PER_HOUR, partial(self.unpause, template))

    def unpause(self, template: Template) -> None:
        """End a pause, if there still is one."""
        if template.status == "PAUSED" and self._world.templates.find(template.id) is template:
            info = {"title": "UNPAUSE", "description": "The template is no longer paused."}
            self.approve(template, other_info=info)

    def disable(self, template: Template) -> None:
        """Disable the template for good."""
        template.status = "DISABLED"
        info = {"disable_date": str(int(self._world.now().timestamp()))}
        self._deliver(updates.template_status(template, "DISABLED", more={"disable_info": info}))

    def set_status(self, template: Template, status: str, *, reason: str = "NONE") -> None:
        """Bring a template into any status, with its webhook."""
        known = {"APPROVED": self.approve, "PAUSED": self.pause, "DISABLED": self.disable}
        if status == "REJECTED":
            self.reject(template, reason)
        elif status in known:
            known[status](template)
        else:
            template.status = status
            self._deliver(updates.template_status(template, status, reason=reason))

    def set_quality(self, template: Template, quality: str) -> None:
        """Change the quality score, with its webhook."""
        previous, template.quality = template.quality, quality
        self._deliver(updates.template_quality(template, previous))

    def recategorize(self, template: Template, *, category: str) -> None:
        """Change the category now, with its webhook."""
        previous, template.category = template.category, category
        template.previous_category, template.correct_category = previous, None
        self._deliver(updates.template_category(template, previous=previous))

    def announce_category(self, template: Template, category: str) -> None:
        """Tell that the category will change in 24 hours, and change it then."""
        template.correct_category = category
        at_unix = int(self._world.now().timestamp()) + NOTICE_SECONDS
        self._deliver(updates.template_category_soon(template, correct=category, at_unix=at_unix))
        self._calendar.later(NOTICE_SECONDS, partial(self.recategorize, template, category=category))

    def deleted(self, template: Template) -> None:
        """Tell that a template is being deleted."""
        self._deliver(updates.template_status(template, "PENDING_DELETION", reason=None))
