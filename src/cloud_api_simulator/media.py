"""The shelf of files that customers sent: ids that live for days, urls that live for five minutes."""

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
ID_LIFETIME = timedelta(days=7)  # Source: Cloud API media reference, media received by webhook; checked 2026-09
ATTACHMENTS_PATH = "/whatsapp_business/attachments/"


@dataclass(frozen=True, kw_only=True, slots=True)
class MediaFile:
    """One file. `variant` chooses its bytes."""

    id: str
    mime_type: str
    variant: int
    added_at: datetime

    @property
    def content(self) -> bytes:
        """The bytes."""
        return files.content(self.mime_type, self.variant)


class MediaShelf:
    """The latest `limit` files. Urls are signed with `url_key`, so that a made-up one is refused."""

    def __init__(self, *, limit: int, ids: Ids, stream: random.Random) -> None:
        self._limit = limit
        self._ids = ids
        self._random = stream
        self._url_key = stream.randbytes(32)
        self._files: dict[str, MediaFile] = {}

    def add(self, mime_type: str, *, at: datetime) -> MediaFile:
        """Put a new file of this type on the shelf."""
        file = MediaFile(id=self._ids.media(), mime_type=mime_type, variant=self._random.randrange(files.VARIANTS), added_at=at)
        self._files[file.id] = file
        if len(self._files) > self._limit:
            del self._files[next(iter(self._files))]
        return file

    def find(self, media_id: str, *, at: datetime) -> MediaFile | None:
        """Return a file, or None when the id is unknown or older than seven days."""
        file = self._files.get(media_id)
        return None if file is None or at - file.added_at > ID_LIFETIME else file

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
