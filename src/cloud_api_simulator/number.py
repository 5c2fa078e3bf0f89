"""The business number and its account: what their nodes say, registration, PIN, profile."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cloud_api_simulator import errors
from cloud_api_simulator.bodies import Json
from cloud_api_simulator.limits import Window
from cloud_api_simulator.rules import Rules

PIN = re.compile(r"\d{6}", re.ASCII)
REGISTRATIONS = 10
VERIFIED_NAME = "Lucky Shrub"


@dataclass(kw_only=True, slots=True)
class Number:
    """What changes about the business number itself."""

    onboarded_at: datetime
    is_registered: bool = True
    pin: str | None = None
    verified_name: str = VERIFIED_NAME
    settings: Json = field(default_factory=dict)
    automation: Json = field(default_factory=dict)
    profile: Json = field(default_factory=lambda: {"about": "Plants for every day", "vertical": "RETAIL"})

    def register(self, pin: Any, *, at: float, window: Window) -> None:
        """Register the number; the first PIN is kept, later ones must match. Raises: GraphError 100, 133005, 133016."""
        check_pin(pin)
        if window.count(at) >= REGISTRATIONS:
            raise errors.coded(133016, "Registration failed because there were too many registration attempts. Try again in 72 hours.")
        window.add(at)
        if self.pin is not None and self.pin != pin:
            raise errors.coded(133005, "The two step verification PIN is incorrect.")
        self.pin, self.is_registered = pin, True

    def deregister(self, *, at: float, window: Window) -> None:
        """Take the number out of the Cloud API. Raises: GraphError 133016."""
        if window.count(at) >= REGISTRATIONS:
            raise errors.coded(133016, "Deregistration failed because there were too many attempts. Try again in 72 hours.")
        window.add(at)
        self.is_registered = False


def check_pin(pin: Any) -> None:
    """Refuse what is not six digits. Raises: GraphError 100."""
    if not (isinstance(pin, str) and PIN.fullmatch(pin)):
        raise errors.invalid("pin", "be six digits")


def formatted(digits: str) -> str:
    """Write a number as answers of the API show it, `+1 555-078-3881`."""
    if digits.startswith("1") and len(digits) == len("15550783881"):
        return f"+1 {digits[1:4]}-{digits[4:7]}-{digits[7:]}"
    return f"+{digits}"


def messaging_limit_name(rules: Rules) -> str:
    """Return the portfolio's limit as the nodes name it."""
    return rules.messaging_limit_tier
