"""Which files may be uploaded and sent, and how large they may be.

Source: Cloud API media reference; checked 2026-09 (cloud-api.md 11).
"""

from cloud_api_simulator import errors

KB, MB = 1024, 1024 * 1024
_OFFICE = "application/vnd.openxmlformats-officedocument."
KINDS = {
    "audio": ("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg", "audio/opus"),
    "document": (
        *("text/plain", "application/pdf", "application/vnd.ms-powerpoint", "application/msword", "application/vnd.ms-excel"),
        *(f"{_OFFICE}wordprocessingml.document", f"{_OFFICE}presentationml.presentation", f"{_OFFICE}spreadsheetml.sheet"),
    ),
    "image": ("image/jpeg", "image/png"),
    "sticker": ("image/webp",),
    "video": ("video/mp4", "video/3gpp"),
}
MAX_BYTES = {"audio": 16 * MB, "document": 100 * MB, "image": 5 * MB, "sticker": 500 * KB, "video": 16 * MB}
MAX_STATIC_STICKER_BYTES = 100 * KB
MAX_UPLOAD_BYTES = MAX_BYTES["document"]
_KIND_OF = {mime_type: kind for kind, mime_types in KINDS.items() for mime_type in mime_types}


def kind_of(mime_type: str) -> str | None:
    """Return audio, document, image, sticker or video, or None for a type that Meta does not take. Parameters are ignored."""
    return _KIND_OF.get(mime_type.partition(";")[0].strip().lower())


def check_upload(mime_type: str, content: bytes) -> None:
    """Refuse what Meta does not store. Raises: GraphError 100 for the type, 131053 for the size."""
    kind = kind_of(mime_type)
    if kind is None:
        allowed = ", ".join(sorted(_KIND_OF))
        text = f"(#100) Param file must be a file with one of the following types: {allowed}. Received file of type '{mime_type[:100]}'."
        raise errors.GraphError(code=100, message=text)
    if not content:
        raise errors.coded(131053, "The file is empty.")
    is_static = kind == "sticker" and not is_animated(content)
    most = MAX_STATIC_STICKER_BYTES if is_static else MAX_BYTES[kind]
    if len(content) > most:
        raise errors.coded(131053, f"File is too large. Max file size supported for {kind} is {most} bytes, the file has {len(content)}.")


def is_animated(webp: bytes) -> bool:
    """Tell whether a WebP file has the animation flag of its extended header."""
    return webp[12:16] == b"VP8X" and bool(int.from_bytes(webp[20:21], "little") & 0x02)


def fits(type: str, mime_type: str) -> bool:
    """Tell whether a stored file may be sent as a message of this type. Any file may go as a document."""
    return type == "document" or kind_of(mime_type) == type
