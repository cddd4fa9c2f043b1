"""What is refused of a vertical as a whole; each message says what was seen, what is allowed, what to do."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from podion import LabelHead, Task, Vertical
from podion.catalogue.checks import RESERVED, SNAKE_CASE, declaration_problems
from podion.catalogue.plugin_record import Origin

ORIGIN = Origin(name="praise", distribution="podion-praise", version="1", package="podion_praise")


class Remark(BaseModel):
    text: str
    label: str | None = None


class Needy(BaseModel):
    tone: str


class Tone(BaseModel):
    tone: str = "kind"


class Unwritable(BaseModel):
    what: object = object()


TASK = Task(name="judge", record=Remark, head=LabelHead())


def _vertical(**more: Any) -> Vertical:
    return Vertical(**({"name": "praise", "title": {"en": "Praise", "zh": "好评"}, "tasks": (TASK,)} | more))


def _told(vertical: Vertical, origin: Origin = ORIGIN) -> list[str]:
    problems = list(declaration_problems(origin, vertical))
    assert all(problem.hint for problem in problems), "each problem says what to do"
    return [problem.cause for problem in problems]


def test_a_sound_vertical_has_no_problem() -> None:
    assert _told(_vertical(config=Tone, requires_api="~=1.0", risk_class="high")) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"requires_api": ">=2"}, "it needs API >=2; this platform speaks 1.0"),
        ({"requires_api": "<1.0"}, "it needs API <1.0"),
        ({"requires_api": "one"}, "requires_api is 'one'; a version specifier (PEP 440) is allowed"),
        ({"title": {"en": "Praise"}}, "its title lacks zh"),
        ({"title": {"en": " ", "zh": ""}}, "its title lacks en and zh"),
        ({"title": "Praise"}, "its title lacks en and zh"),
        ({"risk_class": "none"}, "its risk class is 'none'; allowed: minimal, limited, high"),
        ({"config": Needy}, "its config Needy cannot be built from defaults alone"),
        ({"config": Unwritable}, "its config Unwritable cannot be built"),
        ({"config": Tone()}, "a pydantic model is allowed"),
        ({"sample": "sample.csv"}, "its sample is 'sample.csv'; a .jsonl file inside the package is allowed"),
        ({"sample": "../sample.jsonl"}, "inside the package is allowed"),
        ({"sample": "/etc/sample.jsonl"}, "inside the package is allowed"),
        ({"sample": "absent.jsonl"}, "its sample 'absent.jsonl' is not in the package 'podion_praise'"),
        ({"tasks": ()}, "it declares no task; at least one is required"),
        ({"tasks": [TASK]}, "a tuple of podion.Task is allowed"),
        ({"tasks": ("judge",)}, "a tuple of podion.Task is allowed"),
        ({"tasks": (TASK, TASK)}, "2 of its tasks are named 'judge'"),
        ({"tasks": (Task(name="Judge-it", record=Remark, head=LabelHead()),)}, "a task is named 'Judge-it'"),
        ({"router": 7}, "its router is int; a fastapi.APIRouter is allowed"),
    ],
)
def test_each_fault_is_told(change: dict[str, Any], told: str) -> None:
    [cause] = _told(_vertical(**change))
    assert told in cause


def test_another_api_is_the_only_thing_told() -> None:
    assert len(_told(_vertical(requires_api=">=9", title={}, tasks=()))) == 1


def test_names_must_agree() -> None:
    other = Origin(name="blame", distribution="podion-blame", version="1", package="blame_plugin")
    first, second = _told(_vertical(), other)
    assert "'praise' and the entry point's is 'blame'" in first
    assert "in the package 'blame_plugin'; 'podion_blame' is allowed" in second


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_the_platforms_own_words_are_taken(name: str) -> None:
    origin = Origin(name=name, distribution="x", version="1", package=f"podion_{name}")
    assert any("uses the name" in cause for cause in _told(_vertical(name=name), origin))


@given(st.text(alphabet="aZ0_-é ", max_size=8))
def test_only_snake_case_names_a_vertical(name: str) -> None:
    origin = Origin(name=name, distribution="x", version="1", package=f"podion_{name}")
    refused = any("snake_case" in cause for cause in _told(_vertical(name=name), origin))
    assert refused == (SNAKE_CASE.fullmatch(name) is None)
    if not refused:
        assert name.isidentifier()
        assert name.replace("_", "-").replace("-", "_") == name
