"""What the product is compared with: one threshold for all airlines, and river's ADWIN in its own environment."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from podion_sentiment_monitor.rules import RuleDraft
from surge_bench.airline import Tweet
from surge_bench.scoring import STEP, Alarm, hourly_sums

RIVER = ("river==0.23.0", "typing_extensions==4.15.0")
COOLDOWN = 3 * 3_600
_SCRIPT = """
import json, sys
from river.drift import ADWIN
asked = json.load(sys.stdin)
told = []
for counts in asked["series"]:
    detector, found, before = ADWIN(delta=asked["delta"], clock=1, min_window_length=6, grace_period=12), [], 0.0
    for place, count in enumerate(counts):
        mean = detector.estimation
        detector.update(count)
        if detector.drift_detected and detector.estimation > mean:
            found.append(place)
    told.append(found)
print(json.dumps(told))
"""


def threshold_alarms(rule: RuleDraft, stream: Sequence[Tweet], airlines: Sequence[str], least: int) -> list[Alarm]:
    """Return alarms where so many negative articles lie in the window, as a plain count of mentions does it."""
    alarms = []
    for airline in airlines:
        first, sums = hourly_sums(stream, airline, rule, articles=True)
        alarms += _cooled([first + place for place, total in enumerate(sums) if total >= least], airline)
    return alarms


def adwin_alarms(
    python: Path, rule: RuleDraft, stream: Sequence[Tweet], airlines: Sequence[str], delta: float
) -> list[Alarm]:
    """Return alarms where ADWIN sees the negative articles in 15 minutes change for more."""
    series, firsts = [], []
    for airline in airlines:
        first, sums = hourly_sums(stream, airline, RuleDraft(**{**rule.model_dump(), "window": "15m"}), articles=True)
        firsts.append(first)
        series.append(sums[2::3])
    asked = json.dumps({"series": series, "delta": delta})
    done = subprocess.run(
        [str(python), "-c", _SCRIPT], input=asked, capture_output=True, text=True, timeout=600, check=True
    )
    alarms = []
    for airline, first, found in zip(airlines, firsts, json.loads(done.stdout), strict=True):
        alarms += _cooled([first + 2 + place * 3 for place in found], airline)
    return alarms


def river_python(folder: Path, *, build: bool) -> Path:
    """Return the Python of an environment with river, built the first time; raises `RuntimeError` that says why not."""
    python = folder / "bin" / "python"
    if _works(python):
        return python
    if not build:
        raise RuntimeError(f"river is not installed in {folder.name}: run without --quick")
    print(f"  installing {RIVER[0]}", file=sys.stderr)
    for command in (
        [sys.executable, "-m", "venv", "--clear", str(folder)],
        [str(folder / "bin" / "pip"), "install", "-q", "--disable-pip-version-check", *RIVER],
    ):
        done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command[:4])} failed: {done.stderr.strip()[-300:]}")
    return python


def _works(python: Path) -> bool:
    if not python.is_file():
        return False
    done = subprocess.run([str(python), "-c", "import river.drift"], capture_output=True, timeout=120, check=False)
    return done.returncode == 0


def _cooled(steps: Sequence[int], airline: str) -> list[Alarm]:
    """Return alarms at the ends of steps, one in three hours, as the product's cooldown has it."""
    told: list[Alarm] = []
    for step in steps:
        at = (step + 1) * STEP
        if not told or at - told[-1].at >= COOLDOWN:
            told.append(Alarm(at, airline))
    return told
