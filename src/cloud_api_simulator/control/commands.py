"""What all control routes share: reading a command, and saying why it cannot be carried out."""

from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from cloud_api_simulator.customers import Customer
from cloud_api_simulator.http import json_response, read_body, simulator_of

Command = TypeVar("Command", bound=msgspec.Struct)


class ControlError(Exception):
    """The command cannot be carried out; the text says why."""


async def explain(_request: Request, error: Exception) -> Response:
    """Turn a ControlError into an answer."""
    return json_response({"error": str(error)}, 422)


async def read_command(request: Request, type: type[Command]) -> Command:
    """Return the command in the body. Raises: ControlError."""
    try:
        return msgspec.json.decode(await read_body(request), type=type)
    except msgspec.MsgspecError as error:
        raise ControlError(str(error)) from error


async def changed(request: Request, before: Command) -> Command:
    """Return a copy of a struct with the values in the body; what is not named stays. Raises: ControlError."""
    try:
        wanted = msgspec.json.decode(await read_body(request), type=dict[str, Any])
        return msgspec.convert({**msgspec.to_builtins(before), **wanted}, type(before))
    except msgspec.MsgspecError as error:
        raise ControlError(str(error)) from error


def customer_named(request: Request, name: str) -> Customer:
    """Return a customer by key, phone or BSUID. Raises: ControlError."""
    customer = simulator_of(request).world.find_customer(name)
    if customer is None:
        raise ControlError("no such customer")
    return customer
