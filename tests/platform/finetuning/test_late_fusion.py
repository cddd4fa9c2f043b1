import numpy as np
import pytest

from podion.finetuning.late_fusion import EXPECTED, fuse

LABELS = 3


def _loss(logits: np.ndarray, targets: np.ndarray) -> float:
    logits = logits - logits.max(axis=1, keepdims=True)
    return float((np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(targets)), targets]).mean())


@pytest.fixture
def said() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two heads that see the same truth through independent noise; the first says it four times too loud."""
    generator = np.random.default_rng(7)
    truth = generator.normal(size=(600, LABELS)) * 2
    targets = (truth + generator.gumbel(size=truth.shape)).argmax(axis=1)
    ours = 4 * (truth + generator.normal(size=truth.shape))
    theirs = truth + generator.normal(size=truth.shape) + np.array([3.0, 0.0, 0.0])
    return ours, theirs, targets


def test_both_say_more_than_either(said: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    ours, theirs, targets = said
    fusion = fuse(ours[:300], theirs[:300], targets[:300])
    fused = fusion.logits(ours, theirs)[300:]
    for one in (ours, theirs):
        right = (one[300:].argmax(axis=1) == targets[300:]).mean()
        assert (fused.argmax(axis=1) == targets[300:]).mean() > right
        assert _loss(fused, targets[300:]) < _loss(one[300:], targets[300:])


def test_who_is_too_loud_counts_less_and_who_favours_a_label_is_set_right(
    said: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    fusion = fuse(*said)
    assert 0 < fusion.first < fusion.second
    assert fusion.bias[0] < min(fusion.bias[1:])


def test_no_rows_and_rows_of_no_label_leave_what_is_expected() -> None:
    for rows in (0, 5):
        logits = np.ones((rows, LABELS), np.float32)
        fusion = fuse(logits, logits, np.full(rows, -1))
        assert (fusion.first, fusion.second) == EXPECTED
        assert not fusion.bias.any()


def test_few_rows_change_little(said: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    ours, theirs, targets = said
    fusion = fuse(ours[:3] / 4, theirs[:3], targets[:3])
    assert abs(fusion.first - EXPECTED[0]) < 0.5
    assert abs(fusion.second - EXPECTED[1]) < 0.5


def test_a_head_that_is_always_wrong_is_not_turned_round(said: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    ours, theirs, targets = said
    fusion = fuse(-ours, -theirs, targets)
    assert fusion.first > 0
    assert fusion.second == 0
