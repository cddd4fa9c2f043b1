"""Applications scored: kept as they came, answered by both models in one pass, decided by the policy, kept."""

import contextlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from podion import Conflict, ContributionsAnswer, LabelAnswer, PodionError, Prediction, TenantCaller
from podion_finance_risk import policies
from podion_finance_risk.answers import judged, probability
from podion_finance_risk.deciding import Verdict, decide
from podion_finance_risk.decisions import Application, Beside, Decision, ReviewItem, State
from podion_finance_risk.events import ReviewOpened, review_opened
from podion_finance_risk.policy import Policy, PolicyVersion
from podion_finance_risk.schema import CreditApplication
from podion_finance_risk.scoring import logit
from podion_finance_risk.tasks import credit, scorecard

BY_NAME = {"scorecard": scorecard, "credit": credit}


async def score(caller: TenantCaller, received: Sequence[Application]) -> list[Decision]:
    """Return a decision an application, in order; each is kept, with a review item where a person must decide.

    The models read applications as they are kept, so that what personal data the text held is masked for both.
    Raises `Conflict` (code `untrained`) while the deciding model is not deployed, `DataError` for a reference or text
    that the tenant's masking rejects; then nothing is kept.
    """
    holding = await policies.current(caller)
    kept = await caller.store.put_all(received)
    try:
        answered = await answers(caller, holding.policy, [each.record() for each in kept])
    except BaseException:
        await _forget(caller, kept)
        raise
    now = datetime.now(UTC)
    decisions = [
        decided(holding, each, {name: one.answers[place] for name, one in answered.items()}, _versions(answered), now)
        for place, each in enumerate(kept)
    ]
    waiting = [_waiting(decision) for decision in decisions if decision.state is State.UNDER_REVIEW]
    await caller.store.put_all([*decisions, *waiting])
    for item in waiting:
        await caller.emit(review_opened, ReviewOpened(review=item.id, decision=item.decision, why=item.why))
    return decisions


async def answers(
    caller: TenantCaller, policy: Policy, records: Sequence[CreditApplication]
) -> dict[str, Prediction[Any]]:
    """Return what each deployed model of applications says, by its task; the deciding one is there."""
    told = await caller.predict_together([(task, records) for task in BY_NAME.values()])
    found = {name: prediction for name, prediction in zip(BY_NAME, told, strict=True) if prediction is not None}
    if policy.decides not in found:
        raise Conflict(
            f"no {policy.decides} is deployed, and the policy says that it decides. Upload applications with outcomes"
            f" (POST /datasets?task={policy.decides}), start a run, deploy its adapter",
            code="untrained",
        )
    return found


def decided(
    holding: PolicyVersion,
    application: Application,
    answered: Mapping[str, LabelAnswer],
    versions: Mapping[str, str],
    now: datetime,
) -> Decision:
    """Return the decision that a policy makes of what the models said; pure."""
    policy = holding.policy
    deciding = answered[policy.decides]
    seen = judged(policy, deciding)
    refs = [ref for ref in (application.applicant_ref, application.application_id) if ref]
    verdict: Verdict = decide(policy, seen, application.features, refs)
    exact = deciding if isinstance(deciding, ContributionsAnswer) else None
    other = next((name for name in answered if name != policy.decides), None)
    return Decision(
        id=application.id,
        application_id=application.application_id,
        applicant_ref=application.applicant_ref,
        at=application.applied_at or now,
        decided_at=now,
        state=State.UNDER_REVIEW if verdict.action == "refer" else State.DECIDED,
        score=verdict.score,
        pd=seen.pd,
        grade=verdict.grade,
        action=verdict.action,
        reasons=verdict.reasons,
        reasons_exact=seen.exact,
        purely_automated=verdict.action != "refer",
        task=policy.decides,
        adapter=versions[policy.decides],
        policy=holding.id,
        prediction_ids={name: answer.prediction_id for name, answer in answered.items()},
        abstained=seen.abstained,
        logit=exact.logit if exact else logit(seen.pd),
        base_logit=exact.base_logit if exact else None,
        contributions=exact.contributions if exact else (),
        reference_point=_reference_point(policy, exact),
        beside=_beside(policy, other, answered, versions) if other else None,
    )


def _beside(policy: Policy, name: str, answered: Mapping[str, LabelAnswer], versions: Mapping[str, str]) -> Beside:
    pd = probability(answered[name])
    return Beside(task=name, adapter=versions[name], pd=pd, score=policy.scale.score(pd))


def _reference_point(policy: Policy, answer: ContributionsAnswer | None) -> str:
    if answer is None:
        return "none: the model that decided does not add up contributions"
    points = policy.scale.offset + policy.scale.points_of(answer.base_logit)
    return (
        f"an applicant to whom every feature adds 0, the average over the training data: log-odds of going bad"
        f" {answer.base_logit:.4f}, score {round(points)}"
    )


def _versions(answered: Mapping[str, Prediction[Any]]) -> dict[str, str]:
    return {name: prediction.adapter for name, prediction in answered.items()}


def _waiting(decision: Decision) -> ReviewItem:
    return ReviewItem(id=f"rev_{decision.id}", decision=decision.id, why="referred", opened_at=decision.decided_at)


async def _forget(caller: TenantCaller, kept: Sequence[Application]) -> None:
    """Remove applications that nothing could answer, as far as that still goes."""
    for each in kept:
        with contextlib.suppress(PodionError):
            await caller.store.delete(Application, each.id)
