"""Takes a message of the business, or refuses it: every rule of Meta that needs to know the world.

What it must look like is in `checks`. A rule breaks either at once, with an HTTP error, or later, with a failed status: `Rules.refuse_later`.
"""

from typing import NamedTuple

from cloud_api_simulator import errors
from cloud_api_simulator.bodies import Json
from cloud_api_simulator.checks import uploads
from cloud_api_simulator.checks.contents import check_callback_data, check_content
from cloud_api_simulator.checks.template_match import check_match
from cloud_api_simulator.magic import order_of
from cloud_api_simulator.recipients import Recipient, is_reachable, resolve
from cloud_api_simulator.statuses import Sending
from cloud_api_simulator.templates import Template
from cloud_api_simulator.world import World

NOT_SENDABLE = {
    "PAUSED": (132015, "This message template is paused because of its quality. Wait until it is active again, or use another one."),
    "DISABLED": (132016, "This message template is disabled because of its quality, for good."),
}
UNREACHABLE_TLD = ".invalid"
"""A link whose host ends so cannot be fetched (RFC 2606)."""


class Later(Exception):
    """The message is accepted, and fails afterwards."""

    def __init__(self, code: int, details: str) -> None:
        super().__init__(code, details)
        self.failure = (code, details)


class Prepared(NamedTuple):
    """A message that Meta takes, and how it is answered."""

    sending: Sending
    answer: Json


def prepare(payload: Json, world: World) -> Prepared:
    """Check a message and count it against the limits. Raises: GraphError as documented."""
    if world.rules.account_error is not None:
        raise errors.on_demand(world.rules.account_error)
    if not world.number.is_registered:
        raise errors.coded(133010, "Account does not exist in the Cloud API: the phone number is not registered.")
    content, callback_data = check_content(payload), check_callback_data(payload)
    recipient = resolve(payload, world)
    template = None
    failure = None
    try:
        template = _check_world(content, recipient, world)
    except Later as later:
        failure = later.failure
    sending = Sending(
        message_id=world.ids.outbound(recipient.address),
        content=content,
        customer=recipient.customer,
        phone=recipient.phone,
        callback_data=callback_data,
        is_lost=recipient.is_lost,
        is_reachable=is_reachable(recipient, world),
        failure=failure,
        price=_price(content, template, recipient, world),
    )
    status = {"message_status": "accepted"} if content["type"] == "template" else {}
    message = {"id": sending.message_id, **status}
    return Prepared(sending, {"messaging_product": "whatsapp", "contacts": [recipient.contact], "messages": [message]})


def _check_world(content: Json, recipient: Recipient, world: World) -> Template | None:
    """Apply the rules in Meta's order; return the template that is sent. Raises: GraphError, Later."""
    at = world.now().timestamp()
    if world.rules.enforce_limits and world.limits.second.count(at) >= world.rules.throughput_mps:
        raise errors.coded(130429, "Cloud API message throughput has been reached.")
    _obey_order(recipient)
    allowed = world.rules.allowed_recipients
    if allowed is not None and recipient.phone not in allowed and not recipient.is_lost:
        details = "Recipient phone number not in allowed list: Add recipient phone number to recipient list and try again."
        raise errors.coded(131030, details)
    template = _find_template(content, recipient, world) if content["type"] == "template" else None
    _check_files(content, world)
    if world.rules.enforce_limits and not recipient.is_lost:
        _check_relation(content, template, recipient, world)
        _check_limits(content, recipient, world, at)
    world.limits.second.add(at)
    return template


def _obey_order(recipient: Recipient) -> None:
    order = order_of(recipient.phone or "")
    if order is None or order.code is None:
        return
    if order.is_later:
        raise Later(order.code, "The recipient's number asks for this error.")
    raise errors.on_demand(order.code)


def _refuse(code: int, details: str, world: World) -> Exception:
    """Return the refusal, at once or later."""
    return Later(code, details) if code in world.rules.refuse_later else errors.coded(code, details)


