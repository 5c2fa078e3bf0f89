"""Every error code of the Cloud API that the simulator knows: its title and the HTTP status that Meta answers with.

Source: Cloud API error codes page (HTTP statuses: the table of Dec 2025) and Graph API reference; checked 2026-09.
"""

TITLES = {
    0: "AuthException",
    1: "API Unknown",
    2: "API Service",
    3: "API Method",
    4: "API Too Many Calls",
    10: "API Permission Denied",
    33: "Parameter value is not valid",
    100: "Invalid parameter",
    190: "Access token has expired",
    200: "API Permission",
    368: "Temporarily blocked for policies violations",
    613: "Calls to this api have exceeded the rate limit",
    80007: "Rate limit issues",
    130403: "Business has blocked this user",
    130429: "Rate limit hit",
    130472: "User's number is part of an experiment",
    130497: "Business account is restricted from messaging users in this country",
    130501: "Message type is not currently supported",
    131000: "Something went wrong",
    131005: "Access denied",
    131008: "Required parameter is missing",
    131009: "Parameter value is not valid",
    131016: "Service unavailable",
    131020: "Invalid group",
    131021: "Recipient cannot be sender",
    131026: "Message undeliverable",
    131030: "Recipient phone number not in allowed list",
    131031: "Account has been locked",
    131037: "WhatsApp provided number needs display name approval before message can be sent",
    131041: "Group participant error",
    131042: "Business eligibility payment issue",
    131044: "Business eligibility payment issue",
    131045: "Incorrect certificate",
    131047: "Re-engagement message",
    131048: "Spam rate limit hit",
    131049: "This message was not delivered to maintain healthy ecosystem engagement",
    131050: "User has stopped marketing messages from this business",
    131051: "Unsupported message type",
    131052: "Media download error",
    131053: "Media upload error",
    131055: "Method not allowed",
    131056: "(Business Account, Consumer Account) pair rate limit hit",
    131057: "Account in maintenance mode",
    131059: "Paging cursor has expired",
    131062: "Business-scoped user ID recipients are not supported for this message",
    131063: "Marketing templates are disabled on Cloud API",
    131064: "Messaging limit because of template classification violations",
    132000: "Template param count mismatch",
    132001: "Template does not exist",
    132005: "Template hydrated text too long",
    132007: "Template format character policy violated",
    132008: "Template parameter value is not valid",
    132012: "Template parameter format mismatch",
    132015: "Template is paused",
    132016: "Template is disabled",
    132018: "Template parameter validation failed",
    132068: "Flow is blocked",
    132069: "Flow is throttled",
    133000: "Incomplete deregistration",
    133004: "Server temporarily unavailable",
    133005: "Two step verification PIN mismatch",
    133006: "Phone number re-verification needed",
    133008: "Too many two step verification PIN guesses",
    133009: "Two step verification PIN guessed too fast",
    133010: "Phone number not registered",
    133015: "Please wait a few minutes before attempting to register this phone number",
    133016: "Account register/deregister rate limit exceeded",
    134011: "WhatsApp Business payments terms have not been accepted",
    134100: "Only marketing messages supported",
    134101: "Template is syncing",
    134102: "Template is not available for use",
    135000: "Generic user error",
    137000: "Identity key hash mismatch",
    139100: "Failed to block or unblock some users",
    139101: "Block list limit reached",
    139102: "Block list concurrent update",
    139103: "Block list internal error",
    2593107: "Synchronization request limit exceeded",
    2593108: "Synchronization request made outside of allowed time window",
}

NOT_400 = {
    0: 401,
    2: 503,
    3: 500,
    10: 403,
    190: 401,
    200: 403,
    368: 403,
    130497: 403,
    131000: 500,
    131005: 403,
    131016: 500,
    131031: 403,
    131045: 500,
    131057: 500,
    132001: 404,
    133000: 500,
    133004: 503,
    134102: 500,
}

TRANSIENT = frozenset({1, 2, 4, 613, 80007, 130429, 131000, 131016, 131056, 131057, 133004})
"""Codes after which the same call may work. `is_transient` is set for them on generic Graph errors."""

SENDING = range(1_000_000)
"""Codes that a message can meet; the longer ones are about synchronisation."""
CODES_BY_TAIL = {code % 10_000: code for code in TITLES if code in SENDING}
"""The last four digits of a code tell which one it is; see `magic`."""
assert len(CODES_BY_TAIL) == sum(code in SENDING for code in TITLES)


def http_status(code: int) -> int:
    """Return the HTTP status of a refusal with this code."""
    return NOT_400.get(code, 400)
