"""The shelf of files that customers sent and the business uploaded: ids that live for days, urls that live for five minutes."""

import base64
import hashlib
import hmac
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from cloud_api_simulator import files
from cloud_api_simulator.bodies import Json
from cloud_api_simulator.ids import Ids

URL_LIFETIME = timedelta(minutes=5)  # Source: Cloud API media reference; checked 2026-09
INBOUND_LIFETIME = timedelta(days=7)  # Source: Cloud API media reference, media received by webhook; checked 2026-09
UPLOAD_LIFETIME = timedelta(days=30)  # Source: Cloud API media reference, uploaded media; checked 2026-09
ATTACHMENTS_PATH = "/whatsapp_business/attachments/"


@dataclass(frozen=True, kw_only=True, slots=True)
class MediaFile:
    """One file. `upload` holds the bytes of one that the business uploaded, `variant` chooses those of a customer's."""

    id: str
    mime_type: str
    variant: int = 0
    added_at: datetime
    upload: bytes | None = None

    @property
    def content(self) -> bytes:
        """The bytes."""
        return files.content(self.mime_type, self.variant) if self.upload is None else self.upload

    @property
    def lifetime(self) -> timedelta:
        """How long the id is good."""
        return INBOUND_LIFETIME if self.upload is None else UPLOAD_LIFETIME


class MediaShelf:
    """The latest `limit` files. Urls are signed with `url_key`, so that a made-up one is refused."""

    def __init__(self, *, limit: int, limit_bytes: int, ids: Ids, stream: random.Random) -> None:
        self._limit = limit
        self._limit_bytes = limit_bytes
        self._uploaded_bytes = 0
        self._ids = ids
        self._random = stream
        self._url_key = stream.randbytes(32)
        self._files: dict[str, MediaFile] = {}

    def add(self, mime_type: str, *, at: datetime) -> MediaFile:
        """Put a new file of a customer on the shelf, of this type."""
        return self._keep(MediaFile(id=self._ids.media(), mime_type=mime_type, variant=self._random.randrange(files.VARIANTS), added_at=at))

    def upload(self, mime_type: str, content: bytes, *, at: datetime) -> MediaFile:
        """Put a file of the business on the shelf."""
        return self._keep(MediaFile(id=self._ids.media(), mime_type=mime_type, added_at=at, upload=content))

    def delete(self, media_id: str) -> None:
        """Take a file off the shelf, if it is there."""
        file = self._files.pop(media_id, None)
        if file is not None and file.upload is not None:
            self._uploaded_bytes -= len(file.upload)

    def _keep(self, file: MediaFile) -> MediaFile:
        self._files[file.id] = file
        self._uploaded_bytes += len(file.upload or b"")
        while len(self._files) > 1 and (len(self._files) > self._limit or self._uploaded_bytes > self._limit_bytes):
            self.delete(next(iter(self._files)))
        return file

    def find(self, media_id: str, *, at: datetime) -> MediaFile | None:
        """Return a file, or None when the id is unknown or older than its lifetime."""
        file = self._files.get(media_id)
        return None if file is None or at - file.added_at > file.lifetime else file

    def url(self, file: MediaFile, *, base_url: str, at: datetime, source: str) -> str:
        """Return a link that is good for five minutes. `source` is where it was handed out: `webhook` or `getMedia`."""
        expires = int((at + URL_LIFETIME).timestamp())
        query = {"mid": file.id, "source": source, "ext": str(expires), "hash": self._url_hash(file.id, str(expires))}
        return f"{base_url}{ATTACHMENTS_PATH}?{urlencode(query)}"

    def open(self, media_id: str, *, expires: str, url_hash: str, at: datetime) -> MediaFile | None:
        """Return the file behind a link, or None when the link was made up or has expired. `expires` is in Unix seconds."""
        if not hmac.compare_digest(self._url_hash(media_id, expires).encode(), url_hash.encode()) or at.timestamp() > int(expires):
            return None
        return self.find(media_id, at=at)

    def _url_hash(self, media_id: str, expires: str) -> str:
        return "AR" + hmac.new(self._url_key, f"{media_id}.{expires}".encode(), hashlib.sha256).hexdigest()[:32]


def reference(file: MediaFile, *, url: str | None) -> Json:
    """Return the file as a webhook names it: sha256 in base64."""
    link = {} if url is None else {"url": url}
    digest = base64.b64encode(hashlib.sha256(file.content).digest()).decode("ascii")
    return {"mime_type": file.mime_type, "sha256": digest, "id": file.id, **link}


def description(file: MediaFile, *, url: str) -> Json:
    """Return the file as `GET /{media-id}` describes it: sha256 in hex, size in bytes."""
    digest = hashlib.sha256(file.content).hexdigest()
    size = len(file.content)
    return {"messaging_product": "whatsapp", "url": url, "mime_type": file.mime_type, "sha256": digest, "file_size": size, "id": file.id}
