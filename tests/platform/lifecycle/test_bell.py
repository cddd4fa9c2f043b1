"""A ring wakes all who wait, is not missed between a look and the wait, and silence ends by itself."""

import asyncio
import time

from podion.lifecycle.bell import Bell


def test_whoever_waits_is_woken_and_whoever_looked_before_the_ring_does_not_wait() -> None:
    async def scene() -> None:
        bell = Bell()
        waiting = [asyncio.create_task(bell.heard_since(bell.rings, 60)) for _ in range(3)]
        await asyncio.sleep(0)
        rings = bell.rings
        bell.ring()
        await asyncio.wait_for(asyncio.gather(*waiting), 5)
        await asyncio.wait_for(bell.heard_since(rings, 60), 5)

    asyncio.run(scene())


def test_silence_ends_the_wait() -> None:
    began = time.monotonic()
    asyncio.run(Bell().heard_since(0, 0.05))
    assert 0.04 < time.monotonic() - began < 5
