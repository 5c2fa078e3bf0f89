"""The Graph API, as far as receiving needs it: where a media file is, and its bytes.

The access token goes to the Graph API and to Meta's own media hosts, and nowhere else; redirects are not followed.
Source: Cloud API reference, "Media"; checked 2026-09.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import httpx2

from sigma.kit.errors import NotFound, PlatformUnavailable

MEDIA_HOSTS = ("fbsbx.com", "fbcdn.net")
MAX_MEDIA_BYTES = 100 * 1024 * 1024
"""Source: Cloud API reference, "Supported media types": documents are the largest with 100 MB; checked 2026-09."""

_TIMEOUT = httpx2.Timeout(10.0, read=30.0)
_NOT_FOUND_CODES = {100, 33}


class MediaNotFound(NotFound):
    """The platform does not have this file any more: it keeps what customers send for 7 days."""

    code = "MEDIA_NOT_FOUND"


class GraphClient:
    """One connection pool to the Graph API. `close` it."""

    def __init__(self, base_url: str, version: str) -> None:
        self._base_url = f"{base_url.rstrip('/')}/{version}"
        self._host = urlsplit(base_url).netloc
        self._http = httpx2.AsyncClient(timeout=_TIMEOUT, follow_redirects=False, trust_env=False)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    @asynccontextmanager
    async def download_media(self, media_id: str, *, phone_number_id: str, access_token: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """Give the bytes of a media file, as they come. Raises: MediaNotFound, PlatformUnavailable."""
        headers = {"Authorization": f"Bearer {access_token}"}
        try:
            url = await self._media_url(media_id, phone_number_id, headers)
            async with self._http.stream("GET", url, headers=headers) as response:
                if response.status_code == httpx2.codes.NOT_FOUND:
                    raise MediaNotFound
                if response.status_code != httpx2.codes.OK:
                    raise PlatformUnavailable(f"The platform answered {response.status_code} when the file was fetched; try again.")
                yield _capped(response.aiter_bytes())
        except httpx2.TransportError as error:
            raise PlatformUnavailable(f"The Graph API could not be reached ({type(error).__name__}); try again.") from error

    async def _media_url(self, media_id: str, phone_number_id: str, headers: dict[str, str]) -> str:
        if not media_id.isalnum():
            raise MediaNotFound
        response = await self._http.get(f"{self._base_url}/{media_id}", params={"phone_number_id": phone_number_id}, headers=headers)
        if response.status_code != httpx2.codes.OK:
            raise _refusal(response)
        try:
            url = str(response.json()["url"])
        except (ValueError, KeyError, TypeError) as error:
            raise PlatformUnavailable("The Graph API answered something that is no media object; try again.") from error
        target = urlsplit(url)
        host = target.hostname or ""
        is_metas = target.scheme == "https" and any(host == known or host.endswith(f".{known}") for known in MEDIA_HOSTS)
        if not is_metas and target.netloc != self._host:
            raise PlatformUnavailable("The Graph API named a media host that is not Meta's; the file was not fetched.")
        return url


def _refusal(response: httpx2.Response) -> MediaNotFound | PlatformUnavailable:
    """Return what a refused look-up means, from the code of its error."""
    try:
        code = response.json()["error"]["code"]
    except (ValueError, KeyError, TypeError):
        code = None
    if response.status_code == httpx2.codes.NOT_FOUND or code in _NOT_FOUND_CODES:
        return MediaNotFound()
    advice = "check the access token of this tenant" if response.status_code in {401, 403} else "try again"
    return PlatformUnavailable(f"The Graph API refused the media request (HTTP {response.status_code}, code {code}); {advice}.")


async def _capped(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > MAX_MEDIA_BYTES:
            raise PlatformUnavailable("The file is larger than the platform allows; it was not passed on.")
        yield chunk
