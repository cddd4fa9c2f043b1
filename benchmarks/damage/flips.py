"""Single bits flipped at random in files: each must be noticed, or change no answer."""

import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

from damage.specimens import Installation, Specimen
from podion.errors import PodionError


def flip_many(home: Path, flips: int, seed: int) -> dict[str, Any]:
    """Flip that many bits, one at a time, spread evenly over the kinds of files; return what became of them.

    A flip is `refused` when reading raises one of the product's own errors, `answered` when the answer is right (the
    damage was noticed and put right, or lies where nothing is read), and `wrong` when the answer is another, or when
    something else is raised.
    """
    started = time.monotonic()
    installation = Installation(home)
    draw = Random(seed)
    outcomes: dict[str, Counter[str]] = {}
    wrong: list[str] = []
    try:
        specimens = installation.specimens()
        for number in range(flips):
            specimen = specimens[number % len(specimens)]
            outcome, told = _flip(specimen, draw)
            outcomes.setdefault(specimen.name, Counter())[outcome] += 1
            wrong += [told] if outcome == "wrong" else []
    finally:
        installation.close()
    return {
        "bitflips": flips,
        "bitflips_wrong": len(wrong),
        "bitflip_seconds": round(time.monotonic() - started, 1),
        "bitflip_outcomes": {name: dict(counted) for name, counted in outcomes.items()},
        "bitflip_findings": wrong[:20],
    }


def _flip(specimen: Specimen, draw: Random) -> tuple[str, str]:
    whole = {path: path.read_bytes() for path in specimen.files}
    # Each file is as likely as another: a manifest has fewer bits than tensors, and every one of them counts.
    path = draw.choice(specimen.files)
    bit = draw.randrange(8 * len(whole[path]))
    content = bytearray(whole[path])
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)
    try:
        answer = specimen.read()
    except PodionError as error:
        return "refused", error.detail
    except Exception as error:
        return "wrong", f"{specimen.name}, {path.name}, bit {bit}: {type(error).__name__}: {error}"
    finally:
        _restore(whole)
    right = _among(answer, specimen.right)
    return ("answered", "") if right else ("wrong", f"{specimen.name}, {path.name}, bit {bit}: another answer")


def _among(answer: Any, right: Sequence[Any]) -> bool:
    return any(answer == each for each in right)


def _restore(whole: dict[Path, bytes]) -> None:
    for path, content in whole.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
