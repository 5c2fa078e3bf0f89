"""Waiting no longer than one can."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def within(seconds: float, work: Coroutine[Any, Any, T]) -> T:
    """Return the result of the work. Raises: TimeoutError when it takes longer, and that at once, even if the work ends late.

    Unlike `asyncio.timeout` it does not wait for a cancelled work's end: psycopg asks a server that hangs for ten seconds to give up.
    """
    task = asyncio.create_task(work)
    try:
        await asyncio.wait({task}, timeout=seconds)
        if task.done():
            return task.result()
        raise TimeoutError
    finally:
        if not task.done():
            task.add_done_callback(_forget)
            task.cancel()


def _forget(task: "asyncio.Task[Any]") -> None:
    """Nobody asks for this result any more; an error that nobody fetches would be logged."""
    if not task.cancelled():
        task.exception()
