"""How well surges and near-duplicates are found, against simpler ways, and how fast from an article to its alert.

    PODION_DATA=DIR python benchmarks/surge.py [--quick] [--json FILE] [--only detection duplicates load] [--seeds …]

detection
    Dated tweets about airlines. `weeks`: six weeks made of the file's days in random order (the four airlines that are
    there from the first day), bursts put into the last two; `week`: the file as it is, bursts put into its last four
    days, after three to four days of history. Bursts have three sizes (5, 8 and 14 times the airline's mean negative
    stories an hour, 12 at least, within one to two hours), every second with 20 reposts a story; 10 crowds of 300
    reposts of a single story are no bursts, and an alarm at one is false. In `week`, what truly happened (a winter
    storm on 21 and 22 February 2015) is unlabelled and counts as false as well. The defaults were chosen on `weeks` of
    the seeds 301 to 312 (`--seeds`), the threshold and ADWIN's delta on 101 and 102; 11 and 12 are reported. Targets
    hold for `weeks`: recall 0.9, 0.5 false alerts a week and topic, median delay 2 windows (of 1 hour).
duplicates
    Pair-F1 over generated copies (cut, marked as reposts, touched up; English and Chinese) and twins with other facts.
    The grey zone is decided by the embeddings of the base, as it is live. Target: 0.95.
load
    1,000 articles a minute for two minutes (30 s with --quick) at a server on loopback, two trained heads read each;
    every 7 s a burst tips a rule. Target: alerts within 5 s of the request that carries the tipping article.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from surge_bench.airline import DAY, Tweet, tweets, weeks_of_days
from surge_bench.bursts import Burst, inject
from surge_bench.duplicates import COMPANIES, copies, pair_f1
from surge_bench.fixed import adwin_alarms, river_python, threshold_alarms
from surge_bench.load import measure
from surge_bench.scoring import Alarm, Score, product_alarms, score

from podion_sentiment_monitor.config import MonitorSettings
from podion_sentiment_monitor.entities import Entity, Spotter
from podion_sentiment_monitor.likeness import Verdict
from podion_sentiment_monitor.rules import RuleDraft
from podion_sentiment_monitor.stories import Known, assigned, draft, likely, pairings

AIRLINES = ("United", "Delta", "Southwest", "Virgin America")
RULE = RuleDraft(name="surge", over="topic")
SEEDS, TUNING_SEEDS = (11, 12), (101, 102)
THRESHOLDS = (20, 30, 45, 60, 90, 130, 200)
DELTAS = (0.2, 0.02, 0.002, 1e-4, 1e-6, 1e-10)
BENCH = Path(__file__).resolve().parent.parent / ".bench"
Detector = Callable[[Sequence[Tweet], int, int], list[Alarm]]
Stream = tuple[list[Tweet], list[Burst], int, int]


def streams(rows: Sequence[Tweet], kind: str, seeds: Sequence[int]) -> list[Stream]:
    """Return streams with bursts: tweets, bursts, and from when to when alarms are judged."""
    made = []
    for seed in seeds:
        if kind == "weeks":
            base = weeks_of_days(rows, 42, seed, frozenset({"American"}))
            since = base[0].at // DAY * DAY + 28 * DAY
        else:
            base = list(rows)
            since = base[0].at // DAY * DAY + 4 * DAY
        until = base[-1].at
        told, bursts = inject(base, seed, since=since, until=until, airlines=AIRLINES, crowds=10)
        made.append((told, bursts, since, until))
    return made


def judged(detector: Detector, made: Sequence[Stream]) -> Score:
    return scored([detector(told, since, until) for told, _, since, until in made], made)


def scored(alarms: Sequence[Sequence[Alarm]], made: Sequence[Stream]) -> Score:
    """Return the score over all streams of the alarms in each."""
    scores = [
        score(heard, bursts, since=since, until=until, airlines=AIRLINES, window=3_600)
        for heard, (_, bursts, since, until) in zip(alarms, made, strict=True)
    ]
    total = scores[0]
    for each in scores[1:]:
        total = total.plus(each)
    return total


def best(make: Callable[[float], Detector], choices: Sequence[float], made: Sequence[Stream]) -> float:
    """Return the choice that finds most among those with few false alarms; with none, the best balance."""
    found = {choice: judged(make(choice), made) for choice in choices}
    calm = [choice for choice in choices if found[choice].false_rate <= 0.5]
    if calm:
        return max(calm, key=lambda choice: found[choice].recall)
    return max(choices, key=lambda choice: found[choice].recall - 0.1 * found[choice].false_rate)


def detection(data: Path, *, quick: bool, seeds: Sequence[int]) -> dict[str, Any]:
    rows = tweets(data)
    seeds, tuning = (seeds[:1], TUNING_SEEDS[:1]) if quick else (seeds, TUNING_SEEDS)
    tuned = streams(rows, "weeks", tuning)

    def product(told: Sequence[Tweet], since: int, until: int) -> list[Alarm]:
        return product_alarms(RULE, told, since=since, until=until)

    def threshold(least: float) -> Detector:
        return lambda told, since, until: threshold_alarms(RULE, told, AIRLINES, int(least))

    detectors: dict[str, Detector] = {"product": product}
    least = best(threshold, THRESHOLDS, tuned)
    detectors["threshold"] = threshold(least)
    report: dict[str, Any] = {"seeds": seeds, "tuning_seeds": tuning, "threshold": least}
    try:
        python = river_python(BENCH / "river", build=not quick)

        def adwin(delta: float) -> Detector:
            return lambda told, since, until: adwin_alarms(python, RULE, told, AIRLINES, delta)

        report["adwin_delta"] = delta = best(adwin, DELTAS, tuned)
        detectors["adwin"] = adwin(delta)
    except (RuntimeError, OSError) as error:
        report["adwin"] = None
        report["adwin_reason"] = str(error)
    for kind in ("weeks", "week"):
        made = streams(rows, kind, [*seeds, *([13] if kind == "week" else [])])
        heard = {name: [detector(told, a, b) for told, _, a, b in made] for name, detector in detectors.items()}
        report[kind] = {name: scored(alarms, made).told() for name, alarms in heard.items()}
        report[kind]["product_by_size"] = by_size(heard["product"], made)
        for name, told in report[kind].items():
            print(f"  {kind:<6}{name:<16}{json.dumps(told)}", flush=True)
    return report


def by_size(alarms: Sequence[Sequence[Alarm]], made: Sequence[Stream]) -> dict[str, float]:
    """Return the recall by size of burst."""
    found: dict[str, list[bool]] = {}
    for heard, (_, bursts, _, _) in zip(alarms, made, strict=True):
        for burst in bursts:
            hit = any(each.airline == burst.airline and burst.begin < each.at <= burst.end + 3_600 for each in heard)
            found.setdefault(burst.size, []).append(hit)
    return {size: round(sum(hits) / len(hits), 4) for size, hits in sorted(found.items())}


def duplicates(base: str, *, quick: bool) -> dict[str, Any]:
    texts = copies(150 if quick else 600, seed=2026)
    spotter = Spotter([Entity(name=name) for names in COMPANIES.values() for name in names])
    start = datetime(2026, 7, 1, tzinfo=UTC)
    drafts = [
        draft(str(place), start + timedelta(seconds=place), each.text, [m.entity for m in spotter.mentions(each.text)])
        for place, each in enumerate(texts)
    ]
    began = time.monotonic()
    near = likely(drafts, Known.nothing())
    verdicts = pairings(drafts, near, {})
    seconds = time.monotonic() - began
    unclear = [pair for pair, verdict in verdicts.items() if verdict is Verdict.UNCLEAR]
    asked = sorted({place for pair in unclear for place in (pair.draft, int(pair.other))})
    vectors = dict(zip(asked, embedded(base, [texts[place].text for place in asked]), strict=True))
    least = MonitorSettings().same
    same = {pair: verdict is Verdict.SAME for pair, verdict in verdicts.items()}
    for pair in unclear:
        cosine = sum(a * b for a, b in zip(vectors[pair.draft], vectors[int(pair.other)], strict=True))
        same[pair] = cosine >= least
    homes = assigned(drafts, near, same, {})
    precision, recall, f1 = pair_f1([each.story for each in texts], homes)
    return {
        "texts": len(texts),
        "precision": round(precision, 4),
        "recall": round(recall, 4),
        "pair_f1": round(f1, 4),
        "decided_by_meaning": len(unclear),
        "accepted_of_these": sum(same[pair] for pair in unclear),
        "ms_a_text": round(seconds / len(texts) * 1e3, 3),
        "base": base,
    }


def embedded(base: str, texts: Sequence[str]) -> list[list[float]]:
    """Return unit vectors of texts by an installed base, as `caller.embed` gives them."""
    from surge_bench.embedding import embed

    from podion.settings import load_settings

    return embed(load_settings(), base, texts)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", nargs="+", choices=("detection", "duplicates", "load"), default=None)
    parser.add_argument("--seeds", nargs="+", type=int, default=SEEDS, help="of the streams that detection is told of")
    parser.add_argument("--base", default="minilm-l6")
    parser.add_argument("--json", type=Path, metavar="FILE")
    asked = parser.parse_args()
    wanted = asked.only or ["detection", "duplicates", "load"]
    report: dict[str, Any] = {"quick": asked.quick}
    missed = []
    if "duplicates" in wanted:
        report["duplicates"] = told = duplicates(asked.base, quick=asked.quick)
        print(f"duplicates {json.dumps(told)}", flush=True)
        missed += ["duplicates"] * (told["pair_f1"] < 0.95)
    if "detection" in wanted:
        data = os.environ.get("PODION_DATA")
        if data is None:
            print("detection: PODION_DATA is not set")
        else:
            print("detection")
            report["detection"] = found = detection(Path(data), quick=asked.quick, seeds=asked.seeds)
            ours = found["weeks"]["product"]
            late = ours["median_delay_minutes"] is None or ours["median_delay_minutes"] > 120
            missed += ["detection"] * (ours["recall"] < 0.9 or ours["false_per_week_and_topic"] > 0.5 or late)
    if "load" in wanted:
        report["load"] = told = measure(30 if asked.quick else 120, asked.base)
        print(f"load {json.dumps(told)}", flush=True)
        worst = told["alert_seconds_worst"]
        late = worst is None or worst > 5 or told["alerts_heard"] < told["bursts"]
        missed += ["load"] * (late or told["articles_a_minute"] < 990)
    report["missed"] = missed
    if asked.json:
        asked.json.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if missed:
        print(f"MISSED {', '.join(missed)}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
