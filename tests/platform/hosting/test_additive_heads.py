"""An additive head: its sum is exact, told in words, monotone where it should be, and the same once it was kept."""

import json
import math
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict
from torch import Tensor

from podion.answers import ContributionsAnswer
from podion.errors import DataError
from podion.hosting.additive_heads import AdditiveClassifier
from podion.hosting.additive_screening import direction_of, isotonic
from podion.hosting.additive_shapes import rising
from podion.hosting.additive_sum import purified
from podion.nn import LabelSpace, Scores, States

SPACE = LabelSpace(("0", "1"))
HIDDEN = 4


class Loan(BaseModel):
    model_config = ConfigDict(extra="allow")

    text: str = ""
    label: str | None = None


def loans(rows: int, seed: int) -> list[Loan]:
    """Risk rises with debt, falls with income, is high where months are -1 (a code) or missing, and where a renter's
    loan is large; `noise` says nothing."""
    generator = np.random.default_rng(seed)
    found = []
    for _ in range(rows):
        debt, income, noise, loan = generator.random(4).tolist()
        housing = str(generator.choice(["own", "rent", "other"]))
        months = (
            None if generator.random() < 0.1 else -1 if generator.random() < 0.2 else int(generator.integers(1, 60))
        )
        logit = -2 + 3 * debt - 2 * income + (2.5 if months in (None, -1) else 0)
        logit += 4 * (loan - 0.5) * (1 if housing == "rent" else -1)
        values = {
            "debt": debt,
            "income": 10_000 * (1 + income),
            "noise": noise,
            "loan": loan,
            "housing": housing,
            "months": months,
            "label": str(int(generator.random() < 1 / (1 + math.exp(-logit)))),
        }
        found.append(Loan.model_validate(values))
    return found


TRAIN, TEST = loans(1_500, 1), loans(60, 2)


def states_of(head: AdditiveClassifier, records: Sequence[Loan], pooled: Tensor | None = None) -> States:
    pooled = torch.zeros(len(records), HIDDEN) if pooled is None else pooled
    nothing = pooled.new_zeros(len(records), 0, HIDDEN)
    return States(
        pooled=pooled,
        tokens=nothing,
        mask=nothing[:, :, 0] > 0,
        offsets=torch.zeros(len(records), 0, 2),
        features=head.features(records),
    )


def trained(
    records: Sequence[Loan], pooled: Tensor | None = None, monotone: dict[str, int] | None = None
) -> AdditiveClassifier:
    """A head after as many steps as a run of a few epochs takes."""
    torch.manual_seed(0)
    head = AdditiveClassifier(HIDDEN, SPACE, monotone=monotone)
    head.fit_features(records)
    states = states_of(head, records, pooled)
    optimiser = torch.optim.AdamW(head.parameters(), lr=0.05, weight_decay=0.0)
    head.train()
    for _ in range(120):
        optimiser.zero_grad()
        head.loss(head(states), records).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return head.eval()


def answered(
    head: AdditiveClassifier,
    records: Sequence[Loan],
    pooled: Tensor | None = None,
    temperature: float = 1.0,
    bias: tuple[float, float] | None = None,
) -> list[ContributionsAnswer]:
    states = states_of(head, records, pooled)
    with torch.no_grad():
        logits = head(states)
    added = None if bias is None else torch.tensor(bias)
    probabilities = torch.softmax(logits / temperature + (0.0 if added is None else added), dim=-1)
    return head.decode(Scores(logits, probabilities, 0.55, states, temperature=temperature, bias=added))


@pytest.fixture(scope="module")
def head() -> AdditiveClassifier:
    return trained(TRAIN)


def risk(answer: ContributionsAnswer) -> float:
    found = {answer.label: answer.confidence, **{each.label: each.confidence for each in answer.alternatives}}
    return found["1"]


@settings(max_examples=25, deadline=None)
@given(st.floats(0.3, 4), st.floats(-2, 2), st.floats(-2, 2), st.integers(0, len(TEST) - 1))
def test_contributions_add_up_to_the_calibrated_logit(
    head: AdditiveClassifier, temperature: float, good: float, bad: float, row: int
) -> None:
    answer = answered(head, [TEST[row]], temperature=temperature, bias=(good, bad))[0]
    assert answer.base_logit + sum(each.logit for each in answer.contributions) == pytest.approx(answer.logit, abs=1e-4)
    assert 1 / (1 + math.exp(-answer.logit)) == pytest.approx(risk(answer), abs=1e-4)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_removing_the_first_reason_always_improves_the_score(head: AdditiveClassifier, seed: int) -> None:
    for answer in answered(head, loans(3, 100 + seed)):
        first = answer.contributions[0]
        assert first.logit == max(each.logit for each in answer.contributions)
        if first.logit > 0:
            rest = answer.base_logit + sum(each.logit for each in answer.contributions[1:])
            assert 1 / (1 + math.exp(-rest)) < risk(answer)


