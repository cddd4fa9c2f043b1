"""`/e2e-tests:run`: golden conversations."""

from typing import Annotated

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict

from podion import Caller, answer_like, requires
from podion_customer_service.golden import GoldenConversations, GoldenReport, run

router = APIRouter(dependencies=[requires("data")])

_BODY = {
    "conversations": [
        {"name": "a return", "turns": [{"say": "怎么退货", "expect": {"action": "answer", "intent": "return_item"}}]}
    ]
}
_REPORT = {
    "passed": 0,
    "failed": 1,
    "failures": [
        {
            "name": "a return",
            "turn": 1,
            "say": "怎么退货",
            "bot": "麻烦告诉我一下订单号。",
            "differences": [{"what": "action", "expected": "answer", "got": "ask_slot"}],
        }
    ],
    "intents": {"touched": ["return_item"], "missing": ["warranty"], "share": 0.5},
    "templates": {"touched": [], "missing": ["return-zh", "warranty-zh"], "share": 0.0},
}


class GoldenRequest(BaseModel):
    """Conversations that must go as they are written."""

    model_config = ConfigDict(extra="forbid")

    conversations: GoldenConversations


@router.post("/e2e-tests:run", responses=answer_like(_REPORT))
async def run_golden(request: Annotated[GoldenRequest, Body(examples=[_BODY])], caller: Caller) -> GoldenReport:
    """Play conversations with what the tenant has now, and say which went otherwise, where, and what they covered.

    Nothing of them is kept: no conversation, no question, no figure. The predictions are metered as any other.
    """
    return await run(caller, request.conversations)
