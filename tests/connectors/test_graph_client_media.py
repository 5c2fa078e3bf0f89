"""Files to and from the Graph API: streamed, bounded, and the token only where it belongs."""

import hashlib
import re

import pytest

from sigma.connectors.whatsapp.client import GraphTransport, UntrustedHost
from sigma.connectors.whatsapp.graph import GraphClient, GraphError, MediaNotFound
from sigma.connectors.whatsapp.limits import ContentInvalid
from sigma.kit.errors import PlatformUnavailable
from tests.connectors.graph_server import RESET, GraphServer, answer, everything_said, graph_error, graph_server

TOKEN = "EAA-secret-token-of-a-tenant"
NUMBER = "106540352242922"
CONTENT = b"\x00\xff picture " * 20_000


@pytest.fixture
async def graph():
    async with graph_server() as server:
        yield server


@pytest.fixture
async def client(graph):
    built = GraphClient(graph.url, "v25.0", total_timeout_seconds=5)
    yield built
    await built.close()


async def in_pieces(content: bytes, size: int = 7_000):
    for start in range(0, len(content), size):
        yield content[start : start + size]


def media(graph: GraphServer, **changes):
    return answer(200, {"url": f"{graph.url}/file", "mime_type": "image/png", "sha256": "ab", "file_size": "5", "id": "77", **changes})


async def download(client: GraphClient) -> bytes:
    async with client.download_media("77", phone_number_id=NUMBER, token=TOKEN) as file:
        return b"".join([chunk async for chunk in file.chunks])


@pytest.mark.parametrize("size", [None, len(CONTENT)], ids=["chunked", "with length"])
async def test_an_upload_is_streamed_as_a_form(client: GraphClient, graph: GraphServer, size):
    graph.answers = [answer(200, {"id": "4711"})]
    name = 'in"voi\r\nce ä.pdf'
    stream = in_pieces(CONTENT)
    assert await client.upload_media(NUMBER, TOKEN, stream, mime_type="application/pdf", filename=name, size_bytes=size) == "4711"
    head, body = graph.requests[0]
    assert head.startswith(f"POST /v25.0/{NUMBER}/media HTTP/1.1\r\n")
    assert ("Content-Length: " in head) == (size is not None)
    boundary = re.search(r"boundary=(\S+)", head)[1].encode()
    parts = body.split(b"--" + boundary)
    assert parts[1] == b'\r\nContent-Disposition: form-data; name="messaging_product"\r\n\r\nwhatsapp\r\n'
    assert parts[2] == b'\r\nContent-Disposition: form-data; name="type"\r\n\r\napplication/pdf\r\n'
    file_head, _, file = parts[3].partition(b"\r\n\r\n")
    assert 'filename="invoice ä.pdf"\r\nContent-Type: application/pdf'.encode() in file_head
    assert hashlib.sha256(file.removesuffix(b"\r\n")).digest() == hashlib.sha256(CONTENT).digest()
    assert parts[4] == b"--\r\n"


async def test_bytes_can_be_uploaded_too(client: GraphClient, graph: GraphServer):
    graph.answers = [answer(200, {"id": "4711"})]
    assert await client.upload_media(NUMBER, TOKEN, CONTENT, mime_type="image/png", filename="") == "4711"
    assert b'filename="file"' in graph.requests[0][1]


async def test_a_stream_that_breaks_is_reported_as_what_it_is(client: GraphClient, graph: GraphServer):
    async def broken():
        yield b"x"
        raise LookupError("the disk is gone")

    graph.answers = [answer(200, {"id": "4711"})]
    for size in (None, 5):
        with pytest.raises(LookupError, match="disk"):
            await client.upload_media(NUMBER, TOKEN, broken(), mime_type="image/png", filename="a", size_bytes=size)
    with pytest.raises(ContentInvalid) as refusal:
        await client.upload_media(NUMBER, TOKEN, in_pieces(b"four"), mime_type="image/png", filename="a", size_bytes=5)
    assert refusal.value.field == ("size",)
    assert graph.requests == []


async def test_an_upload_without_an_id_failed(client: GraphClient, graph: GraphServer):
    for body in ({}, {"id": ""}, {"id": 5}):
        graph.answers = [answer(200, body)]
        with pytest.raises(GraphError):
            await client.upload_media(NUMBER, TOKEN, b"x", mime_type="image/png", filename="a")


