"""The small objects that several kinds of message share: a file and a place."""

from typing import Any

from sigma.connectors.outbound import LocationContent, MediaRef

Json = dict[str, Any]


def media_object(kind: str, media: MediaRef) -> Json:
    """Return `{id}` or `{link}`; only a document has a name. `kind` is ours, such as `DOCUMENT`."""
    carried: Json = {"id": media.id} if media.id else {"link": media.link}
    if media.filename and kind == "DOCUMENT":
        carried["filename"] = media.filename
    return carried


def location_object(location: LocationContent) -> Json:
    """Return `{latitude, longitude, name?, address?}`."""
    carried: Json = {"latitude": location.latitude, "longitude": location.longitude}
    if location.name:
        carried["name"] = location.name
    if location.address:
        carried["address"] = location.address
    return carried