def test_the_reference_is_the_average_training_row(head: AdditiveClassifier) -> None:
    answers = answered(head, TRAIN)
    for feature in ("debt", "housing", "loan", "months", "noise"):
        shares = [each.logit for answer in answers for each in answer.contributions if each.feature == feature]
        assert np.mean(shares) == pytest.approx(0, abs=1e-4)
    assert np.mean([answer.logit for answer in answers]) == pytest.approx(answers[0].base_logit, abs=1e-3)


def test_what_acts_one_way_is_held_to_it_and_what_does_not_is_not(head: AdditiveClassifier) -> None:
    assert head.directions["debt"] == 1 and head.directions["income"] == -1
    assert "noise" not in head.directions and "housing" not in head.directions
    for record in TEST[:10]:
        rising_debt = [record.model_copy(update={"debt": debt}) for debt in np.linspace(-0.1, 1.1, 80).tolist()]
        logits = [answer.logit for answer in answered(head, rising_debt)]
        assert np.diff(logits).min() >= -1e-5 and logits[-1] > logits[0] + 0.5


def test_a_direction_asked_for_holds_in_tables_of_two_columns_too() -> None:
    asked = {"loan": 1, "noise": -1, "what no record has": 1}
    head = trained(TRAIN, monotone=asked)
    assert head.directions["loan"] == 1 and head.directions["noise"] == -1
    assert ("housing", "loan") in head.pairs
    for record in TEST[:10]:
        for name, sign in list(asked.items())[:2]:
            moved = [record.model_copy(update={name: value}) for value in np.linspace(0, 1, 60).tolist()]
            assert (sign * np.diff([answer.logit for answer in answered(head, moved)])).min() >= -1e-5


def test_a_pair_that_matters_gets_a_table_and_its_columns_share_it(head: AdditiveClassifier) -> None:
    assert ("housing", "loan") in head.pairs
    answers = answered(head, [Loan.model_validate({"loan": 0.95, "housing": kind}) for kind in ("rent", "own")])
    renter, owner = ({each.feature: each.logit for each in answer.contributions} for answer in answers)
    assert renter["loan"] > owner["loan"] + 0.3 and renter["housing"] > owner["housing"] + 0.3
    assert renter["debt"] == owner["debt"]


def test_codes_and_missing_values_have_weights_of_their_own(head: AdditiveClassifier) -> None:
    asked = [Loan.model_validate({"months": months, "debt": 0.5}) for months in (-1, None, 2, 3)]
    found = [
        next(each for each in answer.contributions if each.feature == "months") for answer in answered(head, asked)
    ]
    code, missing, two, three = (each.logit for each in found)
    assert min(code, missing) > max(two, three) + 0.8 and abs(two - three) < 0.3
    assert [each.value for each in found] == [-1, None, 2, 3]
    assert found[0].bin == "months is -1" and found[1].bin == "months is missing"


def test_it_is_the_same_head_after_it_was_kept(head: AdditiveClassifier) -> None:
    again = AdditiveClassifier(HIDDEN, SPACE, **json.loads(json.dumps(head.options())))
    again.load_state_dict(head.state_dict())
    assert answered(again.eval(), TEST) == answered(head, TEST)


def test_it_tells_one_label_from_the_other(head: AdditiveClassifier) -> None:
    answers, bad = answered(head, TEST), [record.label == "1" for record in TEST]
    risky, sound = (
        [risk(answer) for answer, own in zip(answers, bad, strict=True) if own is which] for which in (True, False)
    )
    assert np.mean(risky) > np.mean(sound) + 0.25
    assert {answer.abstained for answer in answers} == {True, False}
    assert all(answer.abstained == (answer.confidence < 0.55) for answer in answers)


