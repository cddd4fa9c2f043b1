from collections.abc import Sequence

import lightgbm
import numpy as np
import pytest
from pydantic import BaseModel

from podion import DataError, LabelSpace
from podion_finance_risk.challenger import GradientBoosting
from podion_finance_risk.schema import CreditApplication, Customer

SPACE = LabelSpace(("0", "1"))


def applications(rows: int, seed: int) -> list[CreditApplication]:
    """Applications that go bad where the debt is high, unless the housing is owned; some debts are missing."""
    generator = np.random.default_rng(seed)
    found = []
    for debt, owns, lot in zip(
        generator.random(rows), generator.random(rows) < 0.5, generator.random(rows), strict=True
    ):
        bad = lot < (0.1 if owns else 0.1 + 0.8 * debt)
        values = {"debt ratio": None if lot < 0.02 else debt, "housing": "own" if owns else "rent", "label": int(bad)}
        found.append(CreditApplication.model_validate(values))
    return found


TRAIN, HELD_OUT = applications(600, 1), applications(300, 2)


@pytest.fixture(scope="module")
def fitted() -> GradientBoosting:
    challenger = GradientBoosting(SPACE, seed=3)
    challenger.fit(TRAIN, HELD_OUT)
    return challenger


def risk_of(challenger: GradientBoosting, **features: object) -> float:
    return float(challenger.probabilities([CreditApplication.model_validate(features)])[0, 1])


def test_it_learns_numbers_categories_and_what_they_do_together(fitted: GradientBoosting) -> None:
    high = risk_of(fitted, **{"debt ratio": 0.95, "housing": "rent"})
    assert high > risk_of(fitted, **{"debt ratio": 0.05, "housing": "rent"}) + 0.2
    assert high > risk_of(fitted, **{"debt ratio": 0.95, "housing": "own"}) + 0.2


def test_probabilities_are_one_row_a_record_in_the_order_of_the_labels(fitted: GradientBoosting) -> None:
    found = fitted.probabilities(HELD_OUT)
    assert found.shape == (300, 2) and np.allclose(found.sum(axis=1), 1)
    bad = np.array([record.label == "1" for record in HELD_OUT])
    assert found[bad, 1].mean() > found[~bad, 1].mean() + 0.1
    assert fitted.probabilities([]).shape == (0, 2)


def test_strange_and_missing_values_are_read(fitted: GradientBoosting) -> None:
    for strange in ({}, {"housing": "a boat"}, {"debt ratio": "much"}, {"debt ratio": 1e300, "new": 1}):
        assert 0 < risk_of(fitted, **strange) < 1


def test_the_same_rows_and_seed_give_the_same_model(fitted: GradientBoosting) -> None:
    again = GradientBoosting(SPACE, seed=3)
    again.fit(TRAIN, HELD_OUT)
    assert again.text() == fitted.text()


def trees(challenger: GradientBoosting) -> int:
    return lightgbm.Booster(model_str=challenger.text()).num_trees()


def test_fitted_again_without_validation_rows_it_grows_as_many_trees(fitted: GradientBoosting) -> None:
    again = GradientBoosting(SPACE, seed=3)
    again.fit(TRAIN, HELD_OUT)
    again.fit([*TRAIN, *HELD_OUT], [])
    assert trees(again) == trees(fitted)
    assert again.text() != fitted.text()


def test_of_few_rows_those_that_teach_choose_how_many_trees(fitted: GradientBoosting) -> None:
    alone = GradientBoosting(SPACE, seed=3)
    alone.fit(TRAIN, [])
    assert alone.text() == fitted.text()


def test_of_many_rows_those_kept_apart_choose_how_many_trees() -> None:
    many, judged = applications(2_500, 5), applications(400, 6)
    stopped, unstopped = GradientBoosting(SPACE, 0), GradientBoosting(SPACE, 0)
    stopped.fit(many, judged)
    unstopped.fit(many, [])
    assert trees(stopped) < trees(unstopped), "two columns are soon learned by heart"


def test_its_text_is_lightgbms_own_and_says_the_same(fitted: GradientBoosting) -> None:
    text = fitted.text()
    assert text.startswith("tree\n") and "debt_ratio" in text
    reread = lightgbm.Booster(model_str=text)
    values = np.array([[0.7, 1.0]])
    assert reread.num_feature() == values.shape[1]
    assert risk_of(fitted, **{"debt ratio": 0.7, "housing": "rent"}) == pytest.approx(float(reread.predict(values)[0]))


def test_the_label_and_what_is_personal_are_no_columns() -> None:
    rows = [record.model_copy(update={"text": record.label, "application_id": record.label}) for record in TRAIN]
    challenger = GradientBoosting(SPACE, 0)
    challenger.fit(rows, [])
    names = lightgbm.Booster(model_str=challenger.text()).feature_name()
    assert [name.split("_", 1)[1] for name in names] == ["debt_ratio", "housing"]


def test_several_classes_and_no_validation_rows() -> None:
    rows = [
        Customer.model_validate({"spent": spent, "label": ("small", "middle", "large")[spent // 30]})
        for spent in range(90)
    ]
    challenger = GradientBoosting(LabelSpace(("large", "middle", "small")), 0)
    challenger.fit(rows, [])
    found = challenger.probabilities(rows)
    assert found.shape == (90, 3) and np.allclose(found.sum(axis=1), 1)
    assert (found.argmax(axis=1) == np.repeat([2, 1, 0], 30)).mean() > 0.9


@pytest.mark.parametrize("rows", [[], [CreditApplication(label="1", text="only words"), CreditApplication(label="0")]])
def test_nothing_to_learn_from_is_said(rows: Sequence[BaseModel]) -> None:
    with pytest.raises(DataError, match="columns"):
        GradientBoosting(SPACE, 0).fit(rows, [])


def test_before_it_is_fitted_there_is_no_model() -> None:
    challenger = GradientBoosting(SPACE, 0)
    with pytest.raises(RuntimeError, match="before fit"):
        challenger.probabilities(HELD_OUT)
    with pytest.raises(RuntimeError, match="before fit"):
        challenger.text()
