import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from podion.hosting.adapter_files import Calibration
from podion.hosting.answering import as_calibrated, scores_of
from podion.hosting.heads import LabelClassifier
from podion.hosting.label_batch import judging_of, label_answers
from podion.nn import LabelSpace, States

HIDDEN = 8


def head(labels: int, seed: int, *, reads_cut: bool = False) -> LabelClassifier:
    torch.manual_seed(seed)
    space = LabelSpace(tuple(f"{seed}-{place}" for place in range(labels)), "label", {})
    made = LabelClassifier(HIDDEN, space, cut=1 if reads_cut else None)
    with torch.no_grad():
        made.linear.weight.mul_(9)
    return made.eval().requires_grad_(False)


def states(rows: int, seed: int) -> States:
    torch.manual_seed(seed)
    nothing = torch.zeros(rows, 0)
    return States(
        pooled=torch.randn(rows, HIDDEN), lower=torch.randn(rows, HIDDEN), tokens=nothing, mask=nothing, offsets=nothing
    )


CALL = st.tuples(
    st.integers(1, 77),
    st.integers(1, 4),
    st.booleans(),
    st.sampled_from(["probability", "energy", "blend"]),
    st.sampled_from([None, 0.3, 0.9, 5.0]),
    st.floats(0.05, 3.0),
    st.booleans(),
    st.sampled_from([None, 0.0, 0.1, 0.6]),
)


@given(calls=st.lists(CALL, min_size=1, max_size=6), seed=st.integers(0, 999))
@settings(deadline=None, max_examples=60)
def test_together_is_what_each_head_decodes_alone(
    calls: list[tuple[int, int, bool, str, float | None, float, bool, float | None]], seed: int
) -> None:
    whole = states(sum(call[1] for call in calls), seed)
    judgings, alone = [], []
    first = 0
    for number, (labels, rows, reads_cut, score, threshold, temperature, shifted, level) in enumerate(calls):
        own = slice(first, first := first + rows)
        made = head(labels, seed + number, reads_cut=reads_cut)
        bias = tuple(float(place % 3 - 1) for place in range(labels)) if shifted else None
        calibration = Calibration(
            temperature=temperature,
            threshold=threshold,
            score=score,  # type: ignore[arg-type]
            bias=bias,
            level=level,
        )
        judging = judging_of(made, calibration, own)
        assert judging is not None
        judgings.append(judging)
        assert whole.lower is not None
        part = States(whole.pooled[own], whole.tokens[own], whole.mask[own], whole.offsets[own], lower=whole.lower[own])
        scores = scores_of(made, calibration, made(part), part)
        answers = as_calibrated(made, calibration, scores, made.decode(scores))
        alone.append([answer.model_dump(mode="json", exclude={"prediction_id"}) for answer in answers])
    for found, expected in zip(label_answers(whole, judgings), alone, strict=True):
        assert found is not None
        for one, other in zip(found, expected, strict=True):
            assert list(one) == list(other)
            assert (one["label"], one["abstained"]) == (other["label"], other["abstained"])
            assert one["possible"] == other["possible"]
            assert one["confidence"] == pytest.approx(other["confidence"], abs=1e-6)
            for near, far in zip(one["alternatives"], other["alternatives"], strict=True):
                assert near["confidence"] == pytest.approx(far["confidence"], abs=1e-6)


def test_a_head_that_computes_no_number_is_left_out_and_the_others_answer() -> None:
    broken = head(3, 1)
    broken.linear.bias.fill_(float("nan"))
    judgings = [judging_of(head(2, 0), Calibration(), slice(0, 1)), judging_of(broken, Calibration(), slice(1, 2))]
    good, bad = label_answers(states(2, 0), [each for each in judgings if each])
    assert good is not None
    assert good[0]["label"].startswith("0-")
    assert bad is None


def test_what_only_the_head_itself_can_answer_is_left_to_it() -> None:
    class Own(LabelClassifier):
        pass

    space = LabelSpace(("a",), "label", {})
    assert judging_of(Own(HIDDEN, space), Calibration(), slice(0, 1)) is None
    assert judging_of(head(2, 0), Calibration(score="distance"), slice(0, 1)) is None
    assert judging_of(head(2, 0), Calibration(), slice(3, 3)) is None
