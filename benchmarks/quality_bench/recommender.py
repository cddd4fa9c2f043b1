"""What comes next, ranked over the whole catalogue, beside simple models and an established library's.

Leave-one-out: the test files hold the last item of a random half of the users, and everything is chosen on the last but
one. What was seen is left out of every ranking, a tie counts half, and an item that never occurred in training is a
miss.
"""

import csv
import gzip
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import mean
from typing import Any

import numpy as np

from podion.finetuning.evaluate import measure_parts
from podion.finetuning.fit import FitRequest, FitResult, fit
from podion.finetuning.histories import followed
from podion.vertical import Method, Task
from podion_recommender.schema import FreshItem, Item, Visit
from podion_recommender.vectors import vector_text
from quality_bench.recommender_baselines import RIVALS, measured, shuffled

SHOWN = ("recall@10", "ndcg@10", "recall@50", "mrr", "coverage", "novelty", "diversity", "gini")
_FOLDER = "recommender"
_COLD_SEED = 2026
_COLD_SHARE = 0.1
_MOST_EVENTS = 2_000
_FIRST = 50
_ONE_DAY = datetime(2018, 9, 26, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class BaselinesCase:
    """The simple models alone, also where the events of one moment stand in an order of chance."""

    data: str
    quick: bool = True

    @property
    def name(self) -> str:
        """What `--only` asks for."""
        return f"{self.data} baselines"

    def measure(self, bench: Any, quick: bool) -> dict[str, Any]:
        """Return the figures of each, and of those that go by order after a shuffle of same-time events."""
        task = _task(bench)
        train, test = _visits(bench, f"{self.data}_train.csv.gz"), _visits(bench, f"{self.data}_test.csv")
        rivals = [rival for rival in RIVALS if not (quick and rival.name == "als")]
        found = measured(task, train, test, rivals)
        again = measured(task, shuffled(train, 0), test, RIVALS[-1:])
        return {"models": {**found, "sequence_cosine, same time shuffled": again["sequence_cosine"]}, "missed": []}

    def lines(self, found: Mapping[str, Any]) -> Iterator[str]:
        """Yield the table's lines."""
        yield from _table(found["models"])


@dataclass(frozen=True, kw_only=True)
class NextItemCase:
    """The head on a data set beside the simple models; `texts` says whether the catalogue has titles, genres, tags."""

    data: str
    texts: bool = False
    seeds: tuple[int, ...] = (0,)
    shuffle: bool = False
    targets: Mapping[str, float] = field(default_factory=dict)
    quick: bool = False

    @property
    def name(self) -> str:
        """What `--only` asks for."""
        return self.data

    def measure(self, bench: Any, quick: bool) -> dict[str, Any]:
        """Return the figures of all models, ours as the mean over the seeds."""
        task = _task(bench)
        train, test = _visits(bench, f"{self.data}_train.csv.gz"), _visits(bench, f"{self.data}_test.csv")
        items = _items(bench, self.data, train) if self.texts else []
        results = [_fitted(bench, task, train, test, items, seed) for seed in self.seeds]
        models = {"ours": _mean([result.metrics["test"] for result in results])}
        if self.shuffle:
            other = _fitted(bench, task, shuffled(train, 0), test, items, self.seeds[0])
            models["ours, same time shuffled"] = dict(other.metrics["test"])
        models |= measured(task, train, test, RIVALS)
        missed = [
            f"{name} {models['ours'][name]:.4f} < {target}"
            for name, target in self.targets.items()
            if models["ours"][name] < target
        ]
        return {
            "models": models,
            "seeds": [{name: result.metrics["test"][name] for name in SHOWN[:4]} for result in results],
            "validation": dict(results[0].metrics["validation"]),
            "chosen": dict(results[0].parts.head.options),
            "cpu_seconds": mean(result.cpu_seconds for result in results),
            "missed": missed,
        }

    def lines(self, found: Mapping[str, Any]) -> Iterator[str]:
        """Yield the table's lines."""
        yield from _table(found["models"])
        yield f"  {found['cpu_seconds']:.0f} CPU seconds a seed, {len(found['seeds'])} seeds"
        yield from (f"  MISSED {missed}" for missed in found["missed"])


@dataclass(frozen=True, kw_only=True)
class ColdItemsCase:
    """A tenth of the items lose every training event: how well they are found among each other by text alone."""

    data: str
    least: float = 3.0
    quick: bool = False

    @property
    def name(self) -> str:
        """What `--only` asks for."""
        return f"{self.data} cold items"

    def measure(self, bench: Any, quick: bool) -> dict[str, Any]:
        """Return recall@50 over the cold items of their test events, and of a sample of the events taken out."""
        task = _task(bench)
        train, test = _visits(bench, f"{self.data}_train.csv.gz"), _visits(bench, f"{self.data}_test.csv")
        items = _items(bench, self.data, train)
        names = sorted({visit.item_id for visit in train if visit.item_id})
        drawn = np.random.default_rng(_COLD_SEED).permutation(len(names))[: round(_COLD_SHARE * len(names))]
        cold = {names[place] for place in drawn.tolist()}
        warm = [visit for visit in train if visit.item_id not in cold]
        result = _fitted(bench, task, warm, [], items, 0)
        fresh = _fresh(bench, [item for item in items if item.id in cold])
        out = [visit for visit in train if visit.item_id in cold]
        some = np.random.default_rng(0).permutation(len(out))[:_MOST_EVENTS]
        random = _FIRST / len(fresh)
        events = {
            "test events": [visit for visit in test if visit.item_id in cold],
            "events taken out": [out[place] for place in sorted(some.tolist())],
        }
        found = {name: self._recall(bench, task, result, asked, warm, fresh) for name, asked in events.items()}
        reached = found["test events"]["times_random"]
        missed = [] if reached >= self.least else [f"{reached:.2f} times random < {self.least}"]
        return {"cold_items": len(fresh), "random": random, **found, "missed": missed}

    def lines(self, found: Mapping[str, Any]) -> Iterator[str]:
        """Yield one line for each kind of events."""
        for name in ("test events", "events taken out"):
            told = found[name]
            yield (
                f"  {name:<20}{told['rows']:>6} rows, recall@50 {told['recall@50']:.4f} over {found['cold_items']} cold"
                f" items, {told['times_random']:.2f} times random ({found['random']:.4f})"
            )
        yield from (f"  MISSED {missed}" for missed in found["missed"])

    def _recall(
        self,
        bench: Any,
        task: Task,
        result: FitResult,
        asked: Sequence[Visit],
        warm: Sequence[Visit],
        fresh: tuple[FreshItem, ...],
    ) -> dict[str, float]:
        known = tuple({visit.item_id: None for visit in warm if visit.item_id})
        offer = {"fresh": fresh, "exclude": known, "count": _FIRST}
        records = [visit.model_copy(update=offer) for visit in _with_past(asked, result, task)]
        told = measure_parts(result.parts, bench.encoder("minilm-l6"), task, records)
        random = _FIRST / len(fresh)
        return {
            "rows": told["rows"],
            "recall@50": told["recall@50"],
            "mrr": told["mrr"],
            "times_random": told["recall@50"] / random,
        }


def cases() -> list[BaselinesCase | NextItemCase | ColdItemsCase]:
    """Return what is measured of recommendation."""
    return [
        BaselinesCase(data="ml_latest_small"),
        NextItemCase(data="amazon_toys_and_games", targets={"recall@10": 0.120, "ndcg@10": 0.075}),
        NextItemCase(
            data="ml_latest_small",
            texts=True,
            seeds=(0, 1, 2, 3, 4),
            shuffle=True,
            targets={"recall@10": 0.125, "ndcg@10": 0.066},
        ),
        ColdItemsCase(data="ml_latest_small"),
    ]


def _task(bench: Any) -> Task:
    _, task = bench.catalogue.task("recommender/next_item")
    found: Task = task
    return found


def _fitted(
    bench: Any, task: Task, train: Sequence[Visit], test: Sequence[Visit], items: Sequence[Item], seed: int
) -> FitResult:
    encoder = bench.encoder("minilm-l6")
    request = FitRequest(
        task=task,
        task_name="recommender/next_item",
        method=Method.HEAD,
        train=train,
        test=test,
        base=encoder.base,
        seed=seed,
        items=items,
        challengers=False,
    )
    return fit(request, encoder, progress=bench.say)


def _with_past(visits: Sequence[Visit], result: FitResult, task: Task) -> list[Visit]:
    """Visits with what their users had taken by then, of what the adapter's history kept; none sees another."""
    blank = [visit.model_copy(update={"item_id": None}) for visit in visits]
    filled, _ = followed(task, blank, result.parts.history)
    return [
        one.model_copy(update={"item_id": visit.item_id})
        for one, visit in zip(filled, visits, strict=True)
        if isinstance(one, Visit)
    ]


def _fresh(bench: Any, items: Sequence[Item]) -> tuple[FreshItem, ...]:
    """Items as a server would bring them: by the vectors of their texts."""
    from torch.nn import functional

    encoder = bench.encoder("minilm-l6")
    rows = encoder.tokenise([item.words for item in items], prefix=encoder.base.passage_prefix, with_offsets=False)
    vectors = functional.normalize(encoder.states(rows).pooled, dim=-1).cpu().numpy()
    return tuple(
        FreshItem(item_id=item.id, vector=vector_text(vector)) for item, vector in zip(items, vectors, strict=True)
    )


def _visits(bench: Any, name: str) -> list[Visit]:
    rows = _rows(bench, name)
    return [Visit(user_id=row["user_id"], item_id=row["item_id"], timestamp=float(row["timestamp"])) for row in rows]


def _items(bench: Any, data: str, train: Sequence[Visit]) -> list[Item]:
    """The catalogue: titles, genres as tags, and the tags that users gave to what they had taken in training."""
    known = {(visit.user_id, visit.item_id) for visit in train}
    tags: dict[str, dict[str, None]] = {}
    for row in _rows(bench, f"{data}_tags.csv"):
        if (row["user_id"], row["item_id"]) in known:
            tags.setdefault(row["item_id"], {})[row["tag"].lower()[:80]] = None
    return [
        Item(
            id=row["item_id"],
            title=row["title"],
            tags=[*row["genres"].split("|"), *tags.get(row["item_id"], {})][:50],
            category=row["genres"].split("|")[0],
            created_at=_ONE_DAY,
        )
        for row in _rows(bench, f"{data}_items.csv.gz")
    ]


def _rows(bench: Any, name: str) -> list[dict[str, str]]:
    path = bench.data / _FOLDER / name
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8")
    return list(csv.DictReader(text.splitlines()))


def _mean(told: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    numbers = [name for name, value in told[0].items() if isinstance(value, int | float)]
    found: dict[str, Any] = {name: mean(one[name] for one in told) for name in numbers}
    return {**found, "standard_error": told[0].get("standard_error", {})}


def _table(models: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    yield f"  {'':<38}{''.join(f'{name:>11}' for name in SHOWN)}"
    for name, told in models.items():
        yield f"  {name:<38}" + "".join(f"{told[each]:>11.4f}" if each in told else f"{'':>11}" for each in SHOWN)
