"""Meta's rules about this number, as they stand now. A test changes them through `PATCH /_control/rules`."""

from typing import Literal

import msgspec

from cloud_api_simulator.error_codes import TITLES

TIERS = {"TIER_50": 50, "TIER_250": 250, "TIER_1K": 1_000, "TIER_2K": 2_000, "TIER_10K": 10_000, "TIER_100K": 100_000}
"""Unique users outside a customer service window in a moving 24 h, per portfolio. Source: Cloud API messaging limits; checked 2026-09."""

THROUGHPUTS = {20: "NOT_APPLICABLE", 80: "STANDARD", 1000: "HIGH"}
"""Messages a second, and the level that the phone number node names (20: the number is in the WhatsApp Business app too)."""

MAX_ALLOWED_RECIPIENTS = 5
LATER = (130403, 130472, 131026, 131048, 131049, 131050, 131052, 131053)
"""Codes that come as a failed status after a 200, where Meta's pages leave it open."""

Tier = Literal["TIER_50", "TIER_250", "TIER_1K", "TIER_2K", "TIER_10K", "TIER_100K", "TIER_UNLIMITED"]
Quality = Literal["GREEN", "YELLOW", "RED", "UNKNOWN", "NA"]


class Rules(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What Meta lets this business do."""

    enforce_limits: bool = True
    """Rates, customer service window, messaging limit, opt-out and blocks. Magic recipients work either way."""
    enforce_templates: bool = True
    """Whether a template must exist, be approved, and get the parameters that it has."""
    throughput_mps: int = 80
    messaging_limit_tier: Tier = "TIER_2K"
    quality_rating: Quality = "GREEN"
    allowed_recipients: list[str] | None = None
    """Phone digits that a test number may write to, at most five; None for a real number."""
    refuse_later: list[int] = msgspec.field(default_factory=lambda: list(LATER))
    """Codes that are not told at once but by a failed status."""
    account_error: int | None = None
    """Every send is refused with this code: 131031 locked, 131042 unpaid, 131057 maintenance, 368 blocked, 131037 name …"""
    strangers_reachable: bool = False
    """Whether a number that no customer has gets the message too; otherwise it fails with 131026."""
    emit_statuses: bool = True
    management_calls_per_hour: int = 5_000
    review: Literal["approve", "reject", "wait"] = "approve"
    """What becomes of a new template, unless its name says otherwise (see templates)."""

    def __post_init__(self) -> None:
        if self.throughput_mps < 1 or self.management_calls_per_hour < 1:
            raise ValueError("throughput_mps and management_calls_per_hour must be at least 1")
        if self.allowed_recipients is not None and len(self.allowed_recipients) > MAX_ALLOWED_RECIPIENTS:
            raise ValueError(f"a test number has at most {MAX_ALLOWED_RECIPIENTS} allowed recipients")
        unknown = [code for code in (*self.refuse_later, self.account_error) if code is not None and code not in TITLES]
        if unknown:
            raise ValueError(f"{unknown[0]} is not an error code of the Cloud API")

    @property
    def messaging_limit(self) -> int | None:
        """How many unique users may be written to in 24 h; None for any number."""
        return TIERS.get(self.messaging_limit_tier)

    @property
    def throughput_level(self) -> str:
        """The word of the phone number node for the throughput."""
        return THROUGHPUTS.get(self.throughput_mps, "STANDARD")
