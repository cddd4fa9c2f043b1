"""From a probability to points: score = offset + factor x ln(odds of being paid). Higher is better. Pure.

The odds are good to bad, (1 - pd) / pd. With `points` at `odds` and `doubling` points for twice the odds (PDO),
factor = doubling / ln 2 and offset = points - factor x ln(odds) (Siddiqi, Credit Risk Scorecards, 2006, chapter 6).
"""

import math
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

LEAST_PD = 1e-6
"""Nothing is surer than one in a million; it also keeps points finite."""


class Scale(BaseModel):
    """How probabilities become points. Higher is better."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    points: float = Field(default=600, ge=-10_000, le=10_000, description="the score at `odds`")
    odds: float = Field(default=50, gt=0, le=1e6, description="good to bad, at which the score is `points`")
    doubling: float = Field(default=20, gt=0, le=1_000, description="points that double the odds")

    @property
    def factor(self) -> float:
        """Points for one unit of log-odds of being paid."""
        return self.doubling / math.log(2)

    @property
    def offset(self) -> float:
        """Points at odds of 1 to 1."""
        return self.points - self.factor * math.log(self.odds)

    def score(self, pd: float) -> int:
        """Return the points of a probability of going bad."""
        return round(self.offset - self.factor * logit(pd))

    def pd(self, score: float) -> float:
        """Return the probability of going bad that has these points."""
        return 1 / (1 + math.exp((score - self.offset) / self.factor))

    def points_of(self, contribution: float) -> float:
        """Return the points that a contribution to the log-odds of going bad adds: it takes away when above 0."""
        return -self.factor * contribution + 0.0


class Grade(BaseModel):
    """A name for the probabilities below a bound."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=20)
    below: float = Field(gt=0, le=1, description="probability of going bad, not included")


def logit(pd: float) -> float:
    """Return the log-odds of a probability, which is first brought between one in a million and its opposite."""
    held = min(max(pd, LEAST_PD), 1 - LEAST_PD)
    return math.log(held / (1 - held))


def grade_of(pd: float, grades: Sequence[Grade]) -> str:
    """Return the first grade, from the best, whose bound the probability is below; the last one for any above."""
    return next((grade.name for grade in grades if pd < grade.below), grades[-1].name)
