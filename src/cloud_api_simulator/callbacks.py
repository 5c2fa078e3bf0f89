"""Where webhooks go: the phone number's override, else the WABA's, else the app's callback. Account fields only ever go to the app's."""

from dataclasses import dataclass, field

FIELDS = (
    *("messages", "message_template_status_update", "message_template_quality_update", "message_template_components_update"),
    *("template_category_update", "phone_number_quality_update", "phone_number_name_update", "business_capability_update"),
    *("account_update", "account_alerts", "security", "user_preferences"),
)
OVERRIDABLE = frozenset({"messages", "user_preferences"})
MAX_URL_CHARS = 200


@dataclass(frozen=True, slots=True)
class Callback:
    """One endpoint, and the word that it must know."""

    url: str
    verify_token: str = field(repr=False)


@dataclass(kw_only=True, slots=True)
class Callbacks:
    """The subscription of one app to one WABA. `app` is None while no callback was ever set."""

    app: Callback | None
    fields: set[str] = field(default_factory=lambda: set(FIELDS))
    waba: Callback | None = None
    phone: Callback | None = None
    is_subscribed: bool = True
    """Whether the WABA is subscribed to the app."""

    def target(self, name: str) -> str | None:
        """Return the url for an update of this field, or None when nobody wants it."""
        if not self.is_subscribed or name not in self.fields:
            return None
        override = (self.phone or self.waba) if name in OVERRIDABLE else None
        chosen = override or self.app
        return None if chosen is None else chosen.url
