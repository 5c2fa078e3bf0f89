"""Whom a message is for: a phone number or a BSUID, a customer or a stranger."""

import re
from dataclasses import dataclass
from typing import Any

from cloud_api_simulator import errors
from cloud_api_simulator.bodies import Json
from cloud_api_simulator.customers import Customer
from cloud_api_simulator.magic import order_of
from cloud_api_simulator.world import World

PHONE_DIGITS = range(5, 16)
NATIONAL_DIGITS = 9
"""A number with at most this many digits and no plus is taken for one of the business's own country."""
_BSUID = re.compile(r"[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}", re.ASCII)
_PHONE_PUNCTUATION = str.maketrans("", "", "+-() ")


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipient:
    """One addressee. `is_lost` marks a BSUID in `to`: Meta says 200, and nobody ever gets the message."""

    contact: Json
    customer: Customer | None = None
    phone: str | None = None
    is_lost: bool = False

    @property
    def user(self) -> str:
        """The name under which Meta counts this user."""
        return self.customer.key if self.customer else str(self.phone)

    @property
    def address(self) -> str:
        """What stands inside the ids of this user's messages."""
        return self.phone or (self.customer.address if self.customer else "")


def resolve(payload: Json, world: World) -> Recipient:
    """Find out whom a message is for. `to` wins over `recipient`. Raises: GraphError 100, 131009, 131020 or 131021."""
    kind = payload.get("recipient_type", "individual")
    if kind not in {"individual", "group"}:
        raise errors.not_one_of("recipient_type", ("individual", "group"), kind)
    if kind == "group":
        raise errors.coded(131020, "The group does not exist, or the business is not its owner.")
    if payload.get("to"):
        return _by_phone(payload["to"], world)
    if payload.get("recipient"):
        return _by_user_id(payload["recipient"], world)
    raise errors.required("to")


def digits_of(to: Any, world: World) -> str:
    """Return the digits of a phone number as Meta reads it. Raises: GraphError 131009."""
    phone = str(to).translate(_PHONE_PUNCTUATION)
    if not (phone.isascii() and phone.isdigit() and len(phone) in PHONE_DIGITS):
        raise errors.coded(131009, "Parameter 'to' is not a phone number.")
    is_national = "+" not in str(to) and len(phone) <= NATIONAL_DIGITS
    return f"{world.settings.country_code}{phone}" if is_national else phone


def _by_phone(to: Any, world: World) -> Recipient:
    if isinstance(to, str) and _BSUID.fullmatch(to):
        # Meta strips the prefix and takes the rest for a phone number.
        phone = "".join(character for character in to if character.isdigit())
        return Recipient(contact={"input": to, "wa_id": phone}, phone=phone, is_lost=True)
    phone = digits_of(to, world)
    if phone == world.settings.display_phone_number:
        raise errors.coded(131021, "Recipient phone number cannot be the sender's phone number.")
    return Recipient(contact={"input": str(to), "wa_id": phone}, customer=world.find_customer(phone), phone=phone)


def _by_user_id(recipient: Any, world: World) -> Recipient:
    customer = world.find_customer(recipient) if isinstance(recipient, str) and _BSUID.fullmatch(recipient) else None
    if customer is None:
        raise errors.coded(131009, "Parameter 'recipient' is not a user of this business portfolio.")
    return Recipient(contact={"input": recipient, "user_id": customer.user_id}, customer=customer)


def is_reachable(recipient: Recipient, world: World) -> bool:
    """Tell whether a message arrives although no customer has the number."""
    order = order_of(recipient.phone or "")
    return world.rules.strangers_reachable or (order is not None and order.code is None)
