"""`/cds-services`: CDS Hooks 2.0, at the root where the standard puts it."""

from typing import Annotated

from fastapi import APIRouter, Body, Path

from podion import Caller, DataError, Fault, NotFound, TenantCaller, answer_like, requires
from podion_medical import judging
from podion_medical.cards import (
    CardFeedback,
    Cards,
    FeedbackIn,
    FeedbackTaken,
    HookCall,
    Services,
    ShownCard,
    choice_id,
)
from podion_medical.hook_services import SERVICES, service_of
from podion_medical.suggestions import Suggestion

router = APIRouter()

ServiceId = Annotated[str, Path(max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
_INSTANCE = "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"
_CALL = {
    "hook": "encounter-start", "hookInstance": _INSTANCE,
    "context": {"userId": "Practitioner/1", "patientId": "4711", "encounterId": "9"},
    "prefetch": {
        "patient": {"resourceType": "Patient", "gender": "male", "birthDate": "1964-05-02"},
        "encounter": {
            "resourceType": "Encounter", "status": "arrived", "class": {"code": "EMER"},
            "reasonCode": [{"text": "Crushing chest pain for an hour"}],
        },
        "vitals": None,
    },
}  # fmt: skip
_CARD = {
    "uuid": "4e0a3a1e-3283-4575-ab82-028d55fe2719", "summary": "Urgency 2 of 5 (1 most urgent): Chest pain",
    "indicator": "critical", "source": {"label": "Podion medical, support for clinicians"},
    "overrideReasons": [{"code": "not-applicable", "display": "Does not apply to this patient"}],
}  # fmt: skip
_WORD = {
    "card": "4e0a3a1e-3283-4575-ab82-028d55fe2719", "outcome": "overridden",
    "overrideReason": {"reason": {"code": "not-applicable"}, "userComment": "known, stable"},
    "outcomeTimestamp": "2026-03-17T09:31:00Z",
}  # fmt: skip


@router.get("", dependencies=[requires("predict")], responses=answer_like({"services": []}))
async def list_cds_services(caller: Caller) -> Services:
    """Return the CDS Hooks services with the data that each needs prefetched."""
    return Services(services=[each.shown for each in SERVICES])


@router.post(
    "/{service}",
    dependencies=[requires("predict")],
    response_model_exclude_none=True,
    responses=answer_like({"cards": [_CARD]}),
)
async def call_cds_service(
    service: ServiceId, call: Annotated[HookCall, Body(examples=[_CALL])], caller: Caller
) -> Cards:
    """Answer a hook with cards; 412 `incomplete` where prefetch data are missing: nothing is fetched from elsewhere."""
    found = service_of(service)
    if call.hook != found.shown.hook:
        raise DataError(
            f"{service} answers {found.shown.hook}, and was called by another hook",
            faults=[Fault("/hook", f"must be {found.shown.hook}")],
        )
    return Cards(cards=await found.answer(caller, call))


@router.post("/{service}/feedback", dependencies=[requires("data")], responses=answer_like({"taken": 1}))
async def take_cds_feedback(
    service: ServiceId, request: Annotated[FeedbackIn, Body(examples=[{"feedback": [_WORD]}])], caller: Caller
) -> FeedbackTaken:
    """Take what became of cards: accepted or overridden, with the reason; it feeds the next run.

    A card may be told of again; the latest outcome holds. 404 where a card is not this tenant's: nothing is taken.
    """
    service_of(service)
    found = [await _suggestion(caller, place, word) for place, word in enumerate(request.feedback)]
    for suggestion, word in zip(found, request.feedback, strict=True):
        await _take(caller, suggestion, word)
    return FeedbackTaken(taken=len(found))


async def _suggestion(caller: TenantCaller, place: int, word: CardFeedback) -> Suggestion:
    try:
        shown = await caller.store.get(ShownCard, word.card)
    except NotFound as missing:
        raise NotFound(f"no card has the UUID of /feedback/{place}/card") from missing
    suggestion = await caller.store.get(Suggestion, shown.suggestion)
    told = [each.id for each in word.acceptedSuggestions or ()]
    if word.outcome == "accepted" and told != [choice_id(suggestion.id)]:
        raise DataError(
            "an accepted card names the suggestion that was picked",
            faults=[Fault(f"/feedback/{place}/acceptedSuggestions", "the UUID of the card's one suggestion")],
        )
    return suggestion


async def _take(caller: TenantCaller, suggestion: Suggestion, word: CardFeedback) -> None:
    held = suggestion.verdict
    if held is not None and held.at > word.outcomeTimestamp:
        return
    if word.outcome == "accepted":
        await judging.accept(caller, suggestion.id, at=word.outcomeTimestamp, again=True)
        return
    reason = word.overrideReason
    coding = reason.reason if reason else None
    await judging.override(
        caller,
        suggestion.id,
        reason=(reason.userComment or "") if reason else "",
        reason_code=coding.code if coding else "",
        at=word.outcomeTimestamp,
        again=True,
    )
