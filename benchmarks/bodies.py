"""Requests to send, made and signed before anything is measured: unique, of 700 to 1,200 bytes, in one file that the generator maps."""

import hashlib
import hmac
import json
import random
import time
from array import array
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

APP_SECRET = "the-app-secret-of-the-benchmark"  # noqa: S105 - it signs made-up bodies
VERIFY_TOKEN = "the-verify-token-of-the-benchmark"  # noqa: S105
PHONE_NUMBER_ID = "106540352242922"
SENDERS = 10_000
SMALLEST_BYTES, LARGEST_BYTES = 700, 1_200
RECEIPT_BLOCK = 1_000
MESSAGE = 0
MIXED_SIZES = (MESSAGE, 1, 1, MESSAGE, 1, 2, MESSAGE, 1, 1, MESSAGE, 1, 5, MESSAGE, 1, 1)
"""How many receipts stand in each POST of mixed traffic: three receipts for each message, one POST in fifteen holds five."""
_WORDS = (
    "bom dia",
    "guten Tag",
    "good morning",
    "नमस्ते",
    "注文",
    "pedido",
    "parcel",
    "wie viel",
    "quanto custa",
    "🙂",
    "obrigado",
    "thanks",
)
_STATUSES = ("sent", "delivered", "read")
_PRICING = {"billable": True, "pricing_model": "PMP", "type": "regular", "category": "utility"}


def write_requests(file: Path, bodies: Iterable[bytes], path: str) -> int:
    """Write one signed HTTP request for each body, and beside it the offsets. Returns how many there are."""
    key = hmac.new(APP_SECRET.encode(), digestmod=hashlib.sha256)
    offsets = array("Q", [0])
    with file.open("wb") as out:
        for body in bodies:
            signature = key.copy()
            signature.update(body)
            out.write(
                b"POST %b HTTP/1.1\r\nHost: sigma.bench\r\nUser-Agent: facebookexternalua\r\nAccept: */*\r\nContent-Type: application/json\r\n"
                b"X-Hub-Signature-256: sha256=%b\r\nContent-Length: %d\r\n\r\n%b"
                % (path.encode(), signature.hexdigest().encode(), len(body), body)
            )
            offsets.append(out.tell())
    _offsets_of(file).write_bytes(offsets.tobytes())
    return len(offsets) - 1


def write_one_request(file: Path, request: bytes) -> None:
    """Write a file of one request, to be sent again and again."""
    file.write_bytes(request)
    _offsets_of(file).write_bytes(array("Q", [0, len(request)]).tobytes())


def read_offsets(file: Path) -> "array[int]":
    """Return where each request of a file begins, and where the last one ends."""
    offsets = array("Q")
    offsets.frombytes(_offsets_of(file).read_bytes())
    return offsets


def _offsets_of(file: Path) -> Path:
    return file.with_suffix(".offsets")


def messages(count: int, *, run: str) -> Iterator[bytes]:
    """Yield text messages of many senders; `run` makes their ids unique among all runs."""
    chance = random.Random(run)  # noqa: S311 - the same traffic every time
    for number in range(count):
        yield _message(chance, f"{run}{number:08d}")


def outbound_id(number: int) -> str:
    """Return the platform's id of the outbound message that receipts are about."""
    return f"wamid.HBgLNTUxMTk5OTk5OTk5VQIAERgS{number:012d}AA=="


def receipts(count: int, *, first: int = 0) -> Iterator[bytes]:
    """Yield receipts `first`, `first + 1`, …, each in a POST of its own."""
    for number in range(first, first + count):
        yield _receipts([number])


def mixed(count: int, *, run: str, first: int = 0) -> Iterator[bytes]:
    """Yield POSTs of three receipts for each message; receipts are counted from `first`."""
    chance = random.Random(run)  # noqa: S311 - the same traffic every time
    for number in range(count):
        size = MIXED_SIZES[number % len(MIXED_SIZES)]
        if size == MESSAGE:
            yield _message(chance, f"{run}{number:08d}")
        else:
            yield _receipts(range(first, first + size))
            first += size


def _receipts(numbers: Sequence[int]) -> bytes:
    """Return a POST of these receipts. Outbound messages are sent, then delivered, then read, in blocks of `RECEIPT_BLOCK` messages."""
    steps = [divmod(number, 3 * RECEIPT_BLOCK) for number in numbers]
    told = [(block * RECEIPT_BLOCK + rest % RECEIPT_BLOCK, _STATUSES[rest // RECEIPT_BLOCK]) for block, rest in steps]
    return _webhook({"contacts": [_contact(message) for message, _ in told], "statuses": [_status(*each) for each in told]})


def _message(chance: random.Random, unique: str) -> bytes:
    sender = chance.randrange(SENDERS)
    number = _phone(sender)
    message = {"from": number, "from_user_id": _user_id(sender), "id": f"wamid.HBgNNTUxMTk{unique}QVAgASGBQzQTE1MzgxMkFFNUZFQTBCNzNBMAA="}
    text = " ".join(chance.choices(_WORDS, k=20))
    message |= {"timestamp": str(int(time.time())), "type": "text"}
    body = _webhook({"contacts": [_contact(sender)], "messages": [message | {"text": {"body": text}}]})
    missing = chance.randint(SMALLEST_BYTES, LARGEST_BYTES) - len(body)
    return body if missing <= 0 else body.replace(text.encode(), text.encode() + b"." * missing)


def _status(message: int, status: str) -> dict[str, Any]:
    told = {"id": outbound_id(message), "status": status, "timestamp": str(int(time.time())), "recipient_id": _phone(message)}
    return told | {"recipient_user_id": _user_id(message)} | ({} if status == "read" else {"pricing": _PRICING})


def _contact(sender: int) -> dict[str, Any]:
    return {"profile": {"name": f"Sheena Nelson {sender % SENDERS}"}, "wa_id": _phone(sender), "user_id": _user_id(sender)}


def _phone(sender: int) -> str:
    return f"55119{sender % SENDERS:08d}"


def _user_id(sender: int) -> str:
    return f"BR.1349120865530{sender % SENDERS:07d}"


def _webhook(content: dict[str, Any]) -> bytes:
    metadata = {"display_phone_number": "15550783881", "phone_number_id": PHONE_NUMBER_ID}
    change = {"value": {"messaging_product": "whatsapp", "metadata": metadata, **content}, "field": "messages"}
    whole = {"object": "whatsapp_business_account", "entry": [{"id": "102290129340398", "changes": [change]}]}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()
