"""What survives: SIGKILL at random instants while clients write, and single bits flipped in files.

    python benchmarks/durability.py [--quick] [--kills N] [--flips N] [--minutes M] [--seed N] [--json FILE]

Prints a table and one JSON object. `kills` counts SIGKILLs of the supervisor (the rest of its tree dies by itself, or
is killed with it, in turn); `kill_lost` what was acknowledged and is not there, is another, or never ended;
`kill_twice` what happened more than once; `bitflips_wrong` answers that a flipped bit changed. Each must be 0, else the
exit code is 1. "0 of N" bounds the true rate at 3/N (95 %). A power cut is NOT tested: SIGKILL leaves what the kernel
has taken, so it cannot show that a write has reached the disk.
"""

import argparse
import json
import logging
import os
import platform
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from damage.flips import flip_many
from damage.kills import kill_many

SEED = 20261122
KILLS, FLIPS, MINUTES = 200, 1_000, 25.0
QUICK_KILLS, QUICK_FLIPS, QUICK_MINUTES = 6, 100, 0.5


def main(arguments: Sequence[str]) -> int:
    """Measure and print; return 1 when anything was lost, happened twice or was answered wrong."""
    options = _parse(arguments)
    logging.disable(logging.WARNING)  # of damage, which is what we do
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="podion-durability-") as folder:
        result = {
            **kill_many(Path(folder) / "killed", options.kills, options.seed, options.minutes * 60),
            **_flips(Path(folder) / "flipped", options.flips, options.seed),
        }
    result = {**result, **_bounds(result), "seed": options.seed, "machine": _machine()}
    result["seconds"] = round(time.monotonic() - started, 1)
    _print_table(result)
    print(json.dumps(result, ensure_ascii=False))
    if options.json:
        options.json.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 1 if result["kill_lost"] or result["kill_twice"] or result["bitflips_wrong"] else 0


def _flips(home: Path, flips: int, seed: int) -> dict[str, Any]:
    home.mkdir()
    return flip_many(home, flips, seed)


def _bounds(result: Mapping[str, Any]) -> dict[str, Any]:
    """The 95 % upper bound of a rate that was 0 of N is 3/N."""
    shown = {"kill_lost": "kills", "kill_twice": "kills", "bitflips_wrong": "bitflips"}
    return {
        f"{name}_at_most": round(3 / result[of], 4)
        for name, of in shown.items()
        if result[name] == 0 and result[of] > 0
    }


def _print_table(result: Mapping[str, Any]) -> None:
    for name, of in (("kill_lost", "kills"), ("kill_twice", "kills"), ("bitflips_wrong", "bitflips")):
        bound = result.get(f"{name}_at_most")
        told = "" if bound is None else f"   (95 %: at most {bound:.2%})"
        print(f"{name:16} {result[name]:5} of {result[of]:5} {of}{told}")
    print(f"\n{'write':16} {'acknowledged':>12} {'requests':>9} {'replayed':>9}")
    for name, row in result["writes"].items():
        print(f"{name:16} {row['acknowledged']:12} {row['requests']:9} {row['replayed']:9}")
    for title in ("kill_ways", "kills_of_parts", "phases", "in_flight", "runs"):
        print(f"\n{title}: " + ", ".join(f"{name} {count}" for name, count in result[title].items()))
    print(f"\n{'flipped in':16} outcomes")
    for name, counted in result["bitflip_outcomes"].items():
        print(f"{name:16} " + ", ".join(f"{outcome} {count}" for outcome, count in counted.items()))
    for each in (*result["kill_findings"], *result["bitflip_findings"]):
        print(each)
    print()


def _machine() -> dict[str, Any]:
    return {
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[1], 1),
        "python": platform.python_version(),
        "system": platform.platform(),
        "podion": version("podion"),
    }


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a minute: few kills, few flips")
    parser.add_argument("--kills", type=int, help=f"default {KILLS}")
    parser.add_argument("--flips", type=int, help=f"default {FLIPS}")
    parser.add_argument("--minutes", type=float, help=f"no kill begins later, default {MINUTES}")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--json", type=Path, help="write the object here, too")
    options = parser.parse_args(arguments)
    kills, flips, minutes = (QUICK_KILLS, QUICK_FLIPS, QUICK_MINUTES) if options.quick else (KILLS, FLIPS, MINUTES)
    options.kills = kills if options.kills is None else options.kills
    options.flips = flips if options.flips is None else options.flips
    options.minutes = minutes if options.minutes is None else options.minutes
    return options


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
