"""How many sends the simulator takes on one core: it must never be what a benchmark of a sender measures."""

import json
import resource
import selectors
import socket
import subprocess
import sys
import time

import pytest

from tests.simulator.stage import PHONE_NUMBER_ID, free_port

SENDS = 10_000
CONNECTIONS = 8
LEAST_PER_SECOND_OF_CPU = 2_000
START_UP_SECONDS = 10
SERVER = """
import asyncio, sys
from cloud_api_simulator import SimulatorSettings, run
settings = SimulatorSettings(latency_seconds=(0, 0), emit_statuses=False, traffic=False, strangers_reachable=True, access_token="T",
    throughput_mps=10**9, messaging_limit_tier="TIER_UNLIMITED")
asyncio.run(run(settings, port=int(sys.argv[1])))
"""


def request(number: int) -> bytes:
    template: dict[str, object] = {"name": "welcome_message", "language": {"code": "en"}}
    template["components"] = [{"type": "body", "parameters": [{"type": "text", "text": "John"}]}]
    payload = {"messaging_product": "whatsapp", "to": f"+4917{number:09d}", "type": "template", "template": template}
    body = json.dumps({**payload, "biz_opaque_callback_data": f"row-{number}"}).encode()
    head = f"POST /v25.0/{PHONE_NUMBER_ID}/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer T\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def connect(port: int) -> socket.socket:
    deadline = time.monotonic() + START_UP_SECONDS
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port))
        except ConnectionRefusedError:
            assert time.monotonic() < deadline, "the simulator did not start"


def pump(port: int) -> None:
    """Send everything over a few connections, one request at a time on each."""
    requests = iter([request(number) for number in range(SENDS)])
    answered = 0
    with selectors.DefaultSelector() as selector:
        for _ in range(CONNECTIONS):
            connection = connect(port)
            selector.register(connection, selectors.EVENT_READ, connection)
            connection.sendall(next(requests))
        while answered < SENDS:
            for key, _ in selector.select(START_UP_SECONDS):
                received = key.data.recv(65536)
                assert b"HTTP/1.1" not in received or b" 200 OK" in received, received
                if received.endswith(b"}"):
                    answered += 1
                    key.data.sendall(next(requests, b""))
        for key in list(selector.get_map().values()):
            key.data.close()


@pytest.mark.bench
def test_a_core_takes_thousands_of_sends_a_second():
    port, before = free_port(), resource.getrusage(resource.RUSAGE_CHILDREN)
    with subprocess.Popen([sys.executable, "-c", SERVER, str(port)]) as server:
        connect(port).close()
        began = time.monotonic()
        pump(port)
        seconds = time.monotonic() - began
        server.terminate()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"\n{SENDS / seconds:,.0f} sends/s by the clock, {SENDS / cpu:,.0f} per second of CPU, start-up included")  # noqa: T201  # a benchmark shows its result
    assert SENDS / cpu > LEAST_PER_SECOND_OF_CPU
