"""Why somebody was not approved, in at most four plain sentences out of what was added up. Pure.

Only what counted against somebody is a reason, the heaviest first (Regulation B, 12 CFR 1002.9; CFPB circulars 2022-03
and 2023-03: specific, and the factors that were used).
"""

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict, Field

from podion import Contribution, Language
from podion_finance_risk.bin_words import spoken
from podion_finance_risk.policy import ReasonWords
from podion_finance_risk.reason_words import NAMES, Named
from podion_finance_risk.schema import FeatureValue
from podion_finance_risk.scoring import Scale

MOST_REASONS = 4
_NEGLIGIBLE = 1e-9


class Reason(BaseModel):
    """One reason: a code for machines, a sentence for people, and the points that it cost."""

    model_config = ConfigDict(frozen=True)

    code: str
    text: dict[Language, str]
    feature: str | None = Field(default=None, description="null: a rule, or doubt, and no feature of the score")
    value: FeatureValue = None
    bin: str = ""
    points: float | None = Field(default=None, description="below 0: what it took from the score")


def model_reasons(
    contributions: Sequence[Contribution], words: Mapping[str, ReasonWords], scale: Scale, most: int = MOST_REASONS
) -> list[Reason]:
    """Return what counted most against somebody, heaviest first; of equal weights by name."""
    against = [each for each in contributions if each.logit > _NEGLIGIBLE]
    against.sort(key=lambda each: (-each.logit, each.feature))
    return [_reason(each, words, scale) for each in against[:most]]


def residual(base: float, contributions: Sequence[Contribution], logit: float) -> float:
    """Return how far the contributions and the base miss the logit: an exact score misses it by 1e-4 at most."""
    return abs(base + sum(each.logit for each in contributions) - logit)


def _reason(each: Contribution, words: Mapping[str, ReasonWords], scale: Scale) -> Reason:
    own = words.get(each.bin) or words.get(each.feature)
    named = NAMES.get(each.feature.casefold().replace("-", "_").replace(" ", "_"))
    within = _within(each)
    plain = Named(code=each.feature, en=_plain(each.feature), zh=each.feature)
    texts: dict[Language, str] = (
        {"en": own.en.replace("{bin}", within["en"]), "zh": own.zh.replace("{bin}", within["zh"])}
        if own
        else {
            "en": ": ".join(filter(None, ((named or plain).en, within["en"]))),
            "zh": "：".join(filter(None, ((named or plain).zh, within["zh"]))),
        }
    )
    return Reason(
        code=(own.code if own else "") or (named or plain).code,
        text=texts,
        feature=each.feature,
        value=each.value,
        bin=each.bin,
        points=round(scale.points_of(each.logit), 2),
    )


def _within(each: Contribution) -> dict[Language, str]:
    """Return where the value lies; empty where there is nothing to say, as of a text."""
    if each.bin:
        return spoken(each.bin, each.feature)
    value = "" if each.value is None else f"{each.value:,}" if isinstance(each.value, int | float) else str(each.value)
    return {"en": value, "zh": value}


def _plain(feature: str) -> str:
    name = feature.replace("_", " ").replace("-", " ").strip() or feature
    return name[:1].upper() + name[1:]
