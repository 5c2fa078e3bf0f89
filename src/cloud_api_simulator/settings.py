"""What a simulator is told at its start. Everything that may change while it runs is copied into `Rates`."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

import msgspec

from cloud_api_simulator.clock import Clock, utc_now
from cloud_api_simulator.rules import Quality, Rules, Tier

MAX_UPDATES_PER_POST = 1000  # Source: Cloud API webhooks overview, "up to 1000 updates"; checked 2026-09


@dataclass(frozen=True, kw_only=True, slots=True)
class SimulatorSettings:
    """One business number, its app, and how lively its customers are. Pairs of seconds are (shortest, longest).

    Raises: ValueError for a rate outside 0..1 or a size that makes no sense.
    """

    callback_url: str = ""
    """Where webhooks go. Empty: nowhere, until a callback is set through the API or the control API."""
    app_secret: str = field(default="simulator-app-secret", repr=False)
    verify_token: str = field(default="simulator-verify-token", repr=False)
    access_token: str = field(default="EAA-simulator-token", repr=False)
    phone_number_id: str = "106540352242922"
    waba_id: str = "102290129340398"
    display_phone_number: str = "15550783881"
    app_id: str = "634974688087057"
    business_id: str = "506914307656634"
    country_code: str = "1"
    """What Meta puts before a number that has neither a plus nor enough digits: the business's own country."""
    subscribed: bool = True
    """Whether the WABA is subscribed to the app from the start."""
    starter_templates: bool = True
    base_url: str | None = None
    """Where the simulator itself is reachable, without a slash at the end. None: webhooks carry no media url (Meta's is optional too)."""

    seed: int = 1
    clock: Clock = utc_now
    customers: int = 12
    traffic: bool = True
    messages_per_minute: float = 30
    opening_messages: int = 6
    """How many messages come in quick succession when traffic first starts."""
    answer_rate: float = 0.6
    """The part of the business's messages that a customer answers, while traffic is on."""

    duplicate_rate: float = 0.02
    disorder: bool = True
    shuffle_rate: float = 0.1
    """The part of the POSTs that are shuffled inside and held back, so that later ones overtake. Without `disorder`: none."""
    failed_status_rate: float = 0.0
    api_error_rate: float = 0.0
    max_batch: int = 10

    enforce_limits: bool = True
    """Rates, customer service window, messaging limit, opt-out, blocks. This and the next ones can change later: see `Rules`."""
    enforce_templates: bool = True
    throughput_mps: int = 80
    messaging_limit_tier: Tier = "TIER_2K"
    quality_rating: Quality = "GREEN"
    allowed_recipients: tuple[str, ...] | None = None
    """What a test number may write to: up to five phone numbers, digits only. None: a real number."""
    strangers_reachable: bool = False
    emit_statuses: bool = True

    review_after_seconds: tuple[float, float] = (1.0, 3.0)
    """How long the review of a template takes."""
    latency_seconds: tuple[float, float] = (0.02, 0.2)
    sent_after_seconds: tuple[float, float] = (0.1, 0.3)
    delivered_after_seconds: tuple[float, float] = (0.6, 1.5)
    read_after_seconds: tuple[float, float] = (2.0, 15.0)
    answer_after_seconds: tuple[float, float] = (2.0, 8.0)
    hold_back_seconds: tuple[float, float] = (0.2, 1.5)

    batch_window_seconds: float = 0.1
    concurrency: int = 4
    callback_timeout_seconds: float = 10.0
    backoff_seconds: tuple[float, ...] = (0.5, 1, 2, 4, 8, 16, 32, 60)
    """Wait before each redelivery; the last one repeats."""
    max_attempts: int = 24
    verify_retry_seconds: tuple[float, ...] = (0.25, 0.5, 1, 2)
    queue_limit: int = 10_000
    """Updates that wait to be put into a POST."""
    pending_limit: int = 1_000
    """POSTs that are on their way or wait for redelivery."""
    agenda_limit: int = 50_000
    """Statuses and answers still to come; above it the API answers 130429."""
    ledger_limit: int = 20_000
    media_limit: int = 2_000
    upload_limit_bytes: int = 512 * 1024 * 1024
    """Uploaded files that are kept; the oldest go first."""

    def __post_init__(self) -> None:
        rates_of(self)
        rules_of(self)
        callback = urlsplit(self.callback_url)
        if self.callback_url and (callback.scheme not in {"http", "https"} or not callback.hostname):
            raise ValueError("callback_url must be an http or https address")
        limits = (self.queue_limit, self.pending_limit, self.ledger_limit, self.media_limit)
        if min(self.customers, self.concurrency, self.max_attempts, *limits) < 1:
            raise ValueError("customers, concurrency, max_attempts and the limits must be at least 1")
        if not self.backoff_seconds or not self.verify_retry_seconds:
            raise ValueError("the lists of waits must not be empty")


class Rates(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How often things happen and go wrong. Rates are parts of one, `messages_per_minute` may be 0."""

    messages_per_minute: float
    answer_rate: float
    duplicate_rate: float
    shuffle_rate: float
    failed_status_rate: float
    api_error_rate: float
    max_batch: int

    def __post_init__(self) -> None:
        parts = (self.answer_rate, self.duplicate_rate, self.shuffle_rate, self.failed_status_rate, self.api_error_rate)
        if not all(0 <= part <= 1 for part in parts):
            raise ValueError("a rate must lie between 0 and 1")
        if self.messages_per_minute < 0:
            raise ValueError("messages_per_minute must not be negative")
        if not 1 <= self.max_batch <= MAX_UPDATES_PER_POST:
            raise ValueError(f"max_batch must lie between 1 and {MAX_UPDATES_PER_POST}")


def rates_of(settings: SimulatorSettings) -> Rates:
    """Return the rates that a simulator starts with. Raises: ValueError when one makes no sense."""
    return Rates(
        messages_per_minute=settings.messages_per_minute,
        answer_rate=settings.answer_rate,
        duplicate_rate=settings.duplicate_rate,
        shuffle_rate=settings.shuffle_rate if settings.disorder else 0.0,
        failed_status_rate=settings.failed_status_rate,
        api_error_rate=settings.api_error_rate,
        max_batch=settings.max_batch,
    )


def rules_of(settings: SimulatorSettings) -> Rules:
    """Return the rules that a simulator starts with. Raises: ValueError when one makes no sense."""
    allowed = settings.allowed_recipients
    return Rules(
        enforce_limits=settings.enforce_limits,
        enforce_templates=settings.enforce_templates,
        throughput_mps=settings.throughput_mps,
        messaging_limit_tier=settings.messaging_limit_tier,
        quality_rating=settings.quality_rating,
        allowed_recipients=None if allowed is None else list(allowed),
        strangers_reachable=settings.strangers_reachable,
        emit_statuses=settings.emit_statuses,
    )
