import asyncio
import time

import pytest

from sigma.kit.deadlines import within


async def test_result_and_error_of_the_work_come_through() -> None:
    async def fail() -> None:
        raise LookupError("the work's own")

    assert await within(5, asyncio.sleep(0, "done")) == "done"
    with pytest.raises(LookupError, match="own"):
        await within(5, fail())


async def test_work_that_will_not_end_is_left_alone_at_the_deadline() -> None:
    ended = asyncio.Event()

    async def stubborn() -> None:
        try:
            await asyncio.sleep(60)
        finally:  # as psycopg does, which asks the server to give up and waits for its answer
            await asyncio.sleep(0.2)
            ended.set()
            raise LookupError("nobody asks any more")

    started = time.monotonic()
    with pytest.raises(TimeoutError):
        await within(0.05, stubborn())
    assert time.monotonic() - started < 0.15
    async with asyncio.timeout(5):
        await ended.wait()


async def test_cancelling_whoever_waits_cancels_the_work() -> None:
    cancelled = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    waiting = asyncio.create_task(within(30, work()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    async with asyncio.timeout(5):
        await cancelled.wait()
