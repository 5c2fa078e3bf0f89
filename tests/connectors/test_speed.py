"""What a delivery may cost before it is stored, and after (`make bench`)."""

import json
import os
import time

import pytest

from sigma.connectors.whatsapp.signature import AppSecret, verify_signature
from tests.connectors.webhooks import body_of, message, parse, value, webhook

pytestmark = pytest.mark.bench


def best_microseconds(work, *, times):
    """The best of five rounds: processor time, so that other work on the machine counts little."""
    rounds = []
    for _ in range(5):
        started = time.process_time()
        for _ in range(times):
            work()
        rounds.append((time.process_time() - started) / times * 1e6)
    return min(rounds)


def test_a_signature_of_one_kilobyte_costs_under_three_microseconds():
    raw, secrets = os.urandom(1024), [AppSecret("x" * 32)]
    header = secrets[0].sign(raw)
    assert best_microseconds(lambda: verify_signature(raw, header, secrets), times=20_000) < 3


@pytest.mark.parametrize("name", ["inbound-text", "inbound-image-with-caption", "status-sent-pmp-v24"])
def test_a_typical_body_is_parsed_in_fifteen_microseconds(name):
    raw = json.dumps(body_of(name), separators=(",", ":")).encode()
    assert best_microseconds(lambda: parse(raw), times=5_000) < 15


def test_a_hundred_thousand_items_are_parsed_in_two_seconds():
    raw = webhook(value(messages=[message(id=f"wamid.{index}") for index in range(100_000)]))
    started = time.process_time()
    assert len(parse(raw)) == 100_000
    assert time.process_time() - started < 2
