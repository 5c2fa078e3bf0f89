"""Numbers that must never be seen again: each stands in one place of one body, so that a leak says where it came from."""

import base64
import itertools
from collections.abc import Callable
from typing import Any

from tests.slices.bodies import (
    BO,
    START,
    Someone,
    change,
    echo,
    echoes,
    inbound,
    message,
    number_change,
    preference,
    reaction,
    receipts,
    status,
    text,
    webhook,
)

_numbers = itertools.count(15_557_310_000_117, 7_919)

CANARIES: dict[str, str] = {}
"""Every number that was made, and its place."""


def canary(place: str) -> str:
    """A new number."""
    number = str(next(_numbers))
    CANARIES[number] = place
    return number


def spaced(number: str) -> str:
    return f"+{number[:2]} {number[2:5]} {number[5:8]}-{number[8:]}"


def arabic(number: str) -> str:
    return number.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))


def traces(number: str) -> dict[str, bytes]:
    """How a number may be written."""
    plain = number.encode()
    forms = {"digits": plain, "hex": plain.hex().encode(), "spaced": spaced(number).encode(), "arabic": arabic(number).encode()}
    forms["national"] = plain[2:]
    return forms | {f"base64 from {start}": base64.b64encode(plain[start:])[: (len(plain) - start) // 3 * 4] for start in range(3)}


def leaks(haystack: bytes) -> list[tuple[str, str]]:
    return [(place, form) for number, place in CANARIES.items() for form, trace in traces(number).items() if trace in haystack]


def bodies() -> list[Any]:
    """Every place of a body in which a number may stand, other than what a customer writes."""
    return [*_of_people(), *_named_after_their_numbers(), *_of_the_business(), *_of_other_fields(), *_broken()]


def _of_people() -> list[Any]:
    card = {
        "name": {"formatted_name": spaced(canary("card name")), "first_name": canary("card first name")},
        "phones": [{"phone": spaced(canary("card phone")), "wa_id": canary("card wa_id"), "type": "MAIN"}],
        "vcard": f"BEGIN:VCARD\nTEL:{spaced(canary('vcard'))}\nEND:VCARD",
        "org": {"company": canary("card company")},
    }
    before, after = Someone(name="Cy", phone=canary("old number")), Someone(phone=canary("new number"), user_id="BR.1")
    legacy = {"type": "customer_changed_number", "customer": canary("legacy customer"), "new_wa_id": canary("legacy new number")}
    context = {"from": canary("context"), "id": "wamid.quoted"}
    referral = {"source_id": "1", "phone": canary("referral"), "contact": {"wa_id": canary("referral contact")}}
    listed = Someone(name="A", phone=canary("listed"))
    thread = {"id": canary("thread"), "messages": [text("wamid.10", by=Someone(phone=canary("history")))]}
    return [
        inbound(text("wamid.1", by=Someone(phone=canary("from")), context=context), people=(listed,)),
        inbound(text("wamid.2", by=Someone(phone=spaced(canary("spaced from"))))),
        inbound(message("wamid.3", by=BO, type="contacts", contacts=[card], origin="contact_request")),
        inbound(number_change("wamid.4", before=before, after=after)),
        inbound(message("wamid.5", by=BO, type="system", system={**legacy, "body": canary("sentence")})),
        inbound(reaction("wamid.6", "wamid.1", "👍", by=Someone(phone=canary("reactor")))),
        inbound(message("wamid.7", by=BO, type="unsupported", errors=[_failed()])),
        inbound(text("wamid.8", by=BO, referral=referral)),
        preference("stop", of=Someone(name="P", phone=canary("preference"))),
        webhook(change("history", history=[{"threads": [thread]}])),
    ]


def _named_after_their_numbers() -> list[Any]:
    writings: list[Callable[[str], str]] = [str, lambda number: f"+{number}", spaced, arabic, lambda number: "0" + number[2:]]
    found = []
    for index, write in enumerate(writings):
        number = canary(f"a name, written in way {index}")
        who = Someone(name=write(number), phone=number, username=write(number))
        found.append(inbound(text(f"wamid.named{index}", by=who), people=(who,)))
    return found


def _failed() -> dict[str, Any]:
    sentence = f"Recipient phone number not in allowed list: {spaced(canary('error details'))}"
    return {"code": 131030, "title": "Not in allowed list", "error_data": {"details": sentence}, "message": canary("error message")}


def _of_the_business() -> list[Any]:
    group = {"recipient_type": "group", "recipient_participant_id": canary("group participant"), "recipient_id": "Y2Fw"}
    book = {"full_name": canary("book name"), "first_name": "x", "phone_number": "+" + canary("book number")}
    return [
        echoes(echo("wamid.9", to=Someone(phone=canary("echo to"))) | {"from": canary("echo from")}),
        receipts(status("wamid.9", "sent", to=Someone(phone=canary("recipient"))), status("wamid.9", "failed", to=BO, errors=[_failed()])),
        receipts(status("wamid.9", "delivered") | group, status("wamid.9", f"odd {canary('status word')}")),
        webhook(change("smb_app_state_sync", state_sync=[{"type": "contact", "action": "add", "contact": book}])),
        webhook(change("account_update", number=None, event="ACCOUNT_DELETED", phone_number=canary("account number"))),
        webhook(
            change("security", number=None, display_phone_number=canary("display"), event="PIN_CHANGED", requester=canary("requester"))
        ),
        webhook(change("business_username_update", number=None, display_phone_number=canary("ours"), username="acme", status="approved")),
    ]


def _of_other_fields() -> list[Any]:
    call = {"id": "wacid.1", "from": canary("call from"), "to": canary("call to"), "event": "connect", "direction": "USER_INITIATED"}
    members = [{"wa_id": canary("member"), "input": canary("member input")}]
    listed = dict.fromkeys(("added_participants", "removed_participants", "failed_participants"), members)
    group = {"type": "group_participants_add", "group_id": "Y2Fw", "wa_id": canary("joiner"), "reason": canary("reason")} | listed
    preferred = {"wa_id": canary("wa_id"), "detail": f"User {spaced(canary('detail'))} stopped", "value": "stop", "timestamp": START}
    handover: dict[str, Any] = {
        "type": "control_passed",
        "sender": {"phone_number": canary("handover")},
        "recipient": {"display_phone_number": canary("handover to")},
        "control_passed": {"previous_owner_app_role": "meta_business_agent", "phone": canary("handover detail")},
    }
    return [
        webhook(change("user_preferences", user_preferences=[preferred])),
        webhook(change("calls", calls=[call | {"session": {"sdp": canary("call session")}}])),
        webhook(change("group_participants_update", groups=[group])),
        webhook(change("messaging_handovers", number=None, **handover)),
        webhook(change("a_future_field", number=None, event="x", hello=canary("unknown"), nested={canary("unknown key"): 1})),
        webhook(change(canary("field name"), number=None, event=canary("event name"))),
    ]


def _broken() -> list[Any]:
    actions = [{"action_type": canary("action")}]
    return [
        webhook(change("messages", errors=[_failed()], user_actions=actions, tracking=canary("beside the lists"))),
        inbound(text("wamid.11", by=BO), number="999"),
        inbound({"id": "wamid.12", "timestamp": canary("timestamp"), "phone": canary("nobody")}),
        inbound(canary("no object")),
        {"object": canary("object"), "entry": [canary("entry")]},
        canary("not JSON").encode() + b"}",
    ]
