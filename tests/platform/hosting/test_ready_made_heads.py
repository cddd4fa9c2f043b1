"""The heads for several labels, for labels in an order and for numbers: what they compute and what they answer."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from podion.errors import PluginError
from podion.hosting.adapter_files import Calibration
from podion.hosting.answering import scores_of
from podion.hosting.heads import LabelClassifier
from podion.hosting.multi_label import MultiLabelClassifier
from podion.hosting.ordinal import OrdinalClassifier
from podion.hosting.regression import Regressor
from podion.nn import Head, LabelSpace, States

HIDDEN = 8


class Filed(BaseModel):
    label: str | list[str] | None = None


class Rated(BaseModel):
    label: float | None = None


def states(rows: int, seed: int = 0) -> States:
    generator = torch.Generator().manual_seed(seed)
    nothing = torch.zeros(rows, 0)
    return States(
        pooled=torch.randn(rows, HIDDEN, generator=generator),
        lower=torch.randn(rows, HIDDEN, generator=generator),
        tokens=nothing,
        mask=nothing > 0,
        offsets=nothing,
    )


def answered(head: Head, logits: torch.Tensor, **calibration: object) -> list:  # type: ignore[type-arg]
    return head.decode(scores_of(head, Calibration(**calibration), logits, states(len(logits))))  # type: ignore[arg-type]


LABELS = LabelSpace(("rates", "stocks", "jobs"))


def test_every_label_at_or_above_its_threshold_is_answered() -> None:
    head = MultiLabelClassifier(HIDDEN, LABELS)
    logits = torch.logit(torch.tensor([[0.3, 0.9, 0.2], [0.3, 0.3, 0.1]]))
    first, second = answered(head, logits, thresholds=(0.25, 0.5, 0.6))
    assert [one.label for one in first.labels] == ["stocks", "rates"]
    assert [one.label for one in first.alternatives] == ["jobs"]
    assert first.confidence == pytest.approx(0.3 * 0.9 * 0.8)
    assert [one.label for one in second.labels] == ["rates"]
    assert [one.label for one in second.alternatives] == ["stocks", "jobs"]  # the nearest to its threshold first
    assert [one.label for one in answered(head, logits)[0].labels] == ["stocks"]
    assert answered(head, -logits.abs() - 1)[0].labels == ()
    assert [answer.abstained for answer in answered(head, logits, threshold=0.25)] == [False, False]
    assert [answer.abstained for answer in answered(head, logits, threshold=0.5)] == [False, True]


@given(st.lists(st.lists(st.floats(-8, 8), min_size=3, max_size=3), min_size=1, max_size=5), st.floats(0.3, 4))
@settings(max_examples=40, deadline=None)
def test_the_whole_decision_is_at_least_as_unsure_as_each_label(rows: list[list[float]], temperature: float) -> None:
    head = MultiLabelClassifier(HIDDEN, LABELS)
    for answer, row in zip(answered(head, torch.tensor(rows), temperature=temperature), rows, strict=True):
        decided = [max(share, 1 - share) for share in torch.sigmoid(torch.tensor(row) / temperature).tolist()]
        assert answer.confidence <= min(decided) + 1e-6
        assert len(answer.labels) + len(answer.alternatives) == 3


def test_records_that_nobody_judged_teach_nothing_and_an_empty_list_does() -> None:
    head = MultiLabelClassifier(HIDDEN, LABELS)
    logits = torch.tensor([[2.0, -1.0, 0.5], [9.0, 9.0, 9.0]])
    judged = head.loss(logits[:1], [Filed(label=["rates", "unheard of"])])
    assert torch.equal(head.loss(logits, [Filed(label="rates"), Filed()]), judged)
    assert head.loss(logits, [Filed(), Filed()]) == 0
    assert head.loss(logits, [Filed(label="rates"), Filed(label=[])]) > judged


ORDER = LabelSpace(("low", "middle", "high", "top"))


def ordinal(seed: int, space: LabelSpace = ORDER, cut: int | None = None) -> OrdinalClassifier:
    head = OrdinalClassifier(HIDDEN, space, cut=cut)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in head.parameters():
            parameter.copy_(2 * torch.randn(parameter.shape, generator=generator))
    return head


@given(st.integers(0, 9_999), st.integers(2, 9), st.floats(-60, 60), st.floats(0, 60))
@settings(max_examples=60, deadline=None)
def test_probabilities_are_shares_of_one_and_who_stands_higher_is_above_every_cut_point(
    seed: int, labels: int, height: float, more: float
) -> None:
    head = ordinal(seed, LabelSpace(tuple(f"step {step}" for step in range(labels))))
    logs = head.log_shares(torch.tensor([height, height + more]))
    assert torch.isfinite(logs).all()
    shares = logs.double().exp()
    assert shares.sum(dim=-1).tolist() == pytest.approx([1.0, 1.0], abs=1e-5)
    assert torch.softmax(logs, dim=-1).tolist() == [pytest.approx(row, abs=1e-5) for row in shares.tolist()]
    above = 1 - shares.cumsum(dim=-1)
    assert (above[1] >= above[0] - 1e-6).all()
    points = head.cut_points()
    assert (points.diff() > 0).all()


def test_cut_points_part_the_labels_as_the_formula_says() -> None:
    head = ordinal(3)
    heights = torch.tensor([-1.0, 0.5])
    below = torch.sigmoid(head.cut_points().detach() - heights[:, None])
    expected = torch.cat([below, torch.ones(2, 1)], dim=-1).diff(dim=-1, prepend=torch.zeros(2, 1))
    assert torch.allclose(head.log_shares(heights).detach().exp(), expected, atol=1e-6)
    (answer,) = head.decode(scores_of(head, Calibration(), head.log_shares(heights[:1]).detach(), states(1)))
    assert answer.label == ORDER.labels[int(expected[0].argmax())]
    assert answer.confidence == pytest.approx(float(expected[0].max()))


def test_a_number_is_told_in_its_own_unit_with_the_margin_around_it() -> None:
    head = Regressor(HIDDEN, LabelSpace(()))
    head.fit_features([Rated(label=value) for value in (100.0, 110.0, 120.0, 130.0, 140.0, 5_000.0)] + [Rated()])
    assert float(head.centre) == 125.0
    assert 10 < float(head.spread) < 30  # five thousand does not set the unit
    assert head(states(3)).tolist() == [[pytest.approx(125.0)]] * 3
    first, _ = answered(head, torch.tensor([[7.0], [9.0]]), margin=2.5)
    assert (first.value, first.low, first.high, first.confidence) == (7.0, 4.5, 9.5, 0.9)
    (wide,) = answered(head, torch.tensor([[125.0]]))
    assert wide.low <= 100.0
    assert wide.high >= 140.0


def test_a_wild_number_pulls_no_harder_than_another_and_none_does_not() -> None:
    head = Regressor(HIDDEN, LabelSpace(()))
    logits = torch.zeros(3, 1, requires_grad=True)
    head.loss(logits, [Rated(label=50.0), Rated(label=5_000.0), Rated()]).backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    assert logits.grad[:, 0].tolist() == [-0.5, -0.5, 0.0]
    assert head.loss(logits, [Rated()] * 3) == 0


@pytest.mark.parametrize("kind", [MultiLabelClassifier, OrdinalClassifier, Regressor])
def test_with_the_cut_both_layers_are_read_and_a_head_is_built_again_by_its_options(kind: type) -> None:
    torch.manual_seed(0)
    plain, joined = kind(HIDDEN, ORDER), kind(HIDDEN, ORDER, cut=3)
    assert (plain.options(), joined.options()) == ({}, {"cut": 3})
    with torch.no_grad():
        joined.linear.weight.normal_()
    given = states(4)
    other = States(
        given.pooled,
        given.tokens,
        given.mask,
        given.offsets,
        lower=-(given.lower if given.lower is not None else given.pooled),
    )
    assert not torch.allclose(joined(given), joined(other))
    assert torch.equal(plain(given), plain(other))
    again = kind(HIDDEN, ORDER, **joined.options())
    again.load_state_dict(joined.state_dict())
    assert torch.equal(again(given), joined(given))


def test_bias_and_link_are_applied_and_a_calibration_of_another_head_is_refused() -> None:
    logits = torch.tensor([[2.0, 0.0]])
    two = LabelClassifier(HIDDEN, LabelSpace(("no", "yes")))
    found = scores_of(two, Calibration(temperature=2.0, bias=(-1.0, 1.0)), logits, states(1))
    assert found.probabilities[0].tolist() == pytest.approx(torch.softmax(torch.tensor([0.0, 1.0]), dim=-1).tolist())
    number = scores_of(Regressor(HIDDEN, LabelSpace(())), Calibration(), torch.tensor([[-7.0]]), states(1))
    assert number.probabilities.tolist() == [[-7.0]]
    with pytest.raises(PluginError, match="3 thresholds for 2 outputs"):
        scores_of(two, Calibration(thresholds=(0.5, 0.5, 0.5)), logits, states(1))


def test_what_is_remembered_of_the_last_records_is_never_of_others() -> None:
    head, logits = MultiLabelClassifier(HIDDEN, LABELS), torch.tensor([[2.0, -1.0, 0.5]])
    first, second = (Filed(label="rates"),), (Filed(label="jobs"),)
    listed = [Filed(label="rates")]
    losses = [head.loss(logits, told) for told in (first, second, first, first, listed)]
    listed[0] = Filed(label="jobs")
    losses.append(head.loss(logits, listed))
    assert [float(loss) for loss in losses] == [float(losses[place]) for place in (0, 1, 0, 0, 0, 1)]
    assert losses[0] != losses[1]
