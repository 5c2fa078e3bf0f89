"""Checks of single values, each naming its field; and the error that all of `limits` raises.

A field's path is made of the names in `sigma.connectors.outbound` and of indices, from the content down: `("buttons", "0", "title")`.
Lengths are counted in Unicode code points, as Meta does not say otherwise.
"""

import math
from typing import Any, NoReturn
from urllib.parse import urlsplit

import msgspec

from sigma.connectors.outbound import LocationContent, MediaRef
from sigma.kit.errors import InvalidInput

Field = tuple[str, ...]

MAX_LATITUDE, MAX_LONGITUDE = 90.0, 180.0  # degrees


class ContentInvalid(InvalidInput):
    """The message breaks a rule of the platform, so it was not sent."""

    code = "CONTENT_INVALID"


def refuse(sentence: str, *field: str) -> NoReturn:
    """Raise: ContentInvalid, always."""
    raise ContentInvalid(sentence, field=field)


def check_text(value: str, *field: str, noun: str, most: int) -> None:
    """Check a text that must be there and has a greatest length. `noun` begins the sentence, such as `The footer`."""
    if not value.strip():
        refuse(f"{noun} is empty; give it a text.", *field)
    if len(value) > most:
        refuse(f"{noun} has {len(value):,} characters; shorten it to {most:,} at most.", *field)
    if "\0" in value:
        refuse(f"{noun} holds a NUL character; take it out.", *field)
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        refuse(f"{noun} holds half of a character (a lone surrogate); send whole characters.", *field)


def check_optional_text(value: str | None, *field: str, noun: str, most: int) -> None:
    """Check a text that may be absent, but not blank."""
    if value is not None:
        check_text(value, *field, noun=noun, most=most)


def check_unique(values: list[str], *fields: Field, noun: str) -> None:
    """Check that no two values are equal; `fields[i]` is where `values[i]` stands."""
    seen: set[str] = set()
    for value, field in zip(values, fields, strict=True):
        if value in seen:
            refuse(f"{noun} occurs twice; give each its own.", *field)
        seen.add(value)


def check_count(count: int, *field: str, noun: str, most: int) -> None:
    """Check that there are 1 to `most` of something. `noun` is the plural, such as `buttons`."""
    if count == 0:
        refuse(f"There are no {noun}; at least one is needed.", *field)
    if count > most:
        refuse(f"There are {count:,} {noun}; {most:,} at most are allowed.", *field)


def check_link(link: str, *field: str, schemes: tuple[str, ...] = ("https",)) -> None:
    """Check a web address by its shape alone: whether it may be fetched, and what is there, is decided elsewhere."""
    try:
        parts = urlsplit(link)
        host = parts.hostname
        parts.port  # noqa: B018 - reading it checks it
    except ValueError:
        parts, host = urlsplit(""), None
    has_space = any(character.isspace() or not character.isprintable() for character in link)
    if parts.scheme not in schemes or not host or has_space or "\\" in link:
        refuse(f"This is no web address that can be used; write one that begins with {schemes[0]}://.", *field)
    if parts.username is not None:
        refuse("A web address must not carry a user name or a password.", *field)


def check_media_ref(media: MediaRef, *field: str) -> None:
    """Check that a file is named by exactly one of media id and https link."""
    if (media.id is None) == (media.link is None):
        refuse("Name the file either by the media id of an upload or by a link, not by both or neither.", *field)
    if media.id is not None and not (media.id.isascii() and media.id.isalnum()):
        refuse("This is no media id; use the one that the upload returned.", *field, "id")
    if media.link is not None:
        check_link(media.link, *field, "link")


def check_location(content: LocationContent, *field: str) -> None:
    """Check that the coordinates are a place on the earth."""
    for name, value, most in (("latitude", content.latitude, MAX_LATITUDE), ("longitude", content.longitude, MAX_LONGITUDE)):
        if not math.isfinite(value) or abs(value) > most:
            refuse(f"The {name} must lie between -{most:.0f} and {most:.0f} degrees.", *field, name)


def check_json(value: Any, *field: str) -> None:
    """Check that a value of the caller's own making can be sent as JSON."""
    try:
        msgspec.json.encode(value)
    except (TypeError, ValueError, RecursionError):  # a lone surrogate is a ValueError too
        is_json = False
    else:
        is_json = True
    if not is_json:
        refuse("This holds something that cannot be written as JSON.", *field)
