"""What becomes of an application: rules first, then the band of its probability. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from podion_finance_risk.policy import Action, Policy
from podion_finance_risk.reasons import MOST_REASONS, Reason
from podion_finance_risk.schema import FeatureValue
from podion_finance_risk.scoring import grade_of

_WEIGHT: Mapping[Action, int] = {"approve": 0, "refer": 1, "decline": 2}
WATCHED = "watch_list"
UNSURE = "model_unsure"
NO_EXACT_REASONS = "no_exact_reasons"

_UNSURE = Reason(
    code=UNSURE,
    text={
        "en": "Too little is known of this application for the model to be sure, so a person decides",
        "zh": "该申请的已知信息太少，模型把握不足，由人工裁定",
    },
)
_NO_EXACT_REASONS = Reason(
    code=NO_EXACT_REASONS,
    text={
        "en": "The model that decides cannot give exact reasons, so a person decides",
        "zh": "当前决策模型无法给出确切原因，由人工裁定",
    },
)


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What a model said of an application: its probability of going bad, whether it holds back, and exact reasons."""

    pd: float
    abstained: bool
    exact: bool
    reasons: Sequence[Reason] = ()


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What becomes of an application, and why it is not approved; no reasons for one that is."""

    score: int
    grade: str
    action: Action
    reasons: tuple[Reason, ...]


def decide(policy: Policy, judged: Judged, features: Mapping[str, FeatureValue], refs: Sequence[str] = ()) -> Verdict:
    """Return the verdict of a policy on an application.

    The most severe of the watch-list, the caps and the band holds. Where the model abstains, its band never approves
    or declines; where its reasons are not exact it never declines. Reasons are those that led to the action and no
    others, rules first, at most four.
    """
    struck = _rules(policy, features, refs)
    banded, doubt = _band(policy, judged)
    action = max((banded, *(each for each, _ in struck)), key=_WEIGHT.__getitem__)
    reasons: list[Reason] = []
    if action != "approve":
        reasons = [reason for each, reason in struck if each == action]
        if banded == action:
            reasons += [doubt] if doubt else list(judged.reasons)
    return Verdict(
        score=policy.scale.score(judged.pd),
        grade=grade_of(judged.pd, policy.grades),
        action=action,
        reasons=tuple(reasons[:MOST_REASONS]),
    )


def _band(policy: Policy, judged: Judged) -> tuple[Action, Reason | None]:
    action = policy.bands.action(judged.pd)
    if judged.abstained:
        return "refer", _UNSURE
    if action != "approve" and not judged.exact:
        return "refer", _NO_EXACT_REASONS
    return action, None


def _rules(policy: Policy, features: Mapping[str, FeatureValue], refs: Sequence[str]) -> list[tuple[Action, Reason]]:
    struck: list[tuple[Action, Reason]] = [
        (each.action, Reason(code=WATCHED, text={"en": each.reason.en, "zh": each.reason.zh}))
        for each in policy.watch_list
        if each.ref in refs
    ]
    for cap in policy.caps:
        value = features.get(cap.feature)
        if cap.strikes(value):
            text = Reason(code=cap.name, text={"en": cap.reason.en, "zh": cap.reason.zh})
            struck.append((cap.action, text.model_copy(update={"feature": cap.feature, "value": value})))
    return struck
