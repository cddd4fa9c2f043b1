"""How things went, told later: kept, written to what it is about, and fed back so that the next run learns it."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from podion import DataError, Fault, NotFound, TenantCaller
from podion_finance_risk.customers import ClassifiedCustomer
from podion_finance_risk.decisions import Decision, gone
from podion_finance_risk.schema import Moment, Reference
from podion_finance_risk.tasks import BAD, GOOD
from podion_finance_risk.transactions import ScoredTransaction, learn

Kind = Literal["default_12m", "fraud", "chargeback", "customer_class"]
About = Decision | ScoredTransaction | ClassifiedCustomer
AHEAD = timedelta(minutes=5)
"""How far a clock may be ahead."""


class NewOutcome(BaseModel):
    """How something went. Labels mature: `observed_at` says since when it is known."""

    model_config = ConfigDict(extra="forbid")

    ref: Reference = Field(
        min_length=1, description="id of a decision, transaction or classified customer, or your own number of it"
    )
    kind: Kind
    value: Literal[0, 1] | str = Field(description="1: it went bad, it was fraud; or the class of the customer")
    observed_at: Moment = Field(description="since when this is known")

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if self.kind == "customer_class":
            if not isinstance(self.value, str) or not self.value.strip() or len(self.value) > 200:
                raise ValueError("the value of customer_class is the name of a class, up to 200 characters")
        elif self.value not in (0, 1):
            raise ValueError(f"the value of {self.kind} is 0 or 1 (it is {self.value!r})")
        return self

    @property
    def label(self) -> str:
        """The label that it gives to what it is about."""
        return self.value if isinstance(self.value, str) else (BAD if self.value else GOOD)


class Outcome(BaseModel):
    """An outcome as it was kept."""

    model_config = ConfigDict(frozen=True)

    id: str = ""
    ref: Reference
    kind: Kind
    value: int | str
    observed_at: AwareDatetime
    received_at: AwareDatetime
    about: str = Field(description="id of the decision, transaction or classified customer")
    predictions: tuple[str, ...] = Field(description="answers that it was fed back to")


async def take(caller: TenantCaller, told: Sequence[NewOutcome]) -> list[Outcome]:
    """Return the outcomes as they were kept, in order; one that was told before changes nothing.

    Raises `DataError` that names every outcome of something unknown, or observed in the future or before what it is
    about; then none is kept.
    """
    now = datetime.now(UTC)
    abouts = [await _about(caller, outcome) for outcome in told]
    faults = [
        Fault(f"/outcomes/{place}/{where}", why)
        for place, (outcome, about) in enumerate(zip(told, abouts, strict=True))
        for where, why in _faults(outcome, about, now)
    ]
    if faults:
        raise DataError(f"{len(faults)} outcomes cannot be taken, and none was: {faults[0].detail}", faults=faults[:20])
    kept = []
    for outcome, about in zip(told, abouts, strict=True):
        kept.append(await _taken(caller, outcome, about, now))
    return kept


async def _taken(caller: TenantCaller, outcome: NewOutcome, about: About | None, now: datetime) -> Outcome:
    assert about is not None
    identity = json.dumps([about.id, outcome.kind, outcome.value, outcome.observed_at.isoformat()])
    id = f"out_{sha256(identity.encode('utf-8', 'surrogatepass')).hexdigest()[:40]}"
    try:
        return await caller.store.get(Outcome, id)
    except NotFound:
        predictions = await _told(caller, outcome, about)
    for prediction in predictions:
        await caller.review(prediction, label=outcome.label, comment=f"outcome {outcome.kind}")
    return await caller.store.put(
        Outcome(
            id=id,
            ref=outcome.ref,
            kind=outcome.kind,
            value=outcome.value,
            observed_at=outcome.observed_at,
            received_at=now,
            about=about.id,
            predictions=predictions,
        )
    )


async def _told(caller: TenantCaller, outcome: NewOutcome, about: About) -> tuple[str, ...]:
    """Write an outcome to what it is about; return the predictions that it judges."""
    bad = outcome.label == BAD
    match about:
        case Decision():
            await caller.store.update(Decision, about.id, lambda kept: gone(kept, bad, outcome.observed_at))
            return tuple(about.prediction_ids.values())
        case ScoredTransaction():
            await caller.store.update(ScoredTransaction, about.id, lambda kept: _found_out(kept, outcome))
            await learn(caller, about, outcome.label, outcome.observed_at)
        case ClassifiedCustomer():
            became = {"became": outcome.label}
            await caller.store.update(ClassifiedCustomer, about.id, lambda kept: kept.model_copy(update=became))
    return (about.prediction_id,)


def _found_out(kept: ScoredTransaction, outcome: NewOutcome) -> ScoredTransaction:
    if kept.fraud_observed_at is not None and kept.fraud_observed_at > outcome.observed_at:
        return kept
    return kept.model_copy(update={"fraud": outcome.label == BAD, "fraud_observed_at": outcome.observed_at})


_ABOUT: Mapping[Kind, tuple[type[About], str, str]] = {
    "default_12m": (Decision, "application_id", "decision or application"),
    "fraud": (ScoredTransaction, "transaction_id", "scored transaction"),
    "chargeback": (ScoredTransaction, "transaction_id", "scored transaction"),
    "customer_class": (ClassifiedCustomer, "customer_ref", "classified customer"),
}
"""What a kind of outcome is about, the field that holds the tenant's own number of it, and its name."""


async def _about(caller: TenantCaller, outcome: NewOutcome) -> About | None:
    """Return what an outcome is about; None for what this tenant does not have."""
    kind, own, _ = _ABOUT[outcome.kind]
    try:
        return await caller.store.get(kind, outcome.ref)
    except NotFound:
        found = await caller.store.list(kind, {own: outcome.ref}, limit=1)
        return found.data[0] if found.data else None


def _faults(outcome: NewOutcome, about: About | None, now: datetime) -> list[tuple[str, str]]:
    if about is None:
        return [("ref", f"there is no {_ABOUT[outcome.kind][2]} {outcome.ref!r}")]
    if outcome.observed_at > now + AHEAD:
        return [("observed_at", f"{outcome.observed_at.isoformat()} is in the future: tell it when it is known")]
    began = about.payment.at if isinstance(about, ScoredTransaction) else about.at
    if outcome.observed_at < began:
        return [("observed_at", f"{outcome.observed_at.isoformat()} is before what it is about ({began.isoformat()})")]
    return []
