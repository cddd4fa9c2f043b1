from dataclasses import replace

import pytest

from podion.errors import DataError, NotBuilt
from podion.finetuning.recipe import choose_method, recipe_for
from podion.nn import Training
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


def test_adalora_takes_loras_place_where_the_task_takes_it_alone(intent: Task) -> None:
    task = replace(intent, methods=(Method.HEAD, Method.IA3, Method.ADALORA))
    assert choose_method(task, Method.AUTO, 900, 3) == (Method.HEAD, Method.ADALORA)
    assert recipe_for(Method.ADALORA, 900).rank < recipe_for(Method.ADALORA, 900).start_rank


def test_without_a_text_only_the_head_is_left(intent: Task) -> None:
    task = replace(intent, methods=tuple(Method))
    assert choose_method(task, Method.AUTO, 9_000, 3, has_texts=False) == (Method.HEAD,)
    for method in (Method.LORA, Method.FEW_SHOT, Method.IA3):
        with pytest.raises(DataError, match="takes head, auto"):
            choose_method(task, method, 9_000, 3, has_texts=False)


def test_a_heads_own_numbers_train_it_and_leave_an_adapters_alone() -> None:
    wanted = Training(epochs=80, patience=9, batch_rows=4_096, rate=0.02, weight_decay=0.3, pooled_dropout=0.0)
    alone = recipe_for(Method.HEAD, 100).suited(wanted)
    assert (alone.epochs, alone.patience, alone.batch_rows, alone.weight_decay) == (80, 9, 4_096, 0.3)
    assert (alone.head_rate, alone.pooled_dropout, alone.keeps_best) == (0.02, 0.0, True)
    assert alone.batch_tokens >= 4_096
    plain = recipe_for(Method.LORA, 100)
    assert plain.suited(wanted) == replace(plain, head_rate=0.004)
    assert plain.suited(None) is plain


@pytest.mark.parametrize("method", [Method.PREFIX, Method.PROMPT, Method.FULL])
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
