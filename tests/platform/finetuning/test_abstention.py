import numpy as np
import pytest

from podion.finetuning.abstention import ENOUGH_OUTSIDE, calibrate
from podion.finetuning.calibration import softmax

KEEP = 0.9


def rows(inside: int = 400, outside: int = 100, labels: int = 5, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits and targets: in-scope rows point at their label, others (target -1) at one as clearly, but low."""
    generator = np.random.default_rng(seed)
    targets = generator.integers(0, labels, inside)
    within = generator.normal(0, 0.5, (inside, labels))
    within[np.arange(inside), targets] += 6
    beyond = generator.normal(-4, 0.5, (outside, labels))
    beyond[:, 0] += 6
    return np.concatenate([within, beyond]), np.concatenate([targets, np.full(outside, -1)])


def test_rows_outside_teach_no_temperature_and_set_no_threshold() -> None:
    logits, targets = rows()
    within = targets >= 0
    alone, _ = calibrate(logits[within], targets[within], ~within[within], KEEP, refuses=False)
    both, _ = calibrate(logits, np.where(within, targets, 0), ~within, KEEP, refuses=False)
    assert both == alone
    assert alone.keep == KEEP


def test_a_task_that_knows_nothing_outside_holds_the_probability() -> None:
    logits, targets = rows()
    calibration, why = calibrate(logits, targets, targets < 0, KEEP, refuses=False)
    shares = softmax(logits, calibration.temperature).max(axis=1)
    assert calibration.score == "probability"
    assert (shares[targets >= 0] >= calibration.threshold).mean() == pytest.approx(KEEP, abs=0.01)
    assert set(why["candidates"]) == {"probability", "energy", "blend"}


def test_few_rows_outside_do_not_choose() -> None:
    logits, targets = rows(outside=ENOUGH_OUTSIDE - 1)
    calibration, why = calibrate(logits, targets, targets < 0, KEEP)
    assert calibration.score == "energy"
    assert str(ENOUGH_OUTSIDE - 1) in why["why"]


def test_the_score_that_refuses_what_is_outside_is_chosen_and_keeps_its_share() -> None:
    logits, targets = rows()
    calibration, why = calibrate(logits, targets, targets < 0, KEEP)
    table = why["candidates"]
    best = max(found["oos_recall"] for found in table.values())
    assert table["probability"]["oos_recall"] < 0.5 < table[calibration.score]["oos_recall"]
    assert table[calibration.score]["oos_recall"] >= best - 0.1
    assert table[calibration.score]["in_scope_accuracy"] <= KEEP + 0.01
    assert calibration.threshold == table[calibration.score]["threshold"]
    assert why["score"] == calibration.score


def test_the_distance_is_chosen_where_it_alone_tells_them_apart() -> None:
    generator = np.random.default_rng(3)
    logits, targets = rows()
    logits[targets < 0] = logits[:100]
    nearness = np.where(targets < 0, 0.2, 0.9) + generator.normal(0, 0.05, len(targets))
    assert calibrate(logits, targets, targets < 0, KEEP, nearness=nearness)[0].score == "distance"
    nearness[targets < 0] = 1.0
    assert calibrate(logits, targets, targets < 0, KEEP, nearness=nearness)[0].score != "distance"


def test_among_equals_the_one_that_answers_more_right_is_chosen() -> None:
    """A score that refuses everything outside, but half of what is inside and right, does not win."""
    logits, targets = rows()
    nearness = np.where(targets < 0, 0.0, 1.0)
    wrong = np.flatnonzero(targets >= 0)[:60]
    logits[wrong] = 0.1 * logits[wrong]
    targets[wrong] = (targets[wrong] + 1) % 5
    calibration, why = calibrate(logits, targets, targets < 0, KEEP, nearness=nearness)
    table = why["candidates"]
    near = [name for name, found in table.items() if found["oos_recall"] >= 0.97]
    assert table[calibration.score]["in_scope_accuracy"] == max(table[name]["in_scope_accuracy"] for name in near)


def test_where_everything_is_kept_nothing_abstains() -> None:
    logits, targets = rows()
    assert calibrate(logits, targets, targets < 0, 1.0)[0].threshold is None
