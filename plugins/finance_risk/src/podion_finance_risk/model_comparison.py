"""The models of applications beside each other, and what exactness costs. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import AwareDatetime, BaseModel, Field

from podion import AdapterCard

SHOWN = ("roc_auc", "ks", "average_precision", "brier", "log_loss", "ece", "recall_at_1_percent", "rows")
STRONG, EXACT = "credit", "scorecard"


class Compared(BaseModel):
    """One model as it measured on rows that it did not learn from."""

    model: str = Field(description="`credit` (strong), `scorecard` (exact), `gradient_boosting` (challenger)")
    task: str
    adapter: str | None = Field(description="null: it has no version of its own")
    live: bool
    made_at: AwareDatetime | None
    part: str = Field(description="`test`, or `validation` where nothing was kept for testing")
    metrics: dict[str, float]


class Cost(BaseModel):
    """What the exact scorecard gives up, in ROC AUC; null where a model has not been made."""

    against_strong: float | None
    against_boosting: float | None
    note: str = "compare only versions that were made of one dataset: each measures on its own rows"


def compared(cards: Mapping[str, Sequence[AdapterCard]]) -> list[Compared]:
    """Return the live version of each task, else its newest, and the challengers that were measured beside it."""
    found: list[Compared] = []
    for task in (STRONG, EXACT):
        card = next((each for each in cards.get(task, ()) if each.live), next(iter(cards.get(task, ())), None))
        if card is None:
            continue
        part, metrics = _part(card.metrics)
        found.append(
            Compared(
                model=task,
                task=task,
                adapter=card.adapter,
                live=card.live,
                made_at=card.created_at,
                part=part,
                metrics=_numbers(metrics),
            )
        )
        for name, measured in _challengers(metrics).items():
            found.append(
                Compared(
                    model=name,
                    task=task,
                    adapter=None,
                    live=False,
                    made_at=card.created_at,
                    part=part,
                    metrics=_numbers(measured),
                )
            )
    return found


def cost(models: Sequence[Compared]) -> Cost:
    """Return how much ROC AUC the scorecard gives up against the strong model, and against boosting."""
    exact = _auc(next((each for each in models if each.model == EXACT), None))
    strong = _auc(next((each for each in models if each.model == STRONG), None))
    others = [each for each in models if each.adapter is None]
    boosting = _auc(next((each for each in others if each.task == EXACT), next(iter(others), None)))
    return Cost(
        against_strong=None if exact is None or strong is None else strong - exact,
        against_boosting=None if exact is None or boosting is None else boosting - exact,
    )


def _auc(model: Compared | None) -> float | None:
    return None if model is None else model.metrics.get("roc_auc")


def _part(metrics: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    for part in ("test", "validation"):
        if isinstance(metrics.get(part), Mapping) and metrics[part]:
            return part, metrics[part]
    return "validation", metrics


def _challengers(measured: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return what each challenger measured on the same rows, but for those that failed."""
    found = measured.get("challengers") or {}
    return {name: told for name, told in found.items() if "error" not in told}


def _numbers(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Return the figures that are shown, those that were measured."""
    return {
        name: float(metrics[name])
        for name in SHOWN
        if isinstance(metrics.get(name), int | float) and not isinstance(metrics[name], bool)
    }
