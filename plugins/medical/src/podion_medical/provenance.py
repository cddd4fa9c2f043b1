"""Where a suggestion comes from: model version, method, base, note version, spans, guideline pages, who asked."""

from pydantic import AwareDatetime, BaseModel, Field

from podion import Task, TenantCaller
from podion_medical.suggestions import Evidence, Flag, Suggestion, Verdict
from podion_medical.tasks import TASKS


class ModelUsed(BaseModel):
    """The model that answered; nothing where rules or sources alone did."""

    task: str
    adapter: str
    method: str = Field(description="how it was made; empty where the adapter is gone, or zero-shot")
    base: str
    created_at: AwareDatetime | None


class Source(BaseModel):
    """A document that a suggestion rests on, in the version that said so."""

    kind: str
    id: str
    version: str


class ProvenanceOut(BaseModel):
    """All that a suggestion was made of."""

    suggestion: str
    kind: str
    at: AwareDatetime
    asked_by: str = Field(description="the id of the key that asked")
    model: ModelUsed | None
    prediction_id: str
    sources: list[Source]
    evidence: list[Evidence]
    red_flags: list[Flag]
    code_system: str
    code_system_version: str
    verdict: Verdict | None


async def provenance_of(caller: TenantCaller, suggestion: Suggestion) -> ProvenanceOut:
    """Return where a suggestion comes from."""
    evidence = all_evidence(suggestion)
    sources = {
        (each.source, each.document, each.version): Source(kind=each.source, id=each.document, version=each.version)
        for each in evidence
        if each.document
    }
    if suggestion.note is not None:
        version = str(suggestion.note_version)
        sources[("note", suggestion.note, version)] = Source(kind="note", id=suggestion.note, version=version)
    return ProvenanceOut(
        suggestion=suggestion.id,
        kind=suggestion.kind,
        at=suggestion.at,
        asked_by=suggestion.asked_by,
        model=await _model(caller, suggestion),
        prediction_id=suggestion.prediction_id,
        sources=list(sources.values()),
        evidence=evidence,
        red_flags=list(suggestion.red_flags),
        code_system=suggestion.system,
        code_system_version=suggestion.system_version,
        verdict=suggestion.verdict,
    )


def all_evidence(suggestion: Suggestion) -> list[Evidence]:
    """Return every stretch that a suggestion rests on, also of what was held back."""
    parts = [*suggestion.evidence]
    parts += [each for item in suggestion.items for each in item.evidence]
    parts += [each for held in suggestion.held_back for each in held.evidence]
    return parts + [flag.evidence for flag in suggestion.red_flags if flag.evidence is not None]


async def _model(caller: TenantCaller, suggestion: Suggestion) -> ModelUsed | None:
    if suggestion.adapter is None:
        return None
    task = _task_of(suggestion.task)
    cards = await caller.adapters(task) if task is not None else ()
    card = next((each for each in cards if each.adapter == suggestion.adapter), None)
    return ModelUsed(
        task=suggestion.task,
        adapter=suggestion.adapter,
        method=card.method if card else "",
        base=card.base if card else "",
        created_at=card.created_at if card else None,
    )


def _task_of(name: str) -> Task | None:
    return next((task for task in TASKS if f"medical/{task.name}" == name), None)
