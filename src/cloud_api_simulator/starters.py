"""The approved templates that a new account has: Meta's sample, the guide's example, and one of each other sort."""

from cloud_api_simulator.bodies import Json

_HELLO = (
    {"type": "HEADER", "format": "TEXT", "text": "Hello World"},
    {
        "type": "BODY",
        "text": "Welcome and congratulations!! This message shows that you can send a notification. Thank you for testing with us.",
    },
    {"type": "FOOTER", "text": "WhatsApp Business Platform sample message"},
)
_WELCOME = (
    {
        "type": "BODY",
        "text": 'Hello {{1}}! Welcome to SIGMA Analytics.\nReply with "help" for assistance.',
        "example": {"body_text": [["John"]]},
    },
)
_ORDER_UPDATES = {
    "en_US": ("Your order {{1}} has left our warehouse and arrives on {{2}}. Is that fine?", ("Yes", "Another day")),
    "pt_BR": ("Seu pedido {{1}} saiu do nosso depósito e chega em {{2}}. Tudo bem?", ("Sim", "Outro dia")),
    "de": ("Ihre Bestellung {{1}} hat unser Lager verlassen und kommt am {{2}} an. Passt das?", ("Ja", "Anderer Tag")),
}
_CODE = (
    {
        "type": "BODY",
        "text": "*{{1}}* is your verification code. For your security, do not share this code.",
        "add_security_recommendation": True,
    },
    {"type": "FOOTER", "text": "This code expires in 10 minutes.", "code_expiration_minutes": 10},
    {
        "type": "BUTTONS",
        "buttons": [
            {
                "type": "URL",
                "text": "Copy code",
                "url": "https://www.whatsapp.com/otp/code/?otp_type=COPY_CODE&code=otp{{1}}",
                "example": ["https://www.whatsapp.com/otp/code/?otp_type=COPY_CODE&code=otp123456"],
            }
        ],
    },
)
_SALE = (
    {"type": "HEADER", "format": "IMAGE", "example": {"header_handle": ["4::aW1hZ2UvcG5n"]}},
    {
        "type": "BODY",
        "text": "Hi {{first_name}}, the summer sale has begun: {{discount}} off everything until Sunday.",
        "example": {
            "body_text_named_params": [{"param_name": "first_name", "example": "Ann"}, {"param_name": "discount", "example": "20 %"}]
        },
    },
    {"type": "FOOTER", "text": "Reply STOP to opt out"},
    {
        "type": "BUTTONS",
        "buttons": [
            {"type": "URL", "text": "Shop now", "url": "https://shop.example/{{1}}", "example": ["https://shop.example/summer"]},
            {"type": "COPY_CODE", "text": "Copy offer code", "example": "SUMMER20"},
        ],
    },
)


def _starter(name: str, language: str, category: str, components: tuple[Json, ...], format: str = "POSITIONAL") -> Json:
    return {"name": name, "language": language, "category": category, "components": list(components), "parameter_format": format}


def _order_update(language: str, text: str, replies: tuple[str, ...]) -> Json:
    body = {"type": "BODY", "text": text, "example": {"body_text": [["10482", "12-05"]]}}
    taps = {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": reply} for reply in replies]}
    return _starter("order_update", language, "UTILITY", (body, taps))


STARTERS = (
    _starter("hello_world", "en_US", "UTILITY", _HELLO),
    _starter("welcome_message", "en", "MARKETING", _WELCOME),
    _starter("welcome_message", "en_US", "MARKETING", _WELCOME),
    *(_order_update(language, text, replies) for language, (text, replies) in _ORDER_UPDATES.items()),
    _starter("verification_code", "en_US", "AUTHENTICATION", _CODE),
    _starter("seasonal_sale", "en_US", "MARKETING", _SALE, "NAMED"),
)
