import numpy as np
import pytest

from podion.errors import DataError
from podion.finetuning.prototypes import (
    check_labels,
    few_shot,
    head_file,
    label_prototypes,
    phrasings,
    zero_shot,
)
from podion.vertical import LabelSpace, Task


def unit(rows: list[list[float]]) -> np.ndarray:
    vectors = np.array(rows, dtype=float)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def answers(tensors: dict[str, np.ndarray], vectors: np.ndarray) -> list[int]:
    return (vectors @ tensors["linear.weight"].T + tensors["linear.bias"]).argmax(axis=1).tolist()


def test_labels_are_read_in_their_language_and_with_their_description() -> None:
    space = LabelSpace(("card_lost", "退款", "x"), descriptions={"x": "Someone is angry."})
    found = phrasings(space)
    assert found[0][0] == "card lost"
    assert all("card lost" in text for text in found[0])
    assert found[1] == ["退款", "我想问退款", "关于退款的问题"]
    assert found[2][0] == "Someone is angry."


def test_what_people_say_stands_for_a_label_alone() -> None:
    space = LabelSpace(("calm", "upset"), descriptions={"upset": ("I have had enough", "我受够了")})
    assert phrasings(space)[1] == ["I have had enough", "我受够了"]
    assert phrasings(space)[0][0] == "calm"
    assert space.describe("upset") == "I have had enough; 我受够了"


@pytest.mark.parametrize("near", [0.02, 0.5])
def test_two_labels_are_told_apart_without_being_too_sure(near: float) -> None:
    prototypes = unit([[1, near, 0], [1, -near, 0]])
    tensors = zero_shot(prototypes)
    logits = prototypes @ tensors["linear.weight"].T + tensors["linear.bias"]
    sure = 1 / (1 + np.exp(logits[0, 1] - logits[0, 0]))
    assert 0.95 < sure < 0.999


def test_the_nearest_label_wins_although_all_are_close_together() -> None:
    vectors = unit([[50, 1, 0, 0], [50, 0, 1, 0], [50, 0, 0, 1]])
    tensors = zero_shot(label_prototypes([vectors[[0]], vectors[[1]], vectors[[2]]]))
    assert answers(tensors, vectors) == [0, 1, 2]
    assert tensors["linear.weight"].dtype == tensors["linear.bias"].dtype == np.float32


def test_examples_correct_what_the_words_of_a_label_mislead() -> None:
    words = unit([[1, 0.2, 0], [0, 1, 0.2], [0.2, 0, 1]])
    shown = unit([[0, 0, 1], [0.1, 0, 1]])
    assert answers(zero_shot(words), shown) == [2, 2]
    others = unit([[0.1, 1, 0], [1, 0.1, 0]])
    tensors = few_shot(words, np.concatenate([shown, shown, shown, others]), [0] * 6 + [1, 2])
    assert answers(tensors, shown) == [0, 0]


def test_a_label_without_examples_keeps_its_words() -> None:
    words = unit([[1, 0, 0], [0, 1, 0], [0, 0, 1]])
    tensors = few_shot(words, unit([[0.9, 0.1, 0], [0.1, 0.9, 0]]), [0, 1])
    assert answers(tensors, words) == [0, 1, 2]


def test_only_labels_are_known_before_training(intent: Task, slots: Task) -> None:
    check_labels(intent)
    with pytest.raises(DataError, match="head or lora") as caught:
        check_labels(slots)
    assert caught.value.code == "untrained"


def test_the_head_file_names_the_record_and_the_labels(intent: Task) -> None:
    file = head_file(intent, LabelSpace(("a", "b")), 32)
    assert (file.labels, file.hidden_size, file.label_field) == (("a", "b"), 32, "label")
    assert file.record.endswith(":Line")
