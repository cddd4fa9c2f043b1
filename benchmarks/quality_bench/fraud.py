"""Fraud in a stream of card payments, its windows computed by the product; what each regime of labels makes of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from podion.data.reading import LOCAL, read_rows
from podion.data.records import validate_values
from podion.data.rows import Row
from podion.errors import DataError
from podion.finetuning.fit import FitRequest, fit
from podion.vertical import LabelSpace, Method, Task
from podion_finance_risk.challenger import GradientBoosting
from podion_finance_risk.schema import Transaction
from quality_bench.tables import measured

SHOWN = ("average_precision", "recall_at_1_percent", "roc_auc", "ece", "ece_noise_95")
TEST_DAYS = 3
DELAY = timedelta(days=3)
BOOSTING = "gradient_boosting"
_NEVER = datetime(2100, 1, 1, tzinfo=UTC)

REGIMES = {
    "feedback": "labels arrive 3 days after each payment, also on test days; all earlier days teach",
    "frozen": "what is not known when the test days begin never is; all earlier days teach",
    "frozen, known only": "as frozen, and only days teach whose labels are known by then",
}


@dataclass(frozen=True, kw_only=True)
class FraudCase:
    """The simulated card stream, trained on its first days and tested on its last three, under a regime of labels."""

    regime: str
    file: str = "finance_risk/card_stream.csv.gz"
    quick: bool = False

    @property
    def name(self) -> str:
        """What `--only` asks for."""
        return f"card_stream {self.regime}"

    def measure(self, bench: Any, quick: bool) -> dict[str, Any]:
        """Return the figures of the tabular head and of boosting on the windows, and of boosting on raw fields."""
        _, task = bench.catalogue.task("finance_risk/fraud")
        records = self._records(bench, task)
        cut = max(record.at for record in records).replace(hour=0, minute=0, second=0, microsecond=0)
        cut -= timedelta(days=TEST_DAYS - 1)
        found: dict[str, Any] = {"raw fields": {BOOSTING: _raw(task, records, cut)}}
        train, test = _regime(self.regime, records, cut)
        encoder = bench.encoder("minilm-l6")
        request = FitRequest(
            task=task,
            task_name="finance_risk/fraud",
            method=Method.HEAD,
            train=train,
            test=test,
            base=encoder.base,
            seed=0,
        )
        result = fit(request, encoder, progress=bench.say)
        told = dict(result.metrics["test"])
        boosted = told.pop("challengers")[BOOSTING]
        found["windows"] = {"strong head": {**told, "cpu_seconds": result.cpu_seconds}, BOOSTING: boosted}
        found["labels"] = REGIMES[self.regime]
        found["missed"] = list(_missed(found))
        return found

    def lines(self, found: Mapping[str, Any]) -> Iterator[str]:
        """Yield the table's lines."""
        yield f"  {found['labels']}"
        yield f"  {'':<42}{''.join(f'{name[:8]:>9}' for name in SHOWN)}{'cpu s':>8}"
        for fields in ("raw fields", "windows"):
            for name, figures in found[fields].items():
                cells = "".join(f"{figures[each]:>9.4f}" if each in figures else f"{'':>9}" for each in SHOWN)
                yield f"  {fields:<18}{name:<24}{cells}{figures.get('cpu_seconds', 0):>8.0f}"
        yield from (f"  MISSED {missed}" for missed in found["missed"])

    def _records(self, bench: Any, task: Task) -> list[Transaction]:
        rename = {"account": "customer_id", "at": "timestamp", "terminal": "terminal_id"}
        with (bench.data / self.file).open("rb") as source:
            rows = read_rows(source, limits=LOCAL, rename=rename, drop=("scenario",))
            read = [validate_values(task, row.values, row.line) for row in rows if isinstance(row, Row)]
        found = [record for record in read if isinstance(record, Transaction)]
        if len(found) < len(read):
            raise DataError(f"{self.file}: {len(read) - len(found)} rows do not fit a transaction")
        return found


def _regime(regime: str, records: Sequence[Transaction], cut: datetime) -> tuple[list[Transaction], list[Transaction]]:
    train = [record for record in records if record.at < cut]
    test = [record for record in records if record.at >= cut]
    if regime == "feedback":
        return train, test
    late = {"label_known_at": _NEVER}
    train = [record if record.at + DELAY <= cut else record.model_copy(update=late) for record in train]
    if regime == "frozen, known only":
        train = [record if record.at + DELAY <= cut else record.model_copy(update={"label": None}) for record in train]
    return train, [record.model_copy(update=late) for record in test]


def _raw(task: Task, records: Sequence[Transaction], cut: datetime) -> dict[str, Any]:
    """What boosting makes of amount, hour, weekday, account and terminal as they stand."""
    space = LabelSpace(("0", "1"), task.label)
    rows = [
        record.model_copy(
            update={
                "windows": {
                    "hour": record.at.hour + record.at.minute / 60,
                    "weekday": float(record.at.weekday()),
                    "account": float(record.account),
                    "terminal": float(record.terminal or -1),
                }
            }
        )
        for record in records
    ]
    train = [record for record in rows if record.at < cut]
    last = cut - timedelta(days=1)
    model = GradientBoosting(space, 0)
    model.fit([each for each in train if each.at < last], [each for each in train if each.at >= last])
    test = [record for record in rows if record.at >= cut]
    truth = np.array([int(record.label or 0) for record in test])
    return measured(truth, model.probabilities(test)[:, 1])


def _missed(found: Mapping[str, Any]) -> Iterator[str]:
    raw = found["raw fields"][BOOSTING]["average_precision"]
    ours, boosted = (found["windows"][name]["average_precision"] for name in ("strong head", BOOSTING))
    if ours < boosted:
        yield f"average_precision {ours:.4f} < {boosted:.4f} of boosting on the same windows"
    if ours < 4.5 * raw:
        yield f"average_precision {ours:.4f} < 4.5 x {raw:.4f} of boosting on raw fields"


def cases() -> list[FraudCase]:
    """Return the card stream under each regime of labels."""
    return [FraudCase(regime=regime) for regime in REGIMES]
