"""What a tenant wants to be told of, and the windows that it looks through."""

import re
from datetime import datetime, time, timedelta
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from podion_sentiment_monitor.counters import STEP_MINUTES, Family, series_of

_DURATION = re.compile(r"^(\d{1,4})(m|h|d)$")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}

Duration = Annotated[str, Field(pattern=_DURATION.pattern, description="as `15m`, `1h`, `28d`", examples=["1h"])]


def duration(text: str) -> timedelta:
    """Return what a duration such as `90m` means."""
    match = _DURATION.match(text)
    assert match is not None, text
    return int(match[1]) * _UNITS[match[2]]


class Quiet(BaseModel):
    """Hours in which alerts are kept but not sent; those of severity `critical` are."""

    model_config = ConfigDict(extra="forbid")

    begin: time = Field(examples=["22:00"])
    end: time = Field(examples=["07:00"])
    zone: str = Field(default="UTC", max_length=60, examples=["Asia/Shanghai"])

    @field_validator("zone")
    @classmethod
    def _is_known(cls, zone: str) -> str:
        if zone not in available_timezones():
            raise ValueError("must be a time zone of the IANA database, as `Asia/Shanghai`")
        return zone

    def holds(self, moment: datetime) -> bool:
        """Return whether a moment lies in these hours; they may go over midnight."""
        local = moment.astimezone(ZoneInfo(self.zone)).time()
        if self.begin <= self.end:
            return self.begin <= local < self.end
        return local >= self.begin or local < self.end


class RuleDraft(BaseModel):
    """A rule as it is sent: which series, and what counts as a surge of them."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=100, pattern=r"^\S(.*\S)?$", examples=["deposit safety"])
    over: Family = Field(default="topic", description="what is counted: each topic, entity or source, or all together")
    names: list[Annotated[str, Field(min_length=1, max_length=80)]] = Field(
        default=[], max_length=200, description="only these topics, entities or sources; empty: every one"
    )
    sentiment: str | None = Field(default="negative", max_length=200, description="only this one; null: any")
    window: Duration = "1h"
    baseline: Duration = "28d"
    min_stories: int = Field(default=8, ge=1, le=100_000, description="fewer distinct stories are no surge")
    ratio: float = Field(default=3.0, ge=1, le=1_000, description="least observed / expected")
    fdr: float = Field(default=0.008, gt=0, le=0.5, description="share of false among what one look finds")
    min_history: Duration = Field(default="3d", description="silent while less than this is known")
    cooldown: Duration = Field(default="3h", description="after the end, the same series is silent for so long")
    repeat: Duration = Field(default="24h", description="what still fires and nobody took is sent again after this")
    grace: Duration = Field(default="2h", description="articles that come so late still open their window again")
    severity: Literal["info", "warning", "critical"] = "warning"
    quiet: Quiet | None = None
    enabled: bool = True

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        step = timedelta(minutes=STEP_MINUTES)
        if not step <= duration(self.window) <= timedelta(days=1) or duration(self.window) % step:
            raise ValueError(f"window must be {STEP_MINUTES} minutes to 1 day, in steps of {STEP_MINUTES} minutes")
        if not timedelta(days=1) <= duration(self.baseline) <= timedelta(days=92):
            raise ValueError("baseline must be 1 to 92 days")
        if not timedelta(days=1) <= duration(self.min_history) <= duration(self.baseline):
            raise ValueError("min_history must be 1 day or more, and no longer than baseline")
        if duration(self.grace) > timedelta(days=1):
            raise ValueError("grace must be 1 day or less")
        if self.over == "all" and self.names:
            raise ValueError("names say which topics, entities or sources: over `all` there are none")
        return self

    def subject(self, key: str) -> str | None:
        """Return whom a series of counts is about, as this rule tells them apart; None for one it does not watch."""
        series = series_of(key)
        if series.family != self.over or (self.names and series.name not in self.names):
            return None
        if self.sentiment is None:
            return series.name
        return series.name if series.sentiment == self.sentiment else None


class Rule(RuleDraft):
    """A rule as it is kept."""

    id: str = ""
