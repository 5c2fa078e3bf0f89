"""Ids as Meta shapes them, drawn from the seed."""

import base64
import random
import string
from collections.abc import Callable


def wamid(address: str, hex_id: str, *, is_inbound: bool) -> str:
    """Return a message id. `address` is the customer's phone digits (or BSUID), `hex_id` upper-case hex.

    Source: shape seen in the wild, opaque to everyone but Meta (cloud-api.md 15.3).
    """
    who, what = ((bytes([len(part)]) + part.encode("ascii")) for part in (address, hex_id))
    raw = b"".join((b"\x1c\x18", who, b"\x15\x02\x00", b"\x12" if is_inbound else b"\x11", b"\x18", what, b"\x00"))
    return "wamid." + base64.b64encode(raw).decode("ascii")


class Ids:
    """Draws ids, each sort from a random source of its own, which `stream` makes: a retried handshake does not change a message id."""

    def __init__(self, stream: Callable[[str], random.Random]) -> None:
        self._inbound = stream("inbound")
        self._outbound = stream("outbound")
        self._media = stream("media")
        self._traces = stream("traces")
        self._challenges = stream("challenges")

    def inbound(self, address: str) -> str:
        """Return the id of a message that a customer wrote."""
        return wamid(address, f"3A{self._inbound.getrandbits(72):018X}", is_inbound=True)

    def outbound(self, address: str) -> str:
        """Return the id of a message that the business wrote."""
        return wamid(address, f"{self._outbound.getrandbits(72):018X}", is_inbound=False)

    def media(self) -> str:
        """Return a media id, sixteen digits."""
        return str(self._media.randint(10**15, 10**16 - 1))

    def trace(self) -> str:
        """Return an `fbtrace_id`."""
        return "A" + "".join(self._traces.choices(string.ascii_letters + string.digits + "_-", k=22))

    def challenge(self) -> str:
        """Return a `hub.challenge`, ten digits."""
        return str(self._challenges.randint(10**9, 10**10 - 1))
