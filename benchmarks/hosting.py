"""How fast one pass serves every tenant: the hosting engine against its own base, its limits and PEFT.

    PODION_DATA=DIR python benchmarks/hosting.py [--quick] [--only PART …] [--runtime NAME] [--json FILE]

64 rows of real length (BANKING77), 42 tenants, each with its own random LoRA and head; every side on the same rows, one
compute thread, in interleaved rounds. Figures are medians of CPU seconds: on a shared machine the clock tells little.
`speedup_*` is the peer's time over ours, `*_over_*` ours over the reference. `--quick` takes about a minute: few
rounds, few adapters, a part of the training rows. Exit code 1: a bound is missed.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

from hosting_bench.accuracy import accuracy_drop
from hosting_bench.fanning import fan_out
from hosting_bench.limits import limits
from hosting_bench.loading import loading
from hosting_bench.memory import memory
from hosting_bench.mixing import ROWS, TENANTS, Setting, against_peft, fraction_of_matmul, int8_speed, mixed_over_base
from hosting_bench.report import Figure, machine, write
from hosting_bench.world import HIDDEN, INNER, LAYERS, RANK, one_thread, texts_of

from podion.settings import load_settings

ROUNDS, QUICK_ROUNDS = 9, 2


def parts(setting: Setting, data: Path | None, *, quick: bool) -> dict[str, Callable[[], list[Figure]]]:
    """Return what is measured, by name, in order."""
    return {
        "mixed": lambda: mixed_over_base(setting),
        "peft": lambda: against_peft(setting),
        "limit": lambda: [fraction_of_matmul(setting)],
        "int8": lambda: [int8_speed(setting)],
        "fan-out": lambda: fan_out(setting),
        "loading": lambda: loading(setting, resident=200 if quick else 5_000, loads=100 if quick else 500),
        "memory": lambda: (
            memory(setting, registered=500, resident=100, requests=1_000)
            if quick
            else memory(setting, registered=10_000, resident=1_000, requests=100_000)
        ),
        "accuracy": lambda: [accuracy_drop(setting, data, rows_a_label=4 if quick else None)],
    }


def main() -> int:
    names = ("mixed", "peft", "limit", "int8", "fan-out", "loading", "memory", "accuracy")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="under a minute; figures are rough")
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    parser.add_argument("--runtime", choices=("fp32", "int8", "bf16"), default="int8", help="what is served")
    parser.add_argument("--base", default="minilm-l6")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--json", type=Path, metavar="FILE")
    asked = parser.parse_args()
    one_thread()
    settings = load_settings()
    rounds = asked.rounds or (QUICK_ROUNDS if asked.quick else ROUNDS)
    about = {
        **machine(),
        "limits": limits(rounds),
        "quick": asked.quick,
        "rounds": rounds,
        "runtime": asked.runtime,
        "shapes": {"rows": ROWS, "tenants": TENANTS, "layers": LAYERS, "hidden": HIDDEN, "inner": INNER, "rank": RANK},
    }
    for name, value in about["limits"].items():
        print(f"{name:<36}{value:>11.4g}  (limit of this machine, one thread)")
    figures: list[Figure] = []
    seconds: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="podion-hosting-") as folder:
        setting = Setting(
            bases=settings.bases,
            base=asked.base,
            runtime=asked.runtime,
            texts=texts_of(settings.data),
            folder=Path(folder),
            rounds=rounds,
        )
        for name, part in parts(setting, settings.data, quick=asked.quick).items():
            if name not in asked.only:
                continue
            begun = time.monotonic()
            for figure in part():
                figures.append(figure)
                print(figure.line(), flush=True)
            seconds[name] = time.monotonic() - begun
    about["seconds"] = seconds
    if asked.json:
        write(asked.json, figures, about)
    return 0 if all(figure.ok for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
