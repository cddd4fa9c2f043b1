"""What a tenant may set when it enables the vertical: `PUT /v1/verticals/sentiment_monitor`."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from podion import TenantCaller

_SYNONYMS = {
    "neg": "negative", "pos": "positive", "neu": "neutral", "bearish": "negative", "bullish": "positive",
    "负面": "negative", "正面": "positive", "中性": "neutral", "消极": "negative", "积极": "positive",
}  # fmt: skip


class MonitorSettings(BaseModel):
    """How a tenant's monitoring behaves; every field has a default that works."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    synonyms: dict[str, str] = Field(
        default=_SYNONYMS, description="your sentiment labels → the names under which they are counted"
    )
    same: float = Field(
        default=0.86, ge=0, le=1, description="least cosine at which a touched-up copy is the same story"
    )
    language: Literal["en", "zh"] = Field(default="en", description="of the report page, unless it is asked otherwise")

    def sentiment(self, label: str) -> str:
        """Return the name under which a sentiment is counted."""
        small = label.lower()
        usual = small if small in ("negative", "neutral", "positive") else label
        return self.synonyms.get(label, self.synonyms.get(small, usual))


def settings_of(caller: TenantCaller) -> MonitorSettings:
    """Return the settings of the tenant who calls."""
    return _settings(caller.config)


def _settings(config: Mapping[str, Any]) -> MonitorSettings:
    return MonitorSettings.model_validate(dict(config))
