"""Reads `multipart/form-data`, RFC 7578, as far as clients use it: whole bodies in memory, one header block per part."""

from dataclasses import dataclass
from email.message import Message

MAX_PARTS = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One field of a form; `filename` is None for a plain value."""

    name: str
    filename: str | None
    content_type: str | None
    content: bytes

    @property
    def text(self) -> str:
        """The value as text."""
        return self.content.decode("utf-8", "replace")


class BadForm(Exception):
    """The body is no form; the text says why."""


def parse(content_type: str, body: bytes) -> dict[str, Part]:
    """Return the parts by name; of a repeated name the last one. Raises: BadForm."""
    header = Message()
    header["Content-Type"] = content_type
    boundary = header.get_param("boundary")
    if header.get_content_type() != "multipart/form-data" or not isinstance(boundary, str) or not boundary:
        raise BadForm("the content type is not multipart/form-data with a boundary")
    delimiter = b"\r\n--" + boundary.encode("latin-1", "replace")
    chunks = (b"\r\n" + body).split(delimiter)
    if not chunks[-1].startswith(b"--") or len(chunks) > MAX_PARTS:
        raise BadForm("the form has no end, or too many parts")
    parts = (_part(chunk) for chunk in chunks[1:-1])
    return {part.name: part for part in parts}


def _part(chunk: bytes) -> Part:
    head, found, content = chunk.partition(b"\r\n\r\n")
    if not found:
        raise BadForm("a part has no headers")
    headers = Message()
    for line in head.decode("utf-8", "replace").split("\r\n"):
        key, _, value = line.partition(":")
        if key.strip():
            headers[key.strip()] = value.strip()
    name = headers.get_param("name", header="content-disposition")
    if not isinstance(name, str):
        raise BadForm("a part has no name")
    filename = headers.get_param("filename", header="content-disposition")
    content_type = headers.get("Content-Type")
    return Part(name=name, filename=filename if isinstance(filename, str) else None, content_type=content_type, content=content)
