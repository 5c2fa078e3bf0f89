"""Meta's error codes that a send can meet, at once or later as a failed status: class, scope and advice of each.

The titles are ours, so that no text of Meta's is repeated unread. The advice is for a support team: what to do, in plain words.
Source: Cloud API reference, "Error codes", and the Graph API's "Handling errors"; checked 2026-09.
"""

from sigma.connectors.outbound import FaultScope, ThrottleScope
from sigma.connectors.whatsapp.error_rules import ErrorRule, config, permanent, registration, transient, wait

_ACCOUNT, _NUMBER, _RECIPIENT, _TEMPLATE = FaultScope.ACCOUNT, FaultScope.NUMBER, FaultScope.RECIPIENT, FaultScope.TEMPLATE
_TOKEN = FaultScope.TOKEN

_RENEW = "Create a new access token of a system user in Meta's Business Settings and enter it for this number; what waits is sent then."
_GRANT = (
    "Open Meta's Business Settings, give the system user full control of this WhatsApp account, and create its token with the permissions "
    "whatsapp_business_messaging and whatsapp_business_management."
)
_META_BUSY = "Meta has a disturbance. SIGMA tries again by itself; look at metastatus.com if it lasts."
_SLOW_DOWN = "SIGMA slows down and goes on by itself; nothing is lost."
_OUR_BUG = "The message was put together wrongly. Check its values; if they look right, report it with the details as a bug of SIGMA."
_SYNC = "Synchronise the templates and choose one that is approved in this language."

GRAPH_CODES: dict[int, ErrorRule] = {
    0: config("The access token cannot be checked", _RENEW, _TOKEN),
    1: transient("Meta could not say what is wrong", _META_BUSY, max_attempts=2),
    2: transient("Meta's service is down or overloaded", _META_BUSY, ThrottleScope.APP, seconds=5),
    3: config("The app lacks a capability or permission", _GRANT, _TOKEN),
    4: wait("The app made too many calls", _SLOW_DOWN, ThrottleScope.APP, 120),
    10: config("The permission was not granted or was taken away", _GRANT, _TOKEN),
    17: wait("This user made too many calls", _SLOW_DOWN, ThrottleScope.APP, 120),
    32: wait("The page made too many calls", _SLOW_DOWN, ThrottleScope.APP, 120),
    33: config("Meta does not know this phone number id", "Check the phone number id, and that the token may see this number.", _NUMBER),
    100: permanent("A value is not valid", _OUR_BUG),
    102: config("The access token's session has ended", _RENEW, _TOKEN),
    104: config("The call carried no access token, or a wrong proof", "Enter an access token, and check the app secret.", _TOKEN),
    190: config("The access token is expired or not valid", _RENEW, _TOKEN),
    368: config(
        "Meta has blocked the account for a violation of its policies, for a time",
        "Stop sending, read the notice in Meta's Business Support Home and ask for a review there.",
        _ACCOUNT,
    ),
    613: wait("A rate limit of Meta's is used up", _SLOW_DOWN, ThrottleScope.APP, 60),
    2500: config("Meta does not know this address", "Check Platforms.WhatsApp.GraphApiUrl and GraphApiVersion.", _ACCOUNT),
    80007: wait("The WhatsApp account made too many calls", _SLOW_DOWN, ThrottleScope.APP, 300),
}

