"""What the models answer, as numbers: the probability of going bad, the exact sum behind it."""

import math

from podion import ContributionsAnswer, LabelAnswer
from podion_finance_risk.deciding import Judged
from podion_finance_risk.policy import Policy
from podion_finance_risk.reasons import model_reasons
from podion_finance_risk.tasks import BAD

TEXT = "text"
"""The name under which what the text adds stands among the contributions."""


def probability(answer: LabelAnswer, label: str = BAD) -> float:
    """Return how probable a label is, out of an answer that names it first or among its alternatives."""
    if isinstance(answer, ContributionsAnswer) and label == BAD:
        return 1 / (1 + math.exp(-max(min(answer.logit, 700.0), -700.0)))
    if answer.label == label:
        return answer.confidence
    listed = {each.label: each.confidence for each in answer.alternatives}
    return listed.get(label, 1 - answer.confidence if len(listed) < 2 else 0.0)


def judged(policy: Policy, answer: LabelAnswer) -> Judged:
    """Return what a model says of an application; a scorecard's reasons are exact, another's are none."""
    pd = probability(answer)
    if isinstance(answer, ContributionsAnswer):
        reasons = model_reasons(answer.contributions, policy.reasons, policy.scale)
        unsure = answer.abstained or unknown_share(answer) > policy.most_unknown
        return Judged(pd=pd, abstained=unsure, exact=True, reasons=reasons)
    return Judged(pd=pd, abstained=answer.abstained, exact=False)


def unknown_share(answer: ContributionsAnswer) -> float:
    """Return the share of the scorecard's columns that an application leaves missing, or fills with words never met."""
    columns = [each for each in answer.contributions if each.feature != TEXT]
    return sum(each.value is None for each in columns) / len(columns) if columns else 1.0
