"""Clients that misbehave, or all do the same at once: the others are still answered."""

import http.client
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import pytest

from tests.e2e.sigma_process import Sigma, text_message


def connect(sigma: Sigma) -> socket.socket:
    return socket.create_connection(("127.0.0.1", sigma.port), timeout=10)


def head(sigma: Sigma, length: int) -> bytes:
    path, _, headers = sigma.signed(b"{}")
    lines = [f"POST {path} HTTP/1.1", "Host: sigma", f"Content-Length: {length}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def test_half_bodies_and_half_open_sockets_hold_nobody_up(sigma: Sigma) -> None:
    server = sigma.serve()
    with ExitStack() as stack:
        for number in range(300):
            client = stack.enter_context(closing(connect(sigma)))
            match number % 3:
                case 0:
                    client.sendall(b"POST /webhooks/wha")  # half a head
                case 1:
                    client.sendall(head(sigma, 1000) + b'{"object":')  # half a body
                case 2:
                    pass  # not a word
        for _ in range(100):
            with closing(connect(sigma)) as client:
                client.sendall(head(sigma, 1000) + b'{"object":')  # and goes away
        ids = [f"wamid.{number}" for number in range(100)]
        answers = [sigma.post(text_message(message_id)) for message_id in ids]
        assert {answer.status for answer in answers} == {200}
        assert sorted(answer.seconds for answer in answers)[-2] < 0.5
        assert sigma.http("GET", "/health/ready").status == 200
        sigma.wait_for_messages(*ids)
    assert sigma.sql("SELECT count(*) FROM webhook_events") == [(100,)]
    assert "Traceback" not in server.text()
    assert server.stop() == 0


def test_stop_does_not_wait_for_clients_that_never_finish(sigma: Sigma) -> None:
    server = sigma.serve()
    with closing(connect(sigma)) as silent, closing(connect(sigma)) as half:
        half.sendall(head(sigma, 1000) + b'{"object":')
        assert sigma.post(text_message("wamid.1")).status == 200
        started = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - started < 9
        assert silent.recv(1) == b""
        assert half.recv(1000).startswith(b"HTTP/1.1 408 ")
    assert "Traceback" not in server.text()


@pytest.mark.parametrize("length", [3 * 1024 * 1024 + 1, 12 * 1024 * 1024])
def test_too_large_a_body_gets_its_answer_even_when_the_client_sends_it_all_first(sigma: Sigma, length: int) -> None:
    sigma.serve()
    body = b"x" * length
    assert [sigma.post(body).status for _ in range(10)] == [413] * 10
    with closing(connect(sigma)) as client:
        client.sendall(head(sigma, 10**9))  # a body that nobody has sent yet is refused by its length
        response = http.client.HTTPResponse(client)
        response.begin()
        assert response.status == 413
    assert sigma.post(text_message("wamid.good")).status == 200
    assert sigma.sql("SELECT count(*) FROM webhook_events") == [(1,)]


def test_same_message_from_twenty_connections_at_once_is_one_row(sigma: Sigma) -> None:
    sigma.serve()
    path, body, headers = sigma.signed(text_message("wamid.same"))

    def post_often(_: int) -> list[int]:
        with closing(http.client.HTTPConnection("127.0.0.1", sigma.port, timeout=30)) as connection:
            statuses = []
            for _ in range(10):
                connection.request("POST", path, body, headers)
                response = connection.getresponse()
                response.read()
                statuses.append(response.status)
            return statuses

    with ThreadPoolExecutor(20) as pool:
        assert [status for statuses in pool.map(post_often, range(20)) for status in statuses] == [200] * 200
    sigma.wait_until_projected()
    assert sigma.sql("SELECT count(*) FROM messages") == [(1,)]
    assert sigma.sql("SELECT outcome, count(*)::int FROM webhook_events GROUP BY 1 ORDER BY 1") == [("DUPLICATE", 199), ("STORED", 1)]
    assert sigma.sql("SELECT count(*) FROM contacts") == [(1,)]
    assert sigma.sql("SELECT count(*) FROM conversations") == [(1,)]
