"""How fast a number sends, and how fast it writes to one recipient: with a clock of the test's own."""

import math
import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigma.contacts.consent import ConsentPurpose
from sigma.sending.models import Lane
from sigma.sending.rules import (
    MAX_WAIT,
    PAIR_BURST,
    PAIR_INTERVAL_SECONDS,
    NumberPace,
    PairPace,
    gives_up,
    is_refused,
    is_window_open,
    retry_after,
    window_advice,
)

WORKSPACE = UUID(int=1)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def chance(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - jitter that a test can repeat


steps = st.lists(st.tuples(st.floats(0.0, 0.4), st.integers(1, 64), st.integers(0, 40)), min_size=1, max_size=300)
"""(seconds until the next look, how many would like to go, 0: the platform says that it is too much)."""


def most_in_a_second(sent: list[float]) -> int:
    return max((sum(1 for other in sent if at <= other < at + 1.0) for at in sent), default=0)


@given(steps, st.sampled_from([1.0, 3.0, 20.0, 80.0, 1000.0]))
def test_no_second_wherever_it_begins_sees_more_than_the_limit(looks, ceiling):
    pace, now, sent = NumberPace(limit=ceiling, ceiling=ceiling), 1000.0, []
    for wait, wanted, trouble in looks:
        now += wait
        count = min(wanted, pace.available(now))
        pace.take(count)
        sent += [now] * count
        if trouble == 0:
            pace.slow_down(now)
    assert most_in_a_second(sent) <= ceiling


@pytest.mark.parametrize("ceiling", [20.0, 80.0, 1000.0])
def test_a_number_that_always_has_something_to_send_uses_nine_tenths_of_its_limit(ceiling):
    pace, sent = NumberPace(limit=ceiling, ceiling=ceiling), 0
    for look in range(10_000):
        count = pace.available(50.0 + look * 0.001)
        pace.take(count)
        sent += count
    assert ceiling * 9 <= sent <= ceiling * 10


def test_a_number_that_was_too_fast_rests_then_is_slower_and_recovers_within_a_minute():
    pace = NumberPace()
    assert pace.available(10.0) > 0
    pace.slow_down(10.0, seconds=2.0)
    pace.slow_down(10.1, seconds=1.0)  # the other answers of the same moment
    assert pace.available(11.9) == 0
    assert pace.limit == pytest.approx(56.0)
    assert pace.available(12.1) > 0
    pace.available(72.1)
    assert pace.limit == pace.ceiling


def test_a_pair_has_a_burst_and_then_its_interval():
    pace = PairPace()
    now = 5.0
    assert [pace.wait_seconds(WORKSPACE, b"ana", now) for _ in range(PAIR_BURST)] == [0.0] * PAIR_BURST
    assert [pace.wait_seconds(WORKSPACE, b"ana", now) for _ in range(3)] == pytest.approx([6.0, 12.0, 18.0])
    assert pace.wait_seconds(WORKSPACE, b"bo", now) == 0.0
    assert pace.wait_seconds(UUID(int=2), b"ana", now) == 0.0
    assert pace.wait_seconds(WORKSPACE, b"ana", now + 5.9) == pytest.approx(0.1)
    assert pace.wait_seconds(WORKSPACE, b"ana", now + 6.0) == 0.0


def test_after_a_complaint_of_the_platform_a_pair_rests():
    pace = PairPace()
    pace.hold(WORKSPACE, b"ana", 5.0, seconds=4.0)
    assert pace.wait_seconds(WORKSPACE, b"ana", 5.0) == pytest.approx(4.0)
    assert pace.wait_seconds(WORKSPACE, b"ana", 9.01) == 0.0


@given(st.lists(st.floats(0.0, 30.0), min_size=1, max_size=400))
def test_no_pair_ever_gets_more_than_its_burst_and_one_in_six_seconds(waits):
    pace, now, sent = PairPace(), 100.0, []
    for wait in waits:
        now += wait
        if pace.wait_seconds(WORKSPACE, b"ana", now) == 0.0:
            sent.append(now)
    for first in range(len(sent)):
        for last in range(first, len(sent)):
            assert last - first + 1 <= PAIR_BURST + math.floor((sent[last] - sent[first]) / PAIR_INTERVAL_SECONDS + 1e-6)


def test_a_message_that_had_to_wait_goes_at_the_moment_that_it_was_given():
    pace = PairPace()
    waiting = [at for at in (pace.wait_seconds(WORKSPACE, b"ana", 0.0) for _ in range(60)) if at]
    assert [pace.wait_seconds(WORKSPACE, b"ana", at) for at in waiting] == [0.0] * 15


@given(st.integers(0, 20), st.booleans(), st.integers())
def test_waits_grow_with_jitter_and_never_fall_below_the_platforms_hint(failures, pair, seed):
    wait = retry_after(failures, hint=None, pair=pair, chance=chance(seed))
    assert timedelta(seconds=0.8) <= wait <= timedelta(seconds=3600 * 1.2)
    assert retry_after(failures, hint=timedelta(hours=2), pair=pair, chance=chance(seed)) == timedelta(hours=2)


def test_pair_waits_are_powers_of_four():
    waits = [retry_after(failures, hint=None, pair=True, chance=chance(1)).total_seconds() for failures in range(5)]
    for wait, power in zip(waits, (1, 4, 16, 64, 256), strict=True):
        assert power * 0.8 <= wait <= power * 1.2


@pytest.mark.parametrize(
    ("code", "failures", "hours", "expected"),
    [
        (131000, 4, 0, False),
        (131000, 5, 0, True),
        (1, 2, 0, True),
        (131056, 100, 23, False),
        (131056, 1, 25, True),
        (None, 100, 23, False),
        (None, 1, 25, True),
    ],
)
def test_a_fault_is_tried_a_few_times_and_a_limit_is_waited_for_up_to_a_day(code, failures, hours, expected):
    assert gives_up(code, failures, waited=timedelta(hours=hours)) is expected
    assert timedelta(hours=24) == MAX_WAIT


def test_the_window_closes_two_minutes_early_and_says_when():
    assert is_window_open(NOON - timedelta(hours=23, minutes=57), now=NOON)
    assert not is_window_open(NOON - timedelta(hours=23, minutes=59), now=NOON)
    assert not is_window_open(None, now=NOON)
    assert "2026-01-01 12:00 UTC" in window_advice(NOON - timedelta(hours=24))
    assert "template" in window_advice(None)


def test_an_opt_out_of_marketing_stops_bulk_and_one_of_everything_stops_all_that_we_begin():
    assert is_refused({ConsentPurpose.MARKETING}, Lane.BULK)
    assert not is_refused({ConsentPurpose.MARKETING}, Lane.UTILITY)
    assert all(is_refused({ConsentPurpose.ALL}, lane) for lane in Lane)
    assert not is_refused(set(), Lane.BULK)
