"""Files at the Graph API: where one is, its bytes, and bringing one there.

An id of a file that a customer sent lives for 7 days, of an upload for 30 and for this number only; a link for 5 minutes.
Source: Cloud API reference, "Media"; checked 2026-09.
"""

import secrets
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

import msgspec

from sigma.connectors.whatsapp.client import AnswerLost, NothingSent, Stream, UntrustedHost
from sigma.connectors.whatsapp.errors import INVALID_PARAMETER, TOKEN_INVALID, UNKNOWN_OBJECT, GraphFault
from sigma.connectors.whatsapp.graph_calls import GraphCalls, check_token, is_node_id, with_proof
from sigma.connectors.whatsapp.graph_errors import GraphError, MediaNotFound, refused, unanswered
from sigma.connectors.whatsapp.limits import ContentInvalid
from sigma.connectors.whatsapp.limits_media import MAX_MEDIA_BYTES
from sigma.kit.errors import PlatformUnavailable

_NOT_FOUND_CODES = {INVALID_PARAMETER, UNKNOWN_OBJECT}


class MediaInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A file at Meta. `url` is good for 5 minutes and for this app's token. `sha256` is as Meta wrote it: hex, or base64."""

    id: str
    url: str
    mime_type: str | None = None
    sha256: str | None = None
    size_bytes: int | None = None


class MediaDownload(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is coming in. `chunks` raises PlatformUnavailable when it breaks off or is larger than the platform allows."""

    info: MediaInfo
    chunks: AsyncIterator[bytes]


class MediaCalls(GraphCalls):
    """The calls about files."""

    async def media_info(self, media_id: str, *, phone_number_id: str, token: str, proof: str | None = None) -> MediaInfo:
        """Return where a file is. Raises: MediaNotFound, GraphError."""
        if not (media_id.isascii() and media_id.isalnum()):
            raise MediaNotFound
        try:
            answer = await self.call("GET", media_id, token, params={"phone_number_id": phone_number_id}, proof=proof)
        except GraphError as error:
            if error.platform_code not in _NOT_FOUND_CODES:
                raise
            answer = None
        if answer is None:
            raise MediaNotFound
        url, size = answer.get("url"), answer.get("file_size")
        if not isinstance(url, str):
            raise unanswered("no media object")
        return MediaInfo(
            id=media_id,
            url=url,
            mime_type=_text(answer.get("mime_type")),
            sha256=_text(answer.get("sha256")),
            size_bytes=int(size) if isinstance(size, int) or (isinstance(size, str) and size.isascii() and size.isdigit()) else None,
        )

    @asynccontextmanager
    async def download_media(
        self, media_id: str, *, phone_number_id: str, token: str, proof: str | None = None
    ) -> AsyncIterator[MediaDownload]:
        """Give a file, as it comes. Raises: MediaNotFound, PlatformUnavailable (GraphError, or an untrusted host)."""
        info = await self.media_info(media_id, phone_number_id=phone_number_id, token=token, proof=proof)
        try:
            async with self._transport.download(info.url, token) as stream:
                _check_download(stream)
                yield MediaDownload(info=info, chunks=_capped(stream.chunks))
        except UntrustedHost:
            raise PlatformUnavailable("The Graph API named a media host that is not Meta's; the file was not fetched.") from None
        except (NothingSent, AnswerLost) as fault:
            raise unanswered(str(fault)) from None

    async def upload_media(
        self,
        phone_number_id: str,
        token: str,
        stream: bytes | AsyncIterable[bytes],
        *,
        mime_type: str,
        filename: str,
        size_bytes: int | None = None,
        proof: str | None = None,
    ) -> str:
        """Bring a file to the platform; return its media id. Check it with `limits.check_media` before.

        With `size_bytes` (or bytes) the request has a length, without it is chunked. What the stream raises comes out as it is.
        Raises: ContentInvalid when the stream is not as long as `size_bytes`; GraphError.
        """
        check_token(token)
        if not is_node_id(phone_number_id):
            raise refused(GraphFault(code=INVALID_PARAMETER, subcode=UNKNOWN_OBJECT), is_fault=False)
        form = _Form(stream, mime_type=mime_type, filename=filename, size_bytes=size_bytes)
        path, params = f"{phone_number_id}/media", with_proof(None, proof)
        try:
            reply = await self._transport.upload(path, token, form.body(), headers=form.headers, params=params)
        except (NothingSent, AnswerLost) as fault:
            failure = form.failure or unanswered(str(fault))
        else:
            media_id = self.read(reply, secrets=(token, filename)).get("id")
            if isinstance(media_id, str) and media_id:
                return media_id
            failure = unanswered("no media id")
        raise failure


class _Form:
    """A multipart body around a file that is read while it is sent."""

    def __init__(self, stream: bytes | AsyncIterable[bytes], *, mime_type: str, filename: str, size_bytes: int | None) -> None:
        boundary = f"sigma-{secrets.token_hex(16)}"
        name, type = _header_value(filename) or "file", _header_value(mime_type)
        fields = "".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
            for key, value in (("messaging_product", "whatsapp"), ("type", type))
        )
        file = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: {type}\r\n\r\n'
        self._head, self._tail = f"{fields}{file}".encode(), f"\r\n--{boundary}--\r\n".encode()
        self._stream = stream
        self._size_bytes = len(stream) if isinstance(stream, bytes) else size_bytes
        self.failure: Exception | None = None
        self.headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        if self._size_bytes is not None:
            self.headers["Content-Length"] = str(len(self._head) + self._size_bytes + len(self._tail))

    async def body(self) -> AsyncIterator[bytes]:
        """Yield the parts; remember why if the file cannot be read to its end."""
        yield self._head
        sent = 0
        try:
            async for chunk in _once(self._stream) if isinstance(self._stream, bytes) else self._stream:
                sent += len(chunk)
                yield chunk
            self._check_size(sent)
        except Exception as error:  # whoever reads the file may fail in any way; it is raised again by upload_media
            self.failure = error
            raise
        yield self._tail

    def _check_size(self, sent_bytes: int) -> None:
        if self._size_bytes not in {None, sent_bytes}:
            raise ContentInvalid("The file is not as long as was said.", field=("size",))


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


def _header_value(text: str) -> str:
    """Return a text that cannot end a header's line or its quotes."""
    return "".join(character for character in text if character.isprintable() and character not in '"\\').strip()


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _check_download(stream: Stream) -> None:
    if stream.status == HTTPStatus.NOT_FOUND:
        raise MediaNotFound
    if stream.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise refused(GraphFault(code=TOKEN_INVALID), is_fault=False)
    if stream.status != HTTPStatus.OK:
        raise PlatformUnavailable(f"The platform answered {stream.status} when the file was fetched; try again.")


async def _capped(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    size = 0
    try:
        async for chunk in chunks:
            size += len(chunk)
            if size > MAX_MEDIA_BYTES:
                raise PlatformUnavailable("The file is larger than the platform allows; it was not passed on.")
            yield chunk
    except AnswerLost as fault:
        raise unanswered(str(fault)) from None
