"""A clinician's verdict on a suggestion: kept with it, written down, and fed back for the next run."""

from datetime import UTC, datetime

from podion import DataError, Fault, TenantCaller
from podion_medical.suggestions import Suggestion, Verdict, judged

ACCEPTED, OVERRIDDEN = "suggestion.accept", "suggestion.override"
_SEVERAL = "codes"


async def accept(
    caller: TenantCaller, id: str, *, kept: list[str] | None = None, at: datetime | None = None, again: bool = False
) -> Suggestion:
    """Accept a suggestion, all of it or of its codes those in `kept`; raises `NotFound`, `Conflict`, `DataError`."""
    before = await caller.store.get(Suggestion, id)
    strange = [code for code in kept or () if code not in before.suggested]
    if strange:
        raise DataError(
            f"{strange[0]!r} was not suggested; to add it, override with what is right",
            faults=[Fault("/codes", f"of {', '.join(before.suggested) or 'nothing'}")],
        )
    right = tuple(kept) if kept is not None else _all_of(before)
    verdict = Verdict(outcome="accepted", correct=right, actor=caller.actor, at=at or datetime.now(UTC))
    return await _judge(caller, id, verdict, again=again)


async def override(
    caller: TenantCaller,
    id: str,
    *,
    reason: str,
    reason_code: str = "",
    correct: list[str] | None = None,
    at: datetime | None = None,
    again: bool = False,
) -> Suggestion:
    """Override a suggestion, with the reason and, where it is known, what is right."""
    verdict = Verdict(
        outcome="overridden",
        reason=reason,
        reason_code=reason_code,
        correct=None if correct is None else tuple(correct),
        actor=caller.actor,
        at=at or datetime.now(UTC),
    )
    return await _judge(caller, id, verdict, again=again)


async def _judge(caller: TenantCaller, id: str, verdict: Verdict, *, again: bool) -> Suggestion:
    before = await caller.store.get(Suggestion, id)
    judged(before, verdict, again=again)
    _check(before, verdict)
    # Feedback first: if it is refused, nothing has been judged.
    await _teach(caller, before, verdict)
    kept = await caller.store.update(Suggestion, id, lambda now: judged(now, verdict, again=again))
    await caller.note(ACCEPTED if verdict.outcome == "accepted" else OVERRIDDEN, [id])
    return kept


async def _teach(caller: TenantCaller, suggestion: Suggestion, verdict: Verdict) -> None:
    """Feed what was right back under the prediction; rules and quotes have none."""
    if not suggestion.prediction_id or (verdict.correct is None and not verdict.reason):
        return
    label: str | list[str] | None = None
    if verdict.correct is not None:
        label = list(verdict.correct) if suggestion.kind == _SEVERAL else next(iter(verdict.correct), None)
    await caller.review(suggestion.prediction_id, label=label, comment=verdict.reason or None)


def _all_of(suggestion: Suggestion) -> tuple[str, ...]:
    """Return what is right where a suggestion is accepted: of ranked conditions the first, of codes all."""
    return suggestion.suggested if suggestion.kind == _SEVERAL else suggestion.suggested[:1]


def _check(suggestion: Suggestion, verdict: Verdict) -> None:
    correct = verdict.correct
    if correct is None or suggestion.kind == _SEVERAL:
        return
    if len(correct) != 1:
        raise DataError(
            f"{len(correct)} answers were given as right; a {suggestion.kind} has one",
            faults=[Fault("/correct", "one is allowed")],
        )
    if suggestion.kind == "triage" and correct[0] not in ("1", "2", "3", "4", "5"):
        raise DataError(
            f"{correct[0]!r} is no urgency: 1 (most urgent) to 5", faults=[Fault("/correct", "1, 2, 3, 4 or 5")]
        )
