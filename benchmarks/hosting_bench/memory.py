"""Memory of many adapters, in a process of its own: `python -m hosting_bench.memory REQUEST` (JSON) prints JSON."""

import ctypes
import gc
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from random import Random
from typing import Any

from podion.hosting.bases import find_base

from .mixing import Setting
from .ours import Ours
from .report import Figure
from .world import Shape, linked, one_thread, tensor_bytes, write_many

_DISTINCT = 64
_WARM = 8
_BATCH = 100
_STATE_BYTES = 4 << 20
"""A small cache of states, full before the requests are counted: what grows is then the adapters' doing."""

_TEXTS = ("hi", "yes", "no", "ok", "why", "card", "help", "thanks")


def memory(setting: Setting, *, registered: int, resident: int, requests: int) -> list[Figure]:
    """Return what resident adapters take over their bytes, and how memory grows when all are asked again and again."""
    asked = {
        "bases": str(setting.bases),
        "base": setting.base,
        "runtime": setting.runtime,
        "registered": registered,
        "resident": resident,
        "requests": requests,
    }
    done = subprocess.run(
        [sys.executable, "-m", "hosting_bench.memory", json.dumps(asked)],
        cwd=Path(__file__).resolve().parents[1],
        check=True,
        capture_output=True,
        text=True,
    )
    found = json.loads(done.stdout.splitlines()[-1])
    return [
        Figure("adapters_rss_over_bytes", found["added"] / found["bytes"], most=1.15, behind=found | asked),
        Figure("adapters_rss_growth", found["after"] / found["before"], most=1.05, behind=found | asked),
    ]


def resident_bytes() -> int:
    """Return this process's resident memory, once what is free has gone back to the system."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def measure(asked: dict[str, Any], folder: Path) -> dict[str, float]:
    """Return bytes of memory: added by the resident adapters, before the requests and after them."""
    one_thread()
    base = find_base(asked["base"], Path(asked["bases"])).computed_by(asked["runtime"])
    adapters = write_many(folder / "made", base, _DISTINCT, Shape())
    links = linked(folder / "links", adapters, asked["registered"])
    first, others = links[_WARM : _WARM + asked["resident"]], links[:_WARM]
    budget = sum(map(tensor_bytes, [*first, *others]))
    ours = Ours(Path(asked["bases"]), asked["base"], asked["runtime"], state_bytes=_STATE_BYTES, adapter_bytes=budget)
    # what any first pass and any first load need stays out of the account
    ours.answer(list(zip(others, _TEXTS, strict=True)))
    start = resident_bytes()
    for adapter in first:
        ours.load(adapter)
    added, loaded = resident_bytes() - start, ours.resident()[0]
    random = Random(0)

    def ask(count: int) -> None:
        for _ in range(count // _BATCH):
            ours.answer([(links[random.randrange(len(links))], random.choice(_TEXTS)) for _ in range(_BATCH)])

    ask(max(1_000, asked["requests"] // 10))
    before = resident_bytes()
    ask(asked["requests"])
    count, own = ours.resident()
    return {
        "added": added,
        "bytes": sum(map(tensor_bytes, first)),
        "loaded": loaded,
        "before": before,
        "after": resident_bytes(),
        "resident_at_the_end": count,
        "bytes_at_the_end": own,
        "loads": ours.loads,
    }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="podion-memory-") as made:
        print(json.dumps(measure(json.loads(sys.argv[1]), Path(made))))
