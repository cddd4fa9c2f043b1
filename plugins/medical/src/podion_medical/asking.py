"""What every suggestion has in common: the text as it is kept, the models asked, the suggestion written down."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel

from podion import Answer, Conflict, Prediction, Task, TenantCaller
from podion_medical.suggestions import Evidence, Suggestion

MADE, READ = "suggestion.make", "suggestion.read"


async def answered(
    caller: TenantCaller, task: Task, record: BaseModel
) -> tuple[Prediction[Any], Any] | tuple[None, None]:
    """Return what answers a record and its answer; nothing while no adapter is deployed that could."""
    prediction = await predicted(caller, task, [record])
    return (prediction, prediction.answers[0]) if prediction else (None, None)


async def predicted(caller: TenantCaller, task: Task, records: Sequence[BaseModel]) -> Prediction[Any] | None:
    """Return what answers records; nothing while no adapter is deployed that could."""
    try:
        return await caller.predict(task, records)
    except Conflict as conflict:
        if conflict.code != "untrained":
            raise
        return None


async def keep(caller: TenantCaller, suggestion: Suggestion) -> Suggestion:
    """Keep a suggestion and write down who asked for it."""
    kept = await caller.store.put(suggestion)
    await caller.note(MADE, [kept.id])
    return kept


def begun(caller: TenantCaller, **fields: Any) -> dict[str, Any]:
    """Return the fields that any new suggestion has: an id, the moment, and who asks."""
    return {"id": caller.new_id("sug"), "at": datetime.now(UTC), "asked_by": caller.actor, **fields}


def stretch(text: str, start: int, end: int, **more: Any) -> Evidence:
    """Return a stretch of a text as evidence, quoted to the character."""
    return Evidence(start=start, end=end, quote=text[start:end], **more)


def told(answer: Answer | None) -> dict[str, Any]:
    """Return what a model's answer says of itself."""
    if answer is None:
        return {"confidence": None, "prediction_id": ""}
    possible: Sequence[str] = getattr(answer, "possible", ())
    return {"confidence": answer.confidence, "prediction_id": answer.prediction_id, "possible": tuple(possible)}
