"""What another policy would have done with the applications of the past: approvals against bad rate. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel, Field

from podion_finance_risk.deciding import Judged, decide
from podion_finance_risk.decisions import Application, Decision
from podion_finance_risk.intervals import Share, share
from podion_finance_risk.policy import Action, Policy
from podion_finance_risk.scoring import grade_of

REJECT_INFERENCE = (
    "How applications went is known of those that were granted, and of hardly any other: bad rates beyond what was"
    " approved then are those of the few that a person let through, and a model learns from the granted only. Nothing"
    " is inferred of the rejected. Grant a small random share below the cut to learn of them."
)
_CURVE = 20


@dataclass(frozen=True, kw_only=True)
class Past:
    """A decision and the application that it was made of."""

    decision: Decision
    application: Application


class Outline(BaseModel):
    """What a policy does with applications, and how those went whose outcome is known."""

    policy: str = Field(description="a version's id, or `draft`")
    actions: dict[Action, int]
    approved: Share
    bad_of_approved: Share = Field(description="of the approved whose outcome is known")
    bad_by_grade: dict[str, Share]


class Point(BaseModel):
    """A cut: whoever is less probable to go bad is approved."""

    approve_below: float
    approved: Share
    bad_of_approved: Share


class Rejected(BaseModel):
    """How much is not known of those who were turned down."""

    count: int = Field(description="decisions that were not approved in the end")
    without_outcome: int = Field(description="of these, how many nobody knows the outcome of")
    note: str = REJECT_INFERENCE


class Simulation(BaseModel):
    """The policy of now and a draft over the same decisions, the curve to choose a cut from, what is not known."""

    decisions: int
    with_outcome: int
    before: Outline
    after: Outline
    changed: dict[str, int] = Field(description="`approve>decline` and the like -> how many")
    curve: list[Point]
    rejected: Rejected
    complete: bool = Field(default=True, description="false: only the newest decisions were taken")


def simulate(past: Sequence[Past], now: Policy, draft: Policy, *, version: str, complete: bool = True) -> Simulation:
    """Return what `draft` changes against `now`, made of stored probabilities: no model is asked again."""
    before, after = [_action(now, each) for each in past], [_action(draft, each) for each in past]
    moved = Counter(f"{one}>{other}" for one, other in zip(before, after, strict=True) if one != other)
    return Simulation(
        decisions=len(past),
        with_outcome=sum(each.decision.bad is not None for each in past),
        before=_outline(version, now, past, before),
        after=_outline("draft", draft, past, after),
        changed=dict(sorted(moved.items())),
        curve=curve(past),
        rejected=rejected([each.decision for each in past]),
        complete=complete,
    )


def curve(past: Sequence[Past]) -> list[Point]:
    """Return approvals against bad rate for cuts at every twentieth of the probabilities."""
    pds = sorted(each.decision.pd for each in past)
    cuts = sorted({pds[min(len(pds) - 1, len(pds) * place // _CURVE)] for place in range(1, _CURVE + 1)}) if pds else []
    points = []
    for cut in cuts:
        below = [each for each in past if each.decision.pd < cut]
        points.append(Point(approve_below=cut, approved=share(len(below), len(past)), bad_of_approved=_bad(below)))
    return points


def rejected(decisions: Sequence[Decision]) -> Rejected:
    """Return how many were turned down, and of how many of these nobody knows how they would have gone."""
    down = [decision for decision in decisions if decision.final != "approve"]
    return Rejected(count=len(down), without_outcome=sum(decision.bad is None for decision in down))


def _action(policy: Policy, past: Past) -> Action:
    decision, application = past.decision, past.application
    seen = Judged(pd=_pd(policy, decision), abstained=decision.abstained, exact=policy.decides == "scorecard")
    refs = [ref for ref in (application.applicant_ref, application.application_id) if ref]
    return decide(policy, seen, application.features, refs).action


def _pd(policy: Policy, decision: Decision) -> float:
    """Return what the model that the policy lets decide said; the other's word where that was not asked."""
    if policy.decides != decision.task and decision.beside is not None:
        return decision.beside.pd
    return decision.pd


def _outline(name: str, policy: Policy, past: Sequence[Past], actions: Sequence[Action]) -> Outline:
    approved = [each for each, action in zip(past, actions, strict=True) if action == "approve"]
    grades: dict[str, list[Past]] = {grade.name: [] for grade in policy.grades}
    for each in past:
        grades[grade_of(_pd(policy, each.decision), policy.grades)].append(each)
    counts = Counter(actions)
    return Outline(
        policy=name,
        actions={"approve": counts["approve"], "refer": counts["refer"], "decline": counts["decline"]},
        approved=share(len(approved), len(past)),
        bad_of_approved=_bad(approved),
        bad_by_grade={grade: _bad(members) for grade, members in grades.items()},
    )


def _bad(past: Sequence[Past]) -> Share:
    known = [each for each in past if each.decision.bad is not None]
    return share(sum(bool(each.decision.bad) for each in known), len(known))