MESSAGE_CODES: dict[int, ErrorRule] = {
    130403: permanent("The business has blocked this contact", "Unblock the contact first, if they should be written to.", _RECIPIENT),
    130429: wait("The number sends faster than Meta allows", _SLOW_DOWN, ThrottleScope.NUMBER, 1),
    130472: permanent(
        "Meta keeps this contact out of marketing messages as part of an experiment",
        "Do not send it again. Messages that are not marketing reach the contact as usual.",
        _RECIPIENT,
    ),
    130497: permanent(
        "Businesses may not write to contacts in this country", "Take contacts of this country out of the audience.", _RECIPIENT
    ),
    130501: permanent("This kind of message cannot be sent here", "Send a text or a picture instead."),
    131000: transient("Something went wrong at Meta", _META_BUSY),
    131005: config("Meta denied access", _GRANT, _TOKEN),
    131008: permanent("A required value is missing", _OUR_BUG),
    131009: permanent("A value is not valid", f"The contact, the message answered to or a value is not one that Meta knows. {_OUR_BUG}"),
    131016: transient("Meta's service is not available", _META_BUSY, ThrottleScope.NUMBER, seconds=5),
    131020: permanent("The group does not exist or is not ours", "Check that the group still exists and belongs to this number."),
    131021: permanent("The recipient is the sending number itself", "Send to another number.", _RECIPIENT),
    131026: permanent(
        "The message could not be delivered",
        "The contact may not be on WhatsApp, may use an old version, or has not accepted the newest terms. Ask them by another way to "
        "update WhatsApp and to write to you; then send it again by hand.",
        _RECIPIENT,
    ),
    131030: permanent(
        "A test number writes only to its five allowed recipients",
        "Add the recipient in the app's WhatsApp set-up (API Setup, To), or connect a real number.",
        _RECIPIENT,
    ),
    131031: config(
        "Meta has locked the account",
        "Open the account in Meta's Business Support Home: it broke a policy, or a wrong two-step PIN was used. Ask for a review.",
        _ACCOUNT,
    ),
    131037: config(
        "The number's display name is not approved", "Have the display name approved in the WhatsApp Manager before sending.", _NUMBER
    ),
    131041: permanent("The group cannot be used", "Check that the group still exists and that its members have joined."),
    131042: config(
        "There is a problem with the payment method",
        "Enter a valid payment method for this WhatsApp account in Meta's Business Settings; what waits is sent then.",
        _ACCOUNT,
    ),
    131044: config(
        "There is a problem with the payment", "Check the payment method and the credit line in Meta's Business Settings.", _ACCOUNT
    ),
    131045: registration("The number is not registered properly", "Register the number with the Cloud API again, with its two-step PIN."),
    131047: permanent(
        "More than 24 hours have passed since the contact last wrote",
        "Send a template instead; a free message is possible again as soon as the contact writes.",
        _RECIPIENT,
    ),
    131048: config(
        "Too many contacts blocked or reported this number: Meta limits it as spam",
        "Stop bulk messages for some hours, look at the number's quality in the WhatsApp Manager, and write only to contacts who agreed.",
        _NUMBER,
    ),
    131049: permanent(
        "Meta held this marketing message back, because the contact gets many of them",
        "Do not send it again within 24 hours, then with growing gaps. Marketing to numbers in the USA (+1) is not delivered at all.",
        _RECIPIENT,
    ),
    131050: permanent(
        "The contact does not want marketing from this business",
        "SIGMA has noted it as an opt-out. Send no more marketing unless the contact asks for it.",
        _RECIPIENT,
    ),
    131051: permanent("This kind of message is not supported", "Send it as a text, a picture or a document."),
    131052: transient(
        "Meta could not fetch the file", "Check that the link opens without a sign-in and has the right type.", seconds=30, max_attempts=2
    ),
    131053: permanent(
        "Meta could not use the file",
        "Check its type and size against what WhatsApp takes, and that a link opens without a sign-in; then send it again.",
    ),
    131055: permanent("Only marketing templates can be sent this way", "Send it as an ordinary message."),
    131056: wait(
        "Too many messages to this contact in a short time",
        "SIGMA waits and goes on by itself: about one message in six seconds is possible to one contact.",
        ThrottleScope.RECIPIENT,
        4,
    ),
    131057: wait("The number is being upgraded by Meta", "This takes about a minute; SIGMA goes on by itself.", ThrottleScope.NUMBER, 90),
    131059: permanent("The page of a list has expired", "Start the list from its beginning."),
    131062: permanent(
        "This message needs a phone number, and the contact has only a user name",
        "One-time codes cannot be sent without a phone number. Ask the contact for it.",
        _RECIPIENT,
    ),
    131063: config(
        "Marketing templates are switched off for this account on the ordinary way",
        "Switch them on in the WhatsApp Manager, or use the Marketing Messages API.",
        _TEMPLATE,
    ),
    131064: config(
        "Templates are limited, because some were filed under the wrong category",
        "Stop template messages, correct the category of the templates that Meta names in the WhatsApp Manager, and wait.",
        _ACCOUNT,
    ),
    131208: wait("Too many messages to this group", _SLOW_DOWN, ThrottleScope.RECIPIENT, 60),
    132000: permanent("The number of values does not fit the template", f"Give exactly the values that the template has. {_SYNC}"),
    132001: permanent("There is no approved template of this name and language", _SYNC, _TEMPLATE),
    132005: permanent("The filled-in template is too long", "Shorten the values: the whole text may have 1,024 characters."),
    132007: permanent("The template breaks Meta's rules for content", "Correct the template and have it approved again.", _TEMPLATE),
    132008: permanent("A value of the template is not valid", "Check the values: no line breaks, no tabs, at most four spaces in a row."),
    132012: permanent(
        "A value of the template has the wrong form", f"Check what the template needs, such as a picture in its header. {_SYNC}"
    ),
    132015: config(
        "Meta has paused the template for its low quality",
        "Wait until Meta ends the pause (3 hours, then 6), and improve the text or the audience; after a third time it is switched off.",
        _TEMPLATE,
    ),
    132016: config("Meta has switched the template off for its low quality", "Write a new template and have it approved.", _TEMPLATE),
    132018: permanent("A value of the template is not valid", "Check the values: no line breaks, no tabs, at most four spaces in a row."),
    132068: permanent("The flow is blocked", "Correct the flow in the WhatsApp Manager and publish it again."),
    132069: wait(
        "The flow is throttled for its errors",
        "Correct the flow's end point; until then ten an hour can be sent.",
        ThrottleScope.RECIPIENT,
        360,
    ),
    134011: config("Meta's terms of payment are not accepted", "Accept the terms in the WhatsApp Manager.", _ACCOUNT),
    134100: permanent("Only marketing templates can be sent this way", "Send it as an ordinary message."),
    134101: wait("Meta is still preparing the template", "This takes up to ten minutes; SIGMA tries again.", ThrottleScope.RECIPIENT, 600),
    134102: permanent("The template cannot be used this way", "Send it as an ordinary message, or choose another template.", _TEMPLATE),
    135000: permanent("Meta refused the message without saying why", _OUR_BUG),
    137000: permanent(
        "The contact's device has changed since the identity was confirmed",
        "Check that you write to the same person, then send it again.",
        _RECIPIENT,
    ),
}
