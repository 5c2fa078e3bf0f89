"""Ids as Meta shapes them, drawn from the seed."""

import base64
import random
import string


def wamid(address: str, hex_id: str, *, is_inbound: bool) -> str:
    """Return a message id. `address` is the customer's phone digits (or BSUID), `hex_id` upper-case hex.

    Source: shape seen in the wild, opaque to everyone but Meta (cloud-api.md 15.3).
    """
    who, what = ((bytes([len(part)]) + part.encode("ascii")) for part in (address, hex_id))
    raw = b"".join((b"\x1c\x18", who, b"\x15\x02\x00", b"\x12" if is_inbound else b"\x11", b"\x18", what, b"\x00"))
    return "wamid." + base64.b64encode(raw).decode("ascii")


class Ids:
    """Draws ids. `stream` is a random source of its own, so that ids do not disturb anything else that is random."""

    def __init__(self, stream: random.Random) -> None:
        self._random = stream

    def inbound(self, address: str) -> str:
        """Return the id of a message that a customer wrote."""
        return wamid(address, f"3A{self._random.getrandbits(72):018X}", is_inbound=True)

    def outbound(self, address: str) -> str:
        """Return the id of a message that the business wrote."""
        return wamid(address, f"{self._random.getrandbits(72):018X}", is_inbound=False)

    def media(self) -> str:
        """Return a media id, sixteen digits."""
        return str(self._random.randint(10**15, 10**16 - 1))

    def trace(self) -> str:
        """Return an `fbtrace_id`."""
        return "A" + "".join(self._random.choices(string.ascii_letters + string.digits + "_-", k=22))

    def challenge(self) -> str:
        """Return a `hub.challenge`, ten digits."""
        return str(self._random.randint(10**9, 10**10 - 1))
