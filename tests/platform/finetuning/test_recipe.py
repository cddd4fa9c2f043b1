from dataclasses import replace

import pytest

from podion.errors import DataError, NotBuilt
from podion.finetuning.recipe import choose_method, recipe_for
from podion.vertical import Method, Task


@pytest.mark.parametrize(
    ("rows", "expected"),
    [(21, {Method.FEW_SHOT, Method.HEAD}), (30, {Method.HEAD}), (60, {Method.HEAD, Method.LORA})],
)
def test_auto_goes_by_rows_a_label(intent: Task, rows: int, expected: set[Method]) -> None:
    assert set(choose_method(intent, Method.AUTO, rows, 3)) == expected


def test_auto_stays_within_what_the_task_allows(intent: Task, slots: Task) -> None:
    assert choose_method(replace(intent, methods=(Method.HEAD,)), Method.AUTO, 9_000, 3) == (Method.HEAD,)
    assert Method.FEW_SHOT not in choose_method(slots, Method.AUTO, 4, 3)


@pytest.mark.parametrize("method", [Method.ADALORA, Method.IA3, Method.PREFIX, Method.PROMPT, Method.FULL])
def test_a_method_of_a_later_version_says_so_and_lists_the_others(intent: Task, method: Method) -> None:
    with pytest.raises(NotBuilt, match="zero-shot, few-shot, head, lora, auto"):
        choose_method(intent, method, 100, 3)


def test_a_method_that_the_task_does_not_allow_is_refused_with_the_list(slots: Task) -> None:
    with pytest.raises(DataError, match="head, lora, auto") as caught:
        choose_method(slots, Method.ZERO_SHOT, 100, 3)
    assert caught.value.code == "method_not_allowed"


def test_fewer_rows_are_seen_more_often() -> None:
    few, many = recipe_for(Method.LORA, 100), recipe_for(Method.LORA, 10_000)
    assert few.epochs > many.epochs
    assert few.batch_rows < many.batch_rows
