"""The rows of a bulk job, answered in calls of the engine; each that cannot be has its reason."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from podion.answers import Answer
from podion.data.masking.records import Masked, Masker, refusal
from podion.errors import Conflict, Fault, PodionError, QuotaExceeded, Unavailable
from podion.hosting.protocol import Answered, Call
from podion.lifecycle.batch_rows import BatchRow
from podion.lifecycle.predictor import Asked, shown_record
from podion.lifecycle.standings import Serving
from podion.storage.ids import new_id
from podion.storage.predictions import PredictionRow
from podion.vertical import Task

PATIENCE_SECONDS = 900.0
"""A job waits for an engine that is away, or full, for so long."""

MOST_FAILURES = 64
"""Rows in a row that the engine may fail on, before the adapter and not the rows is at fault."""

NONSENSE = "bad_output"
"""The code of an adapter that answered, and nothing that can be used: no other row is asked of it."""

_LONGEST_PAUSE = 5.0
_SHOWN_FAULTS = 20

T = TypeVar("T")
Ask = Callable[[Call], Awaitable[Answered]]


async def patiently(work: Callable[[], Awaitable[T]], look: Callable[[], None]) -> T:
    """Return what `work` returns once the engine is there; raises `Unavailable` after a quarter of an hour without it.

    `look` is called before each try, and raises when there is no reason to go on.
    """
    given_up = time.monotonic() + PATIENCE_SECONDS
    pause = 0.2
    while True:
        look()
        try:
            return await work()
        except (Unavailable, QuotaExceeded) as error:
            if time.monotonic() > given_up:
                raise Unavailable(f"the engine did not answer for long: {error.detail}") from error
            await asyncio.sleep(pause)
            pause = min(_LONGEST_PAUSE, max(pause * 2, error.retry_after or 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredRow:
    """A line of the answers, and what is kept of it under its id; None where the row has no answer."""

    line: Mapping[str, Any]
    kept: PredictionRow | None


class BatchAnswers:
    """Answers the rows of one job by one version. `look` raises when there is no reason to go on."""

    def __init__(
        self, *, ask: Ask, look: Callable[[], None], tenant: str, name: str, task: Task, serving: Serving
    ) -> None:
        self._ask = ask
        self._look = look
        self._tenant = tenant
        self._name = name
        self._task = task
        self._serving = serving
        self._failures = 0

    async def of(self, piece: Sequence[BatchRow], masker: Masker) -> list[AnsweredRow]:
        """Return one line a row, in order; raises what ends the job: no engine for long, an adapter at fault."""
        masked = [self._masked(row, masker) for row in piece]
        good = [place for place, each in enumerate(masked) if isinstance(each, Masked)]
        asked = self._asked([piece[place] for place in good], [masked[place] for place in good])
        answers = dict(zip(good, await self._answered(asked), strict=True))
        return [
            self._line(row, answers.get(place, each))
            for place, (row, each) in enumerate(zip(piece, masked, strict=True))
        ]

    def _masked(self, row: BatchRow, masker: Masker) -> "Masked[Any] | _Refused":
        if row.record is None:
            faults = [Fault(f"/{each.field}" if each.field else "", each.reason) for each in row.refusals]
            return _Refused("bad_row", _words(faults), faults)
        masked = masker.mask(row.record)
        if masked.rejected:
            faults = [Fault("/" + each.field.replace(".", "/"), refusal(each)) for each in masked.rejected]
            return _Refused("personal_data", _words(faults), faults)
        return masked

    def _asked(self, rows: Sequence[BatchRow], masked: Sequence[Any]) -> Asked:
        records = [row.record for row in rows if row.record is not None]
        shown = tuple(shown_record(self._task, record) for record in records)
        return Asked(
            name=self._name, task=self._task, serving=self._serving, records=records, masked=masked, shown=shown
        )

    async def _answered(self, asked: Asked) -> "list[tuple[Answer, PredictionRow] | _Refused]":
        """Return what became of each row: one that the engine cannot answer is found by halves, and left out."""
        if not asked.shown:
            return []
        try:
            call = replace(asked.call(self._tenant), urgency="bulk")
            reply = await patiently(lambda: self._ask(call), self._look)
        except (Conflict, Unavailable):
            raise
        except PodionError as error:
            if error.code == NONSENSE:
                raise
            if len(asked.shown) > 1:
                first, last = _halves(asked)
                return [*await self._answered(first), *await self._answered(last)]
            self._failures += 1
            if self._failures > MOST_FAILURES:
                raise
            return [_Refused(error.code, error.detail, error.faults)]
        self._failures = 0
        schema = self._task.answer_schema
        answers = [schema.model_validate({**answer, "prediction_id": new_id("prd")}) for answer in reply.answers]
        return list(zip(answers, asked.rows(self._tenant, answers), strict=True))

    def _line(self, row: BatchRow, became: Any) -> AnsweredRow:
        place = {"row": row.number, "line": row.line}
        if isinstance(became, _Refused):
            return AnsweredRow(line={**place, "error": became.shown()}, kept=None)
        answer, kept = became
        return AnsweredRow(line={**place, "answer": answer.model_dump(mode="json")}, kept=kept)


@dataclass(frozen=True, slots=True)
class _Refused:
    """Why a row has no answer, as a problem would say it."""

    code: str
    detail: str
    faults: Sequence[Fault] = ()

    def shown(self) -> dict[str, Any]:
        """Return what its line says."""
        said: dict[str, Any] = {"code": self.code, "detail": self.detail}
        if self.faults:
            said["errors"] = [{"pointer": f.pointer, "detail": f.detail} for f in self.faults[:_SHOWN_FAULTS]]
        return said


def _words(faults: Sequence[Fault]) -> str:
    first = faults[0]
    return f"{first.pointer.removeprefix('/')}: {first.detail}" if first.pointer else first.detail


def _halves(asked: Asked) -> tuple[Asked, Asked]:
    middle = len(asked.shown) // 2

    def part(of: slice) -> Asked:
        return replace(asked, records=asked.records[of], masked=asked.masked[of], shown=asked.shown[of])

    return part(slice(None, middle)), part(slice(middle, None))
