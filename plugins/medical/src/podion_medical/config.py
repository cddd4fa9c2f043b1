"""What a tenant may set when it enables the vertical: `PUT /v1/verticals/medical`."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from podion import Language, TenantCaller
from podion_medical.schema import CodeSystem


class MedicalSettings(BaseModel):
    """How a tenant's support for clinicians behaves; every field has a default that works."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    patient_facing: bool = Field(
        default=False, description="true: requests may say audience=patient. Meant for supervised studies only"
    )
    language: Language = Field(default="en", description="of notices where a request's text does not tell")
    code_system: CodeSystem = Field(default="ICD-10", description="the system of codes where a request names none")
    code_system_version: str = Field(default="2019", min_length=1, max_length=40, description="the system's version")
    codes_shown: int = Field(default=8, ge=1, le=50, description="most codes, or conditions, of one suggestion")
    widest_set: int = Field(
        default=2, ge=1, le=5, description="a triage whose possible urgencies are more than this goes to a person"
    )
    least_score: float = Field(
        default=0.5, ge=0, le=1, description="a passage that fits a question less well is no source: no answer"
    )


def settings_of(caller: TenantCaller) -> MedicalSettings:
    """Return the settings of the tenant who calls."""
    return _settings(caller.config)


def _settings(config: Mapping[str, Any]) -> MedicalSettings:
    return MedicalSettings.model_validate(dict(config))