def test_a_text_is_one_contribution_more() -> None:
    told = [record.model_copy(update={"label": str(place % 2)}) for place, record in enumerate(TRAIN[:400])]
    pooled = torch.nn.functional.one_hot(torch.arange(len(told)) % 2, HIDDEN).float() * 3
    head = trained(told, pooled=pooled)
    threat, thanks, silent = answered(head, [TEST[0]] * 3, torch.stack([pooled[1], pooled[0], torch.zeros(HIDDEN)]))
    texts = [next(each.logit for each in a.contributions if each.feature == "text") for a in (threat, thanks, silent)]
    assert texts[0] > 1 > -1 > texts[1] and texts[1] < texts[2] < texts[0]
    for answer in (threat, thanks, silent):
        total = answer.base_logit + sum(each.logit for each in answer.contributions)
        assert total == pytest.approx(answer.logit, abs=1e-4)


def test_an_empty_record_is_told_the_whole_sum(head: AdditiveClassifier) -> None:
    empty, other = answered(head, [Loan(), TEST[0]], temperature=2.0)
    assert other.table == ()
    assert {row.feature for row in empty.table} == {"debt", "income", "noise", "loan", "housing", "months"}
    missing = next(row for row in empty.table if row.bin == "months is missing")
    share = next(each for each in empty.contributions if each.feature == "months")
    months = sum("months" in pair for pair in head.pairs)
    assert missing.logit == pytest.approx(share.logit, abs=1e-6 if not months else 0.3)


def test_before_it_learned_a_column_it_answers_with_its_base() -> None:
    blank = AdditiveClassifier(HIDDEN, SPACE)
    blank.fit_features([Loan(label="1"), Loan(label="0")])
    answers = answered(blank.eval(), TEST[:2])
    assert [answer.contributions for answer in answers] == [(), ()]
    assert answers[0].logit == answers[0].base_logit == 0.0


def test_it_is_for_two_labels() -> None:
    with pytest.raises(DataError, match="two labels apart; this task has 3: a, b, c"):
        AdditiveClassifier(HIDDEN, LabelSpace(("a", "b", "c")))


def test_the_sum_is_that_of_the_label_that_is_looked_for(head: AdditiveClassifier) -> None:
    other = AdditiveClassifier(HIDDEN, SPACE, **{**head.options(), "positive": "0"})
    other.load_state_dict(head.state_dict())
    ours, theirs = answered(head, TEST[:5]), answered(other.eval(), TEST[:5])
    assert [answer.logit for answer in theirs] == [answer.logit for answer in ours]
    assert [risk(answer) for answer in theirs] == pytest.approx([1 - risk(answer) for answer in ours])


def test_records_without_a_label_do_not_count(head: AdditiveClassifier) -> None:
    mixed = [*TEST[:10], *(record.model_copy(update={"label": None}) for record in TEST[10:20])]
    with torch.no_grad():
        alone = head.loss(head(states_of(head, TEST[:10])), TEST[:10])
        beside = head.loss(head(states_of(head, mixed)), mixed)
    assert float(alone) == pytest.approx(float(beside), abs=1e-6)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 5), st.integers(2, 6))
def test_a_purified_table_and_what_was_taken_make_the_table(seed: int, height: int, width: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    table = torch.randn(height, width, generator=generator, dtype=torch.float64)
    joint = torch.rand(height, width, generator=generator, dtype=torch.float64) + 0.02
    joint = joint / joint.sum()
    pure, rows, columns = purified(table, joint)
    assert torch.allclose(pure + rows.unsqueeze(1) + columns, table, atol=1e-9)
    assert (pure * joint).sum(0).abs().max() < 1e-8 and (pure * joint).sum(1).abs().max() < 1e-8


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=12))
def test_the_nearest_rising_values(values: list[float]) -> None:
    found = isotonic(np.array(values), np.ones(len(values)))
    assert (np.diff(found) >= -1e-12).all() and found.sum() == pytest.approx(sum(values), abs=1e-9)
    held = rising(torch.tensor(values, dtype=torch.float64))
    assert (held.diff() >= 0).all()
    assert torch.equal(rising(held), held)


def test_a_direction_must_be_clear() -> None:
    known = np.full(8, 50.0)
    assert direction_of(np.linspace(0, 1, 8), known) == 1
    assert direction_of(np.linspace(1, 0, 8), known) == -1
    assert direction_of(np.array([0, 1, 0, 1, 0, 1, 0, 1.0]), known) == 0
    assert direction_of(np.array([0, 0.3, 0.6, 1, 1, 0.6, 0.3, 0]), known) == 0
    assert direction_of(np.linspace(0, 0.05, 8), known) == 0
    assert direction_of(np.array([0, 5.0]), np.full(2, 50.0)) == 0
