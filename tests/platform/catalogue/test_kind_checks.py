"""What is refused of the kinds and collections of a vertical; each message says what was seen and what to do."""

from typing import Annotated, Any

import pytest
from pydantic import BaseModel

from podion import CollectionSpec, Document, LabelHead, Personal, Task, Vertical
from podion.catalogue.kind_checks import kind_problems


class Remark(BaseModel):
    text: str
    label: str | None = None


class Note(BaseModel):
    id: str = ""
    words: Annotated[str, Personal()]
    more: Annotated[list[str] | None, Personal()] = None


class Age(BaseModel):
    id: str = ""
    years: Annotated[int, Personal()]


class Nameless(BaseModel):
    words: str


NOTES = CollectionSpec(name="notes", kind=Note, texts=("words",))


def _problems(**more: Any) -> list[str]:
    task = Task(name="judge", record=Remark, head=LabelHead())
    vertical = Vertical(name="praise", title={"en": "Praise", "zh": "好评"}, tasks=(task,), **more)
    return [str(problem.cause) for problem in kind_problems(vertical)]


def test_good_kinds_and_collections_pass() -> None:
    assert _problems(kinds=(Note,), collections=(NOTES,)) == []
    assert _problems(collections=(CollectionSpec(name="documents"),)) == []
    assert Document.model_fields["id"].default == ""


@pytest.mark.parametrize(
    ("more", "cause"),
    [
        ({"kinds": (Nameless,)}, 'the kind Nameless has no field `id: str = ""`'),
        ({"kinds": (Age,)}, "the field 'years' of Age is marked Personal and holds no text"),
        ({"kinds": ("Note",)}, "is no pydantic model"),
        ({"kinds": (Note, Note)}, "the kind 'Note' is declared 2 times"),
        ({"collections": (NOTES, NOTES)}, "the collection 'notes' is declared 2 times"),
        ({"collections": (CollectionSpec(name="n", kind=Note, texts=("wrods",)),)}, "Did you mean 'words'?"),
        ({"collections": (CollectionSpec(name="n", kind=Note, texts=()),)}, "`texts` names no field"),
        ({"collections": (CollectionSpec(name="n", kind=Note, texts=("words",), filters=("x",)),)}, "`filters` names"),
    ],
)
def test_what_cannot_be_kept_or_searched_is_refused(more: dict[str, Any], cause: str) -> None:
    assert any(cause in problem for problem in _problems(**more)), _problems(**more)
