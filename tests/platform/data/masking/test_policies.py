"""A tenant's own policies: checked against the fields there are, and put over the plugin's defaults."""

from typing import Annotated

import pytest
from pydantic import BaseModel

from podion.data.masking.policies import COMMENT, Masking, checked_policies, merged_policies, personal_names
from podion.errors import DataError
from podion.head_kinds import LabelHead
from podion.vertical import Personal, Task, Vertical


class Note(BaseModel):
    id: str = ""
    body: Annotated[str, Personal("reject")] = ""


class Said(BaseModel):
    text: Annotated[str, Personal()]
    label: str | None = None


TASK = Task(name="intent", record=Said, head=LabelHead())
DESK = Vertical(name="desk", title={"en": "Desk"}, tasks=(TASK,), kinds=(Note,))


def test_every_personal_field_of_a_vertical_has_a_name() -> None:
    assert personal_names(DESK) == {"intent.text": "mask", "Note.body": "reject", COMMENT: "mask"}


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"intent.txt": "mask"}, "did you mean 'intent.text'?"),
        ({"intent.label": "mask"}, "no personal field 'intent.label'"),
        ({"intent.text": "tokenize"}, "did you mean 'tokenise'?"),
    ],
)
def test_an_unknown_name_is_refused_with_a_suggestion(chosen: dict[str, str], said: str) -> None:
    with pytest.raises(DataError, match=r"personal|policy") as refusal:
        checked_policies(DESK, chosen)
    assert said in refusal.value.detail
    assert refusal.value.code == "bad_policy"
    assert refusal.value.faults[0].pointer == f"/personal/{next(iter(chosen))}"


def test_a_tenants_policy_stands_over_the_default() -> None:
    assert merged_policies("intent", Said, checked_policies(DESK, {"intent.text": "reject"})) == {"text": "reject"}
    assert merged_policies("intent", Said, {"other.text": "reject"}) == {"text": "mask"}
    assert merged_policies("intent", Said, {"intent.text": "from-a-later-version"}) == {"text": "mask"}


def test_a_comment_is_masked_and_can_be_rejected() -> None:
    masking = Masking(bytes(32))
    assert masking.comment("ten_a", "ask e@x.example") == "ask [EMAIL]"
    assert masking.comment("ten_a", None) is None
    with pytest.raises(DataError, match="comment holds an e-mail"):
        masking.comment("ten_a", "ask e@x.example", {COMMENT: "reject"})
    ours, theirs = (masking.comment(tenant, "ask e@x.example", {COMMENT: "tokenise"}) for tenant in ("ten_a", "ten_b"))
    assert ours != theirs
    assert bytes(32).hex() not in repr(masking)
