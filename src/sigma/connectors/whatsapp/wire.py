"""The shapes of the Cloud API's webhooks as they come over the wire: what SIGMA reads of them, each with a trimmed real example.

Every key is optional, because a key of the wrong type counts as absent (`read`): a broken `context` must not cost the message. What
is required, and what a value means, is said by the parsers. Keys that are not named here are not read. The examples' ids are cut short.

Here are `read`, and what all fields share; messages and statuses are in `wire_messages`, everything else in `wire_fields`.
Source: cloud-api.md 2 to 6 (Meta's webhooks reference, state of September 2026).
"""

from functools import cache
from typing import Any, TypeVar, get_args, get_origin

import msgspec

Id = str | int | None  # Meta writes ids as strings, except template ids; an int is tolerated everywhere
Timestamp = str | int | float | None  # seconds, as a string in messages and statuses, as an int elsewhere; some senders use milliseconds


class Wire(msgspec.Struct, kw_only=True):
    """An object of the wire format. Instances are made by `read`."""


class Error(Wire):
    """`{"code":131051,"title":"Message type unknown","message":"…","error_data":{"details":"…"},"href":"https://…"}`.

    Older messages say `{code, title, details}`; `error_data` may be a plain string.
    """

    code: Id = None
    title: str | None = None
    message: str | None = None
    details: str | None = None
    error_data: dict[str, Any] | str | None = None
    href: str | None = None


class Profile(Wire):
    """`{"name":"Pablo M.","username":"realpablomorales"}`; either may be missing, the username may start with `@`."""

    name: str | None = None
    username: str | None = None


class Contact(Wire):
    """`{"profile":{"name":"Pablo M."},"wa_id":"16505551234","user_id":"US.1349","parent_user_id":"US.ENT.1181"}`."""

    profile: Profile | None = None
    wa_id: Id = None
    user_id: str | None = None
    parent_user_id: str | None = None


class Metadata(Wire):
    """`{"display_phone_number":"15550783881","phone_number_id":"106540352242922"}`."""

    display_phone_number: Id = None
    phone_number_id: Id = None


Shape = TypeVar("Shape", bound=Wire)


class Unusable(ValueError):
    """An item that cannot become an event. The message says why, for people, and never quotes the item."""


def read(value: object, shape: type[Shape]) -> Shape:
    """Return this object in its shape. A key of the wrong type counts as absent, at every level. Raises: Unusable."""
    if not isinstance(value, dict):
        raise Unusable("it is not an object")
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError:
        return _salvage(value, shape)


def _salvage(value: dict[str, Any], shape: type[Shape]) -> Shape:
    fields = _fields(shape)
    present = ((fields[key], item) for key, item in value.items() if key in fields)
    return shape(**{field.name: _salvage_key(item, field.type) for field, item in present})


def _salvage_key(value: Any, expected: Any) -> Any:
    try:
        return msgspec.convert(value, expected)
    except msgspec.ValidationError:
        pass
    if isinstance(value, dict) and (one := _nested_shape(expected)):
        return _salvage(value, one)
    if isinstance(value, list) and (each := _listed_shape(expected)):
        return [_salvage(item, each) for item in value if isinstance(item, dict)]
    return None


@cache
def _fields(shape: type[Wire]) -> dict[str, msgspec.structs.FieldInfo]:
    return {field.encode_name: field for field in msgspec.structs.fields(shape)}


@cache
def _nested_shape(expected: Any) -> type[Wire] | None:
    """Return `Context` for `Context | None`, None for a type that holds no shape of ours."""
    return next((part for part in get_args(expected) if isinstance(part, type) and issubclass(part, Wire)), None)


@cache
def _listed_shape(expected: Any) -> type[Wire] | None:
    """Return `Error` for `list[Error] | None`, None for a type that is no list of a shape of ours."""
    return next((shape for part in get_args(expected) if get_origin(part) is list and (shape := _nested_shape(part))), None)
