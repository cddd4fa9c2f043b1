"""Customer service over HTTP, beside the routes that the host gives every vertical."""

from typing import Annotated, Any

from fastapi import APIRouter, Body

from podion import Caller, LabelAnswer, Prediction, requires
from podion_customer_service.schema import ParseRequest
from podion_customer_service.tasks import intent

router = APIRouter(dependencies=[requires("predict")])

_REQUESTS: dict[str, Any] = {
    "one": {"summary": "One utterance", "value": {"text": "my parcel should have come on Monday"}},
    "several": {"summary": "Several utterances", "value": {"texts": ["退款什么时候到账", "talk to a human pls"]}},
}
_ANSWER = {
    "task": "customer_service/intent",
    "adapter": "zero-shot",
    "answers": [
        {
            "prediction_id": "prd_01JZ8Q5T3N6W2K4Y7B9D0F1G2H",
            "confidence": 0.93,
            "abstained": False,
            "label": "delivery_delay",
            "alternatives": [{"label": "order_status", "confidence": 0.05}],
        }
    ],
}


@router.post("/parse", responses={200: {"content": {"application/json": {"example": _ANSWER}}}})
async def post_parse(
    request: Annotated[ParseRequest, Body(openapi_examples=_REQUESTS)], caller: Caller
) -> Prediction[LabelAnswer]:
    """Say what each utterance is about: an intent with its calibrated confidence, or an abstention.

    An answer with `abstained` true fits none of the intents well enough to act on it. The adapter that is live for
    the tenant answers; before any deployment, the names of the uploaded intents do (`"adapter": "zero-shot"`).
    Name an answer's `prediction_id` in feedback to correct it.
    """
    return await caller.predict(intent, request.utterances())
