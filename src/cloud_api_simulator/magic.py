"""Recipients that order an error: a phone number for each code of Meta's table.

| Number | Does |
|---|---|
| `1555 0000 <six digits of the code>` as in `15550000131047` | the send is refused with this code at once |
| `1555 0001 <six digits of the code>` as in `15550001131026` | the send is accepted, and fails with this code later |
| `1 646 555 <last four digits of the code>` as in `16465551047` | as the first one, for clients that only let real numbering plans pass |
| `1 917 555 <last four digits of the code>` as in `19175551026` | as the second one, likewise |
| `1 718 555 <four digits>` | always reachable: every status, whatever the number |
"""

from typing import NamedTuple

from cloud_api_simulator.error_codes import CODES_BY_TAIL, TITLES

AT_ONCE, LATER = ("15550000", "1646555"), ("15550001", "1917555")
REACHABLE = "1718555"
SHORT_DIGITS, LONG_DIGITS = 11, 14


class Order(NamedTuple):
    """What a magic recipient asks for; `code` is None for a number that is simply reachable."""

    code: int | None
    is_later: bool = False


def order_of(phone: str) -> Order | None:
    """Return what this number asks for, or None for an ordinary one."""
    if len(phone) == LONG_DIGITS and phone.startswith((AT_ONCE[0], LATER[0])):
        code = int(phone[len(AT_ONCE[0]) :])
        return Order(code, is_later=phone.startswith(LATER[0])) if code in TITLES else None
    if len(phone) == SHORT_DIGITS and phone.startswith((AT_ONCE[1], LATER[1])):
        found = CODES_BY_TAIL.get(int(phone[len(AT_ONCE[1]) :]))
        return None if found is None else Order(found, is_later=phone.startswith(LATER[1]))
    if len(phone) == SHORT_DIGITS and phone.startswith(REACHABLE):
        return Order(None)
    return None
