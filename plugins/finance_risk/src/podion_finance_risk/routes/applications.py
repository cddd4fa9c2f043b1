"""`/applications:score`: one application or many, decided by the tenant's policy."""

from typing import Annotated, Any, Self

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field, model_validator

from podion import Caller, Kept, TenantCaller, answer_like, requires
from podion_finance_risk.applications import score
from podion_finance_risk.decisions import Application, Decision, SensitiveValue
from podion_finance_risk.routes.examples import APPLICATION, DECISION
from podion_finance_risk.schema import SENSITIVE, Moment, Narrative, OpenRecord, Reference

router = APIRouter(dependencies=[requires("predict")])

MOST_AT_ONCE = 256


class NewApplication(OpenRecord):
    """An application to be decided: the fields of a training record, but for the label. Every other field is a feature.

    `sensitive` is kept for the fairness report and read by no model, and so are fields such as `sex` or `age` that
    stand among the features.
    """

    application_id: Reference = Field(default="", description="your own number of the application")
    applicant_ref: Reference = Field(default="", description="your own pseudonym of the applicant")
    applied_at: Moment | None = Field(default=None, description="default: now")
    text: Narrative = Field(default="", description="what the applicant or the officer wrote")
    sensitive: dict[Annotated[str, Field(max_length=100)], SensitiveValue] = Field(default={}, max_length=20)

    @model_validator(mode="after")
    def _no_label(self) -> Self:
        if "label" in self.features():
            raise ValueError("an application to be decided has no label: how it went is told by POST /outcomes")
        return self

    def received(self, id: str) -> Application:
        """Return what is kept of it, under the id that its decision will have."""
        features = self.features()
        withheld = {name: value for name, value in features.items() if name in SENSITIVE}
        return Application(
            id=id,
            application_id=self.application_id,
            applicant_ref=self.applicant_ref,
            applied_at=self.applied_at,
            text=self.text,
            features={name: value for name, value in features.items() if name not in withheld},
            sensitive={**{name: value for name, value in withheld.items() if value is not None}, **self.sensitive},
        )


class NewApplications(BaseModel):
    """Several applications, decided in this order."""

    model_config = ConfigDict(extra="forbid")

    applications: list[NewApplication] = Field(min_length=1, max_length=MOST_AT_ONCE)


@router.post("/applications:score", responses=answer_like(DECISION))
async def score_application(
    application: Annotated[NewApplication, Body(examples=[APPLICATION])], caller: Caller
) -> Decision:
    """Decide an application: score, probability of going bad, grade, action, and up to four exact reasons.

    Higher scores are better. `refer` puts the decision into the review queue. 409 `untrained` until the model that
    the policy lets decide is deployed.
    """
    [decision] = await _decided(caller, [application])
    return decision


@router.post("/applications:score-batch", responses=answer_like({"data": [DECISION]}))
async def score_applications(
    request: Annotated[NewApplications, Body(examples=[{"applications": [APPLICATION]}])], caller: Caller
) -> Kept[Decision]:
    """Decide up to 256 applications in one pass; answers come in the order sent."""
    return Kept(data=await _decided(caller, request.applications))


async def _decided(caller: TenantCaller, sent: list[Any]) -> list[Decision]:
    first = caller.new_id("dec")
    ids = [first, *(f"{first}-{place}" for place in range(1, len(sent)))]
    return await score(caller, [each.received(id) for each, id in zip(sent, ids, strict=True)])