def _find_template(content: Json, recipient: Recipient, world: World) -> Template | None:
    """Return the template with its parameters checked. Raises: GraphError 132xxx, 131062."""
    message = content["template"]
    name, language = message["name"], message["language"]["code"]
    found = world.templates.named(name, language)
    template = found[0] if found else None
    if template is not None and template.category == "AUTHENTICATION" and recipient.phone is None:
        raise errors.coded(131062, "Authentication templates can only be sent to a phone number.")
    if not world.rules.enforce_templates:
        return template
    if template is not None and template.status in NOT_SENDABLE:
        raise errors.coded(*NOT_SENDABLE[template.status])
    if template is None or template.status != "APPROVED":
        raise errors.coded(132001, f"template name ({name}) does not exist in {language}")
    components = message.get("components", [])
    check_match(template.components, components, format=template.parameter_format, category=template.category)
    return template


def _check_files(content: Json, world: World) -> None:
    """Check that the files exist and may be sent so. Raises: GraphError 131009, Later 131053."""
    for type, media in _files(content):
        link = media.get("link")
        if link is not None:
            if link.partition("//")[2].partition("/")[0].partition(":")[0].endswith(UNREACHABLE_TLD):
                raise Later(131053, "Unable to download the media from the link: the host could not be resolved.")
            continue
        file = world.media.find(str(media["id"]), at=world.now())
        if file is None:
            raise errors.coded(131009, f"{type}: media ID {media['id']} does not exist, or is not of this phone number.")
        if not uploads.fits(type, file.mime_type):
            raise Later(131053, f"Unsupported {type} mime type {file.mime_type}.")


def _files(content: Json) -> list[tuple[str, Json]]:
    """Return every file that a message refers to, with the type that it is sent as."""
    type = content["type"]
    if type in uploads.KINDS:
        return [(type, content[type])]
    if type == "interactive":
        header = content["interactive"].get("header") or {}
        kind = header.get("type")
        return [(kind, header[kind])] if kind in uploads.KINDS else []
    if type != "template":
        return []
    parts = content["template"].get("components", [])
    cards = [inner for part in parts for card in part.get("cards", []) for inner in card["components"]]
    given = [parameter for part in (*parts, *cards) for parameter in part.get("parameters", [])]
    return [(parameter["type"], parameter[parameter["type"]]) for parameter in given if parameter["type"] in uploads.KINDS]


def _check_relation(content: Json, template: Template | None, recipient: Recipient, world: World) -> None:
    """Check what holds between the business and this user. Raises: GraphError or Later, 130403, 131026, 131047, 131050."""
    relation = world.relations.find(recipient.user)
    if relation.is_blocked:
        raise _refuse(130403, "The business has blocked this user.", world)
    if relation.has_blocked:
        raise _refuse(131026, "Message Undeliverable.", world)
    if template is not None and template.category == "MARKETING" and relation.has_stopped_marketing:
        raise _refuse(131050, "The recipient has chosen to stop marketing messages from this business.", world)
    if content["type"] != "template" and not relation.has_open_window(world.now()):
        details = "Message failed to send because more than 24 hours have passed since the customer last replied to this number."
        raise _refuse(131047, details, world)


def _check_limits(content: Json, recipient: Recipient, world: World, at: float) -> None:
    """Count the message for the pair and, outside the window, for the portfolio. Raises: GraphError or Later, 131056, 131048."""
    if not world.limits.pairs.take(recipient.user, at):
        raise errors.coded(131056, "Too many messages sent from this phone number to the same recipient in a short period of time.")
    is_on_its_own = content["type"] == "template" and not world.relations.find(recipient.user).has_open_window(world.now())
    if is_on_its_own and not world.limits.portfolio.take(recipient.user, at, limit=world.rules.messaging_limit):
        raise _refuse(131048, "Message failed to send because the messaging limit of the business portfolio has been reached.", world)


def _price(content: Json, template: Template | None, recipient: Recipient, world: World) -> tuple[str, str]:
    """Return category and type of the price: utility is free in an open window, as everything is that is no template."""
    if content["type"] != "template":
        return ("service", "free_customer_service")
    category = "utility" if template is None else template.category.lower()
    is_free = world.rules.enforce_templates and category == "utility" and world.relations.find(recipient.user).has_open_window(world.now())
    return (category, "free_customer_service" if is_free else "regular")
