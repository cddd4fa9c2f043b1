"""The notice that tells somebody why they were not approved, in English and Chinese. Pure.

What it must say: Regulation B (12 CFR 1002.9(b)) asks for the action, the creditor, and the specific principal reasons,
which the CFPB's circulars 2022-03 and 2023-03 hold to be those that were used, whatever the model; the Personal
Information Protection Law of China, article 24, gives the right to an explanation and to a person's decision.
"""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, Field

from podion import Conflict, Language
from podion_finance_risk.decisions import Decision, State
from podion_finance_risk.policy import Policy
from podion_finance_risk.reasons import Reason


class Notice(BaseModel):
    """A notice, in words and in parts. `score_range` says what a score may be and which way is better."""

    decision_id: str
    application_id: str
    language: Language
    action: Literal["refer", "decline"]
    decided_at: AwareDatetime
    purely_automated: bool
    creditor: str
    contact: str
    reasons: list[Reason] = Field(max_length=4)
    human_reason: str | None = Field(description="what the person who decided wrote")
    score: int
    score_direction: str
    text: str


def notice(decision: Decision, policy: Policy, language: Language) -> Notice:
    """Return the notice of a decision; raises `Conflict` where none is due, or the reasons would not be exact.

    Codes: `not_adverse` for what was approved, `reasons_not_exact` where a model decided that cannot say why.
    """
    action = decision.final
    if action == "approve":
        raise Conflict("the application was approved: there is no adverse action to give notice of", code="not_adverse")
    by_person = decision.human is not None
    by_rule = bool(decision.reasons) and all(reason.points is None for reason in decision.reasons)
    if not (by_person or decision.reasons_exact or by_rule):
        raise Conflict(
            "the strong model decided, and it cannot say exactly why. Reasons that were not used must not be given:"
            ' let the scorecard decide (PUT /policy with "decides": "scorecard"), or a person',
            code="reasons_not_exact",
        )
    text = _english(decision, policy) if language == "en" else _chinese(decision, policy)
    return Notice(
        decision_id=decision.id,
        application_id=decision.application_id,
        language=language,
        action=action,
        decided_at=decision.human.at if decision.human else decision.decided_at,
        purely_automated=decision.purely_automated,
        creditor=policy.creditor,
        contact=policy.contact,
        reasons=list(decision.reasons),
        human_reason=decision.human.reason if decision.human else None,
        score=decision.score,
        score_direction="higher is better" if language == "en" else "分数越高越好",
        text=text,
    )


def _sentences(decision: Decision, language: Language) -> list[str]:
    """Return the reasons to give: the person's own where a person declined, else what the machine used."""
    if decision.human is not None:
        return [decision.human.reason]
    return [reason.text[language] for reason in decision.reasons]


def _english(decision: Decision, policy: Policy) -> str:
    number = f" {decision.application_id}" if decision.application_id else ""
    waits = decision.state is State.UNDER_REVIEW
    lines = [
        f"Your application{number} was not approved."
        if decision.final == "decline" and not waits
        else f"Your application{number} was not approved automatically. A person will decide on it.",
        "Principal reasons:",
        *(f"{place}. {sentence}" for place, sentence in enumerate(_sentences(decision, "en"), start=1)),
        f"The score was {decision.score}; higher is better.",
        "A person decided." if decision.human else "The decision was made by a program.",
        "You may ask for an explanation, and for a decision by a person"
        + (f": {policy.contact}." if policy.contact else "."),
    ]
    return "\n".join([*lines, *([policy.creditor] if policy.creditor else [])])


def _chinese(decision: Decision, policy: Policy) -> str:
    number = f"（编号 {decision.application_id}）" if decision.application_id else ""
    waits = decision.state is State.UNDER_REVIEW
    lines = [
        f"您的申请{number}未获批准。"
        if decision.final == "decline" and not waits
        else f"您的申请{number}未能自动通过，将由人工裁定。",
        "主要原因：",
        *(f"{place}. {sentence}" for place, sentence in enumerate(_sentences(decision, "zh"), start=1)),
        f"评分为 {decision.score} 分，分数越高越好。",
        "本决定由人工作出。" if decision.human else "本决定由程序自动作出。",
        "您有权要求说明，并有权要求由人工作出决定" + (f"：{policy.contact}。" if policy.contact else "。"),
    ]
    return "\n".join([*lines, *([policy.creditor] if policy.creditor else [])])