async def test_a_file_comes_with_what_is_known_of_it(client: GraphClient, graph: GraphServer):
    graph.answers = [media(graph), answer(200, CONTENT)]
    async with client.download_media("77", phone_number_id=NUMBER, token=TOKEN) as file:
        assert b"".join([chunk async for chunk in file.chunks]) == CONTENT
    assert (file.info.mime_type, file.info.sha256, file.info.size_bytes) == ("image/png", "ab", 5)
    assert graph.requests[0][0].startswith(f"GET /v25.0/77?phone_number_id={NUMBER} ")
    assert all(f"Authorization: Bearer {TOKEN}\r\n" in head for head, _ in graph.requests)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/file",
        "https://fbsbx.com.evil.example/file",
        "https://notfbsbx.com/file",
        "http://lookaside.fbsbx.com/file",
        "https://me:pw@lookaside.fbsbx.com/file",
        "https://evil.example\\@lookaside.fbsbx.com/file",
        "https://evil.example#@lookaside.fbsbx.com/file",
        "https://lookaside.fbsbx.com@evil.example/file",
        "http://127.0.0.1:1/file",
        "//lookaside.fbsbx.com/file",
        "file:///etc/passwd",
        "https://[::1/file",
        "",
    ],
)
async def test_the_token_goes_to_no_other_host(client: GraphClient, graph: GraphServer, url):
    graph.answers = [media(graph, url=url)]
    with pytest.raises(PlatformUnavailable, match=r"not Meta's") as failure:
        await download(client)
    assert len(graph.requests) == 1
    assert not any(TOKEN in said or (url and url in said) for said in everything_said(failure.value))


async def test_metas_own_hosts_are_trusted():
    transport = GraphTransport("https://graph.facebook.com", "v25.0")
    for url in ("https://lookaside.fbsbx.com/a?b=1", "https://scontent.xx.fbcdn.net/a", "https://graph.facebook.com/v25.0/a"):
        assert str(transport._trusted(url)) == url
    with pytest.raises(UntrustedHost):
        transport._trusted("http://graph.facebook.com/v25.0/a")


async def test_a_redirect_of_a_file_is_not_followed(client: GraphClient, graph: GraphServer):
    async with graph_server() as elsewhere:
        graph.answers = [media(graph), answer(302, b"", headers={"Location": elsewhere.url})]
        with pytest.raises(PlatformUnavailable, match="302"):
            await download(client)
        assert elsewhere.requests == []


@pytest.mark.parametrize("refusal", [answer(404), answer(404, graph_error(100)), answer(400, graph_error(100, error_subcode=33))])
async def test_a_file_that_is_gone_is_not_found(client: GraphClient, graph: GraphServer, refusal):
    if b"error" in refusal:
        graph.answers = [refusal]
        with pytest.raises(MediaNotFound):
            await download(client)
    graph.answers = [media(graph), refusal]
    with pytest.raises(MediaNotFound if b" 404 " in refusal else PlatformUnavailable):
        await download(client)
    with pytest.raises(MediaNotFound):
        await client.media_info("../77", phone_number_id=NUMBER, token=TOKEN)


@pytest.mark.parametrize(
    "second", [RESET, answer(200, b"half", length=99), answer(500), answer(401, graph_error(190, message=TOKEN)), answer(206, b"x")]
)
async def test_a_download_that_fails_says_so_and_tells_no_secret(client: GraphClient, graph: GraphServer, second):
    graph.answers = [media(graph), second]
    with pytest.raises(PlatformUnavailable) as failure:
        await download(client)
    assert not any(TOKEN in said for said in everything_said(failure.value))


@pytest.mark.parametrize("body", [{}, {"url": 5}, {"url": None}])
async def test_an_answer_that_is_no_media_object_is_a_fault(client: GraphClient, graph: GraphServer, body):
    graph.answers = [answer(200, body)]
    with pytest.raises(GraphError, match="no media object"):
        await download(client)


async def test_a_file_beyond_the_limit_is_cut_off(client: GraphClient, graph: GraphServer, monkeypatch):
    monkeypatch.setattr("sigma.connectors.whatsapp.graph_media.MAX_MEDIA_BYTES", 100_000)
    graph.answers = [media(graph), answer(200, CONTENT)]
    with pytest.raises(PlatformUnavailable, match="larger"):
        await download(client)
