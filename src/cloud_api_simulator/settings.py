"""What a simulator is told at its start. Everything that may change while it runs is copied into `Rates`."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

import msgspec

from cloud_api_simulator.clock import Clock, utc_now

MAX_UPDATES_PER_POST = 1000  # Source: Cloud API webhooks overview, "up to 1000 updates"; checked 2026-09


@dataclass(frozen=True, kw_only=True, slots=True)
class SimulatorSettings:
    """One business number, its app, and how lively its customers are. Pairs of seconds are (shortest, longest).

    Raises: ValueError for a rate outside 0..1 or a size that makes no sense.
    """

    callback_url: str
    app_secret: str = field(repr=False)
    verify_token: str = field(repr=False)
    access_token: str = field(default="EAA-simulator-token", repr=False)
    phone_number_id: str = "106540352242922"
    waba_id: str = "102290129340398"
    display_phone_number: str = "15550783881"
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

    def __post_init__(self) -> None:
        rates_of(self)
        callback = urlsplit(self.callback_url)
        if callback.scheme not in {"http", "https"} or not callback.hostname:
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
