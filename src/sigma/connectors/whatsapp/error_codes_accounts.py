"""Meta's error codes of numbers, templates, flows, block lists and names: they answer management calls, seldom a send.

Source: Cloud API reference, "Error codes"; WhatsApp Business Management API, "Error codes"; checked 2026-09.
"""

from sigma.connectors.outbound import FaultScope, ThrottleScope
from sigma.connectors.whatsapp.error_rules import ErrorRule, config, permanent, registration, transient, wait

_TEMPLATE_TEXT = "Correct the template as the details say, and send it in again."
_FLOW = "Correct the flow as the details say, in the WhatsApp Manager."
_USERNAME = "Choose another business name, as the details say."

ACCOUNT_CODES: dict[int, ErrorRule] = {
    133000: registration("The number was not fully removed from its last registration", "Deregister it again, then register it."),
    133004: transient("Meta's registration is not available", "Try again in some minutes.", ThrottleScope.NUMBER, seconds=60),
    133005: registration("The two-step PIN is wrong", "Enter the number's six-digit PIN, or reset it in the WhatsApp Manager."),
    133006: registration(
        "The number has to be verified again", "Ask for a new code by SMS or call and enter it, then register the number."
    ),
    133008: registration("The PIN was entered wrongly too often", "Wait as long as the details say, then enter the right PIN."),
    133009: registration("The PIN was entered too fast", "Wait as long as the details say, then enter the PIN again."),
    133010: registration(
        "The number is not registered with the Cloud API", "Register the number with its two-step PIN; then messages can go."
    ),
    133015: registration("The number was removed a moment ago", "Wait five minutes, then register it."),
    133016: registration("The number was registered and removed too often", "Wait 72 hours: ten times within them are allowed."),
    139000: permanent("The flow could not be published", _FLOW),
    139001: permanent("The flow could not be changed", _FLOW),
    139002: permanent("The flow could not be published", _FLOW),
    139003: permanent("The flow could not be deprecated", _FLOW),
    139004: permanent("The flow could not be deleted", _FLOW),
    139100: permanent("Some contacts could not be blocked or unblocked", "Only contacts who wrote within 24 hours can be blocked."),
    139101: permanent("The block list is full", "Take contacts out of the block list: it holds 64,000."),
    139102: wait("The block list is being changed by another call", "Try again in a moment.", ThrottleScope.NUMBER, 5),
    139103: transient("The block list could not be changed", "Try again in a moment."),
    141002: permanent("The template is not approved", "Wait for Meta's review, or choose an approved template.", FaultScope.TEMPLATE),
    147001: permanent("The business name cannot be used", _USERNAME),
    147002: permanent("The business name cannot be used", _USERNAME),
    147003: permanent("The business name cannot be used", _USERNAME),
    147004: permanent("The business name cannot be used", _USERNAME),
    147005: permanent("The business name cannot be used", _USERNAME),
    2388019: permanent("The account has as many templates as it may have", "Delete templates that are not used any more."),
    2388023: permanent("A template of this name and language is being deleted", "Use another name, or wait 30 days."),
    2388024: permanent("A template of this name and language exists already", "Change that one, or use another name."),
    2388040: permanent("A part of the template is too long", _TEMPLATE_TEXT),
    2388047: permanent("The template's header has the wrong form", _TEMPLATE_TEXT),
    2388072: permanent("The template's body has the wrong form", _TEMPLATE_TEXT),
    2388073: permanent("The template's footer has the wrong form", _TEMPLATE_TEXT),
    2388293: permanent("The template has too many variables for its length", _TEMPLATE_TEXT),
    2388299: permanent("The template begins or ends with a variable", "Put words before the first and after the last variable."),
    2593107: permanent("The phone's contacts or history were asked for already", "They can be asked for once after connecting."),
    2593108: permanent("More than 24 hours have passed since connecting", "Connect the number again to get its contacts and history."),
    2593109: config(
        "The business did not agree to share the history", "Agree in the WhatsApp Business app when connecting.", FaultScope.NUMBER
    ),
}
