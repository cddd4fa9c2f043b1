"""Examples of what the routes answer, for the API's page."""

from typing import Any

from podion_customer_service.routes.replies import ANSWER_EXAMPLE

CONVERSATION: dict[str, Any] = {
    "id": "cnv_01JZ8Q5T3N6W2K4Y7B9D0F1G2H",
    "state": "bot",
    "language": "zh",
    "audience": "customers",
    "customer": {"tier": "gold"},
    "opened_at": "2026-07-01T09:00:00Z",
    "turns": [
        {
            "id": "msg_01JZ8Q5T3N6W2K4Y7B9D0F1G2J",
            "role": "customer",
            "text": "怎么退货",
            "at": "2026-07-01T09:00:05Z",
            "action": None,
            "source": None,
            "replies_to": None,
        }
    ],
    "boundary": 0,
    "intent": None,
    "slots": {},
    "awaiting": None,
    "asked": 0,
    "clarification": None,
    "handovers": [],
    "ended_at": None,
    "ended_by": None,
    "csat": None,
    "revision": 1,
}
MESSAGE: dict[str, Any] = {
    "conversation_id": CONVERSATION["id"],
    "message_id": "msg_01JZ8Q5T3N6W2K4Y7B9D0F1G2J",
    "state": "bot",
    "reply": ANSWER_EXAMPLE,
}
HANDOVER: dict[str, Any] = {
    "conversation_id": CONVERSATION["id"],
    "state": "waiting_human",
    "reason": "asked_for_a_person",
    "detail": "in the customer's words",
    "at": "2026-07-01T09:01:00Z",
    "intent": "return_item",
    "slots": {"order_number": "SN-2047"},
    "tried": [{"step": "red_line", "why": "no red line is touched"}],
    "summary": "怎么退货",
    "customer": {"tier": "gold"},
    "language": "zh",
    "transcript": CONVERSATION["turns"],
    "current_from": 0,
}
