"""`/guidelines` and `/questions`: the tenant's own sources in versions, and answers in their words."""

from typing import Annotated

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, ConfigDict, Field

from podion import Caller, Cursor, DocumentId, Gone, Language, Limit, Page, answer_like, requires
from podion_medical import guidelines
from podion_medical.audience import Audience, language_for, refuse_patients
from podion_medical.guidelines import Guideline, GuidelineIn
from podion_medical.questioning import suggest_answer, suggest_quotes
from podion_medical.routes.examples import GUIDELINE, KEPT_GUIDELINE, SOURCED
from podion_medical.schema import MedicalWords, NoteWords
from podion_medical.suggestions import Suggestion

router = APIRouter()

_QUESTION = {"question": "How soon are antibiotics given in septic shock?"}


class Question(BaseModel):
    """A question to the tenant's guidelines; with a `context`, a yes/no question to that passage alone."""

    model_config = ConfigDict(extra="forbid")

    question: MedicalWords
    context: NoteWords | None = Field(default=None, description="a passage, such as an abstract")
    most: int = Field(default=3, ge=1, le=20, description="most quotes")
    only: Language | None = Field(default=None, description="guidelines of one language")
    language: Language | None = Field(default=None, description="of notices; left out: that of the question")
    audience: Audience = "clinician"


@router.post(
    "/guidelines", status_code=201, dependencies=[requires("data")], responses=answer_like(KEPT_GUIDELINE, 201)
)
async def file_guideline(guideline: Annotated[GuidelineIn, Body(examples=[GUIDELINE])], caller: Caller) -> Guideline:
    """Keep a guideline; under an id that is there it is the version that is quoted from now on. Found at once."""
    return await guidelines.file(caller, guideline)


@router.get("/guidelines", dependencies=[requires("data")], responses=answer_like({"data": [KEPT_GUIDELINE]}))
async def list_guidelines(caller: Caller, cursor: Cursor = None, limit: Limit = 50) -> Page[Guideline]:
    """Return the guidelines that hold, newest first."""
    return await caller.store.list(Guideline, None, cursor, limit)


@router.get("/guidelines/{guideline}", dependencies=[requires("data")], responses=answer_like(KEPT_GUIDELINE))
async def get_guideline(
    guideline: DocumentId,
    caller: Caller,
    version: Annotated[str | None, Query(max_length=100, description="left out: the one that holds")] = None,
) -> Guideline:
    """Return a guideline, or the older version that a quote of then was taken from."""
    return await guidelines.read(caller, guideline, version)


@router.delete("/guidelines/{guideline}", dependencies=[requires("data")], responses=answer_like({"id": "sepsis"}))
async def delete_guideline(guideline: DocumentId, caller: Caller) -> Gone:
    """Quote a guideline no more, from now on; its older versions stay for whoever asks where a quote came from."""
    await caller.store.delete(Guideline, guideline)
    return Gone(id=guideline)


@router.post("/questions", dependencies=[requires("predict")], responses=answer_like(SOURCED))
async def ask(request: Annotated[Question, Body(examples=[_QUESTION])], caller: Caller) -> Suggestion:
    """Answer in the words of the tenant's guidelines, with version, page and offsets. No source: no answer.

    With a `context` the question is one of yes or no, and `items` rank yes, no and maybe by that passage; 409
    `untrained` until an adapter of `answer` is deployed.
    """
    refuse_patients(caller, request.audience)
    language = language_for(caller, request.question, request.language)
    if request.context is not None:
        return await suggest_answer(caller, request.question, request.context, language)
    return await suggest_quotes(caller, request.question, language, most=request.most, only=request.only)
