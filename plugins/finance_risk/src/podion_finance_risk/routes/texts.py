"""`/texts:score` and `/customers:classify`: complaints, phishing and spam; the tenant's classes of customers."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field

from podion import Caller, Kept, LabelAnswer, Prediction, answer_like, requires
from podion_finance_risk.customers import ClassifiedCustomer, records_of
from podion_finance_risk.schema import Customer, RiskText
from podion_finance_risk.tasks import customer_class, text_risk

router = APIRouter(dependencies=[requires("predict")])

_TEXT = {"text": "Your account is locked. Confirm your password at http://bank-secure.example now."}
_SCORED = {
    "task": "finance_risk/text_risk",
    "adapter": "7d1e…",
    "answers": [
        {
            "prediction_id": "prd_01JZ8Q5T3N6W2K4Y7B9D0F1G2H",
            "confidence": 0.97,
            "abstained": False,
            "label": "phishing",
            "alternatives": [{"label": "spam", "confidence": 0.02}],
        }
    ],
}
_CUSTOMER = {"customer_ref": "c1f0a9", "balance": 5200, "tenure_months": 30, "products": 2, "channel": "app"}
_CLASSIFIED = {
    "id": "cls_01JZ8Q5T3N6W2K4Y7B9D0F1G2H",
    "customer_ref": "c1f0a9",
    "label": "growing",
    "confidence": 0.81,
    "abstained": False,
    "alternatives": [{"label": "steady", "confidence": 0.12}],
    "adapter": "55c0…",
    "prediction_id": "prd_01JZ8Q5T3N6W2K4Y7B9D0F1G2H",
    "at": "2026-03-17T09:30:00Z",
    "became": None,
}


class Texts(BaseModel):
    """Texts to be judged, in this order."""

    model_config = ConfigDict(extra="forbid")

    texts: list[RiskText] = Field(min_length=1, max_length=256)


class Customers(BaseModel):
    """Customers to be put into classes, in this order."""

    model_config = ConfigDict(extra="forbid")

    customers: list[Customer] = Field(min_length=1, max_length=256)


@router.post("/texts:score", responses=answer_like(_SCORED))
async def score_texts(
    request: Annotated[Texts, Body(examples=[{"texts": [_TEXT]}])], caller: Caller
) -> Prediction[LabelAnswer]:
    """Say what each text is: complaint, phishing, spam, or whatever your labels are called."""
    return await caller.predict(text_risk, [text.model_copy(update={"label": None}) for text in request.texts])


@router.post("/customers:classify", responses=answer_like({"data": [_CLASSIFIED]}))
async def classify_customers(
    request: Annotated[Customers, Body(examples=[{"customers": [_CUSTOMER]}])], caller: Caller
) -> Kept[ClassifiedCustomer]:
    """Put customers into your classes; what they turn out to be is told by `POST /outcomes`."""
    prediction = await caller.predict(customer_class, records_of(request.customers))
    now, first = datetime.now(UTC), caller.new_id("cls")
    classified = [
        ClassifiedCustomer(
            id=f"{first}-{place}" if place else first,
            customer_ref=customer.customer_ref,
            label=answer.label,
            confidence=answer.confidence,
            abstained=answer.abstained,
            alternatives=answer.alternatives,
            adapter=prediction.adapter,
            prediction_id=answer.prediction_id,
            at=now,
        )
        for place, (customer, answer) in enumerate(zip(request.customers, prediction.answers, strict=True))
    ]
    return Kept(data=list(await caller.store.put_all(classified)))
