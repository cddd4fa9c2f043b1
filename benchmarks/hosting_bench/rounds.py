"""Interleaved rounds: each side once a round, in turn, in CPU seconds of this process."""

import gc
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any

Side = Callable[[int], object]
"""One side's work of round n."""


@dataclass
class Seconds:
    """A side's rounds: CPU and wall seconds of each."""

    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        """Return the figures in milliseconds."""
        return {
            "cpu_ms": round(median(self.cpu) * 1e3, 3),
            "cpu_ms_least_most": [round(min(self.cpu) * 1e3, 3), round(max(self.cpu) * 1e3, 3)],
            "wall_ms": round(median(self.wall) * 1e3, 3),
        }


def interleaved(sides: Mapping[str, Side], rounds: int, repeats: int = 1) -> dict[str, Seconds]:
    """Return the seconds of each side: `rounds` rounds, the sides in turn; a first round warms and does not count.

    A round is `repeats` calls of a side one after the other, for work that is too short to be measured alone.
    """
    found = {name: Seconds() for name in sides}
    order = list(sides)
    for number in range(rounds + 1):
        for name in order:
            gc.collect()
            cpu, wall = time.process_time(), time.perf_counter()
            for _ in range(repeats):
                sides[name](number)
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
            if number:
                found[name].cpu.append(cpu / repeats)
                found[name].wall.append(wall / repeats)
        order = order[1:] + order[:1]
    return found


def over(one: Seconds, other: Seconds) -> float:
    """Return the median over the rounds of `one`'s CPU seconds over `other`'s."""
    return median(mine / theirs for mine, theirs in zip(one.cpu, other.cpu, strict=True))


def spread(one: Seconds, other: Seconds) -> list[float]:
    """Return the least and the most of the rounds' ratios."""
    ratios = [mine / theirs for mine, theirs in zip(one.cpu, other.cpu, strict=True)]
    return [round(min(ratios), 3), round(max(ratios), 3)]
