"""What an experiment shows: rates by arm and place, how far the arms are apart, whether users fell as drawn. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from podion_recommender.ratios import Difference, Rate, chi_square_tail, difference, rate
from podion_recommender.slate_log import places
from podion_recommender.slates import Slate
from podion_recommender.trials import Arm, Experiment

SUSPICIOUS = 0.001
"""A p value below which users did not fall into the arms as drawn, and no figure is to be believed."""

_TOLD_PLACES = 20

Floats = NDArray[np.float64]
Verdict = Literal["control", "no_data", "sample_ratio", "harmful", "better", "worse", "open"]


class PlaceFigures(BaseModel):
    """What one place of the lists earned."""

    position: int
    shown: int
    clicks: int
    purchases: int
    ctr: float
    cvr: float


class Against(BaseModel):
    """An arm beside the first one; intervals are of one look, not of many."""

    ctr: Difference
    cvr: Difference
    hide_rate: Difference = Field(description="the guardrail: an interval wholly above 0 is harm")


class ArmFigures(BaseModel):
    """What one arm showed. Rates are of places that were shown; intervals are by user, who was drawn."""

    arm: str
    share: float
    users: int
    slates: int
    ctr: Rate
    cvr: Rate
    hide_rate: Rate
    positions: list[PlaceFigures]
    adapters: dict[str, int] = Field(description="which versions made its slates; `none`: no model spoke")
    against: Against | None = Field(default=None, description="null for the first arm")
    verdict: Verdict


class SampleRatio(BaseModel):
    """Whether users fell into the arms as they were drawn (chi-square); if not, something loses users of one arm."""

    users: dict[str, int]
    expected: dict[str, float]
    p_value: float | None
    suspicious: bool


class ExperimentReport(BaseModel):
    """An experiment and its figures."""

    experiment: Experiment
    slates: int
    complete: bool = Field(description="false: there are more slates; these are the latest")
    sample_ratio: SampleRatio
    arms: list[ArmFigures]


@dataclass
class _Tally:
    """What one arm counted; one entry a user of everything that rates are made of."""

    slates: int = 0
    users: dict[str, int] = field(default_factory=dict)
    counts: list[list[float]] = field(default_factory=list)
    positions: dict[int, list[int]] = field(default_factory=dict)
    adapters: dict[str, int] = field(default_factory=dict)

    def count(self, slate: Slate) -> None:
        """Take in a slate."""
        name = slate.user_id or f"~{slate.id}"  # one who was forgotten still was a user
        row = self.counts[self._row(name)]
        self.slates += 1
        version = slate.adapter or "none"
        self.adapters[version] = self.adapters.get(version, 0) + 1
        for place in places(slate):
            for column, hit in enumerate((True, place.clicked, place.bought, place.hidden)):
                row[column] += hit
            own = self.positions.setdefault(place.shown.position, [0, 0, 0])
            for column, hit in enumerate((True, place.clicked, place.bought)):
                own[column] += hit

    def _row(self, user: str) -> int:
        if user not in self.users:
            self.users[user] = len(self.counts)
            self.counts.append([0.0] * 4)
        return self.users[user]

    def columns(self) -> Floats:
        """Return [4, users]: places shown, clicked, bought, hidden."""
        return np.array(self.counts, dtype=np.float64).reshape(-1, 4).T


class Tallies:
    """What the arms of an experiment counted so far: it grows with users, not with slates."""

    def __init__(self, experiment: Experiment) -> None:
        self._experiment = experiment
        self._arms = {arm.name: _Tally() for arm in experiment.arms}
        self.slates = 0

    def count(self, slates: Iterable[Slate]) -> None:
        """Take in those of the slates that are the experiment's."""
        for slate in slates:
            if slate.experiment == self._experiment.id and slate.variant in self._arms:
                self._arms[slate.variant].count(slate)
                self.slates += 1

    def report(self, *, complete: bool) -> ExperimentReport:
        """Return the figures; `complete`: whether all slates were taken in."""
        experiment, tallies = self._experiment, self._arms
        ratio = sample_ratio(experiment.arms, {name: len(tally.users) for name, tally in tallies.items()})
        control = tallies[experiment.arms[0].name].columns()
        arms = [
            _figures(arm, tallies[arm.name], None if place == 0 else control, ratio)
            for place, arm in enumerate(experiment.arms)
        ]
        return ExperimentReport(
            experiment=experiment, slates=self.slates, complete=complete, sample_ratio=ratio, arms=arms
        )


def sample_ratio(arms: Sequence[Arm], users: dict[str, int]) -> SampleRatio:
    """Return whether users fell into arms as drawn, by the chi-square test; no p value of fewer than five expected."""
    total = sum(users.values())
    expected = {arm.name: arm.share * total for arm in arms}
    p_value = None
    if total and min(expected.values()) >= 5:
        gaps = sum((users[name] - wanted) ** 2 / wanted for name, wanted in expected.items())
        p_value = chi_square_tail(gaps, len(arms) - 1)
    suspicious = p_value is not None and p_value < SUSPICIOUS
    return SampleRatio(users=users, expected=expected, p_value=p_value, suspicious=suspicious)


def _figures(arm: Arm, tally: _Tally, control: Floats | None, ratio: SampleRatio) -> ArmFigures:
    shown, clicked, bought, hidden = columns = tally.columns()
    against = None if control is None else _against(columns, control)
    return ArmFigures(
        arm=arm.name,
        share=arm.share,
        users=len(tally.users),
        slates=tally.slates,
        ctr=rate(clicked, shown),
        cvr=rate(bought, shown),
        hide_rate=rate(hidden, shown),
        positions=[_place(position, own) for position, own in sorted(tally.positions.items())[:_TOLD_PLACES]],
        adapters=tally.adapters,
        against=against,
        verdict=_verdict(against, ratio, shown),
    )


def _place(position: int, own: Sequence[int]) -> PlaceFigures:
    shown, clicks, purchases = own
    return PlaceFigures(
        position=position, shown=shown, clicks=clicks, purchases=purchases, ctr=clicks / shown, cvr=purchases / shown
    )


def _against(columns: Floats, control: Floats) -> Against:
    ctr, cvr, hide_rate = (difference((columns[row], columns[0]), (control[row], control[0])) for row in (1, 2, 3))
    return Against(ctr=ctr, cvr=cvr, hide_rate=hide_rate)


def _verdict(against: Against | None, ratio: SampleRatio, shown: Floats) -> Verdict:
    """Return what may be said: nothing of rates where users were lost, and harm before gain."""
    if against is None:
        return "control"
    if not shown.sum() or against.ctr.low is None or against.ctr.high is None:
        return "no_data"
    if ratio.suspicious:
        return "sample_ratio"
    if against.hide_rate.low is not None and against.hide_rate.low > 0:
        return "harmful"
    if against.ctr.low > 0:
        return "better"
    return "worse" if against.ctr.high < 0 else "open"
