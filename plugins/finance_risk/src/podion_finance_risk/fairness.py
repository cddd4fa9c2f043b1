"""Whether groups are approved alike: adverse impact ratio and equal opportunity, with counts and intervals. Pure.

The adverse impact ratio is a group's share of approvals over that of the group with the highest share; below four
fifths it is taken for evidence of adverse impact (Uniform Guidelines on Employee Selection, 29 CFR 1607.4 D, used in
lending, too). Equal opportunity (Hardt, Price and Srebro, 2016) compares the shares among those who paid.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, Field

from podion_finance_risk.intervals import Share, difference, ratio, share

FOUR_FIFTHS = 0.8
LEAST_GROUP = 30


@dataclass(frozen=True)
class Case:
    """A decision as fairness sees it: the applicant's attributes, whether approved, whether it went bad if known."""

    sensitive: Mapping[str, object]
    approved: bool
    bad: bool | None


class Ratio(BaseModel):
    """A ratio or difference with its 95 % interval; null where there is nothing to divide or compare by."""

    value: float | None
    low: float | None
    high: float | None


class Group(BaseModel):
    """A group of one attribute; `approved_of_good` counts only those known to have paid."""

    group: str
    count: int
    approved: Share
    adverse_impact_ratio: Ratio = Field(description="against the reference group; below 0.8 it is looked into")
    approved_of_good: Share
    opportunity_gap: Ratio = Field(description="share of the reference group less this one's, among those who paid")
    flagged: bool = Field(description="true: the ratio is below four fifths")


class Attribute(BaseModel):
    """An attribute with its groups, the most approved first; groups below the least size are only counted."""

    attribute: str
    reference: str | None = Field(description="the group with the highest share of approvals")
    groups: list[Group]
    small_groups: dict[str, int] = Field(description="groups too small to be told of, and their counts")
    unknown: int = Field(description="decisions whose request did not say")


def fairness(cases: Sequence[Case], least: int = LEAST_GROUP) -> list[Attribute]:
    """Return every attribute that any request carried; numbers such as an age come in bands of ten."""
    names = sorted({name for case in cases for name in case.sensitive})
    return [_attribute(name, cases, least) for name in names]


def band(name: str, value: object) -> str:
    """Return the group that a value stands for."""
    if isinstance(value, int | float) and not isinstance(value, bool) and "age" in name.casefold():
        start = int(value // 10 * 10)
        return f"{start} to {start + 9}"
    return f"{value:g}" if isinstance(value, float) else str(value).strip().casefold()


def _attribute(name: str, cases: Sequence[Case], least: int) -> Attribute:
    groups: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        if case.sensitive.get(name) is not None:
            groups[band(name, case.sensitive[name])].append(case)
    known = sum(map(len, groups.values()))
    large = {group: members for group, members in groups.items() if len(members) >= least}
    shares = {group: share(sum(case.approved for case in members), len(members)) for group, members in large.items()}
    best = max(shares, key=lambda group: (shares[group].share or 0.0, group), default=None)
    told = [] if best is None else [_group(group, shares, large, best) for group in large]
    return Attribute(
        attribute=name,
        reference=best,
        groups=sorted(told, key=lambda group: (-(group.approved.share or 0.0), group.group)),
        small_groups={group: len(members) for group, members in sorted(groups.items()) if len(members) < least},
        unknown=len(cases) - known,
    )


def _group(group: str, shares: Mapping[str, Share], members: Mapping[str, Sequence[Case]], best: str) -> Group:
    impact = ratio(shares[group], shares[best])
    mine, theirs = _of_good(members[group]), _of_good(members[best])
    gap = difference(theirs, mine)
    return Group(
        group=group,
        count=len(members[group]),
        approved=shares[group],
        adverse_impact_ratio=Ratio(value=impact[0], low=impact[1], high=impact[2]),
        approved_of_good=mine,
        opportunity_gap=Ratio(value=gap[0], low=gap[1], high=gap[2]),
        flagged=impact[0] is not None and impact[0] < FOUR_FIFTHS,
    )


def _of_good(cases: Sequence[Case]) -> Share:
    good = [case for case in cases if case.bad is False]
    return share(sum(case.approved for case in good), len(good))
