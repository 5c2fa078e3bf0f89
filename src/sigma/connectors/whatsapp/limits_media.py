"""Which files Meta takes, by kind, type and size: checked when a file is uploaded.

Of a file that is given by link nothing is known before Meta has fetched it; a wrong one comes back as a failed status, 131053.
Source: Cloud API reference, "Supported media types"; checked 2026-09.
"""

from typing import Literal

from sigma.connectors.whatsapp.limits_fields import refuse

MediaKind = Literal["IMAGE", "AUDIO", "VIDEO", "DOCUMENT", "STICKER"]

KIBIBYTE = 1024
MEBIBYTE = 1024 * KIBIBYTE
MAX_MEDIA_BYTES = 100 * MEBIBYTE
"""Of any kind: documents are the largest."""

_OFFICE = "application/vnd.openxmlformats-officedocument."
MIME_TYPES: dict[MediaKind, tuple[str, ...]] = {
    "AUDIO": ("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"),
    "DOCUMENT": (
        "text/plain",
        "application/pdf",
        "application/vnd.ms-powerpoint",
        "application/msword",
        "application/vnd.ms-excel",
        f"{_OFFICE}wordprocessingml.document",
        f"{_OFFICE}presentationml.presentation",
        f"{_OFFICE}spreadsheetml.sheet",
    ),
    "IMAGE": ("image/jpeg", "image/png"),
    "STICKER": ("image/webp",),
    "VIDEO": ("video/mp4", "video/3gpp"),
}
MAX_BYTES: dict[MediaKind, int] = {
    "AUDIO": 16 * MEBIBYTE,
    "DOCUMENT": MAX_MEDIA_BYTES,
    "IMAGE": 5 * MEBIBYTE,
    "STICKER": 500 * KIBIBYTE,  # an animated one; 100 KiB for one that stands still
    "VIDEO": 16 * MEBIBYTE,
}


def kind_of_file(mime_type: str) -> MediaKind | None:
    """Return what a file of this type can be sent as, None when the platform takes no such files. Parameters (`; codecs=`) are ignored."""
    bare = mime_type.partition(";")[0].strip().lower()
    return next((kind for kind, taken in MIME_TYPES.items() if bare in taken), None)


def check_media(kind: MediaKind, *, mime_type: str, size_bytes: int | None = None) -> None:
    """Check a file before it is uploaded. Raises: ContentInvalid with the field `mime_type` or `size`."""
    if mime_type.partition(";")[0].strip().lower() not in MIME_TYPES[kind]:
        refuse(f"WhatsApp does not take this type of file as {kind.lower()}; it takes {', '.join(MIME_TYPES[kind])}.", "mime_type")
    if size_bytes is None:
        return
    if size_bytes == 0:
        refuse("The file is empty.", "size")
    if size_bytes > MAX_BYTES[kind]:
        refuse(f"The file has {size_bytes:,} bytes; as {kind.lower()} {MAX_BYTES[kind]:,} at most are allowed.", "size")
