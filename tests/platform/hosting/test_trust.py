import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podion.hosting.trust import trust_of

LOGITS = np.array([[4.0, 0.0, -1.0], [1.0, 0.9, 0.8], [-2.0, -6.0, -7.0]])


def test_each_score_by_hand() -> None:
    scaled = LOGITS / 2
    sums = np.exp(scaled).sum(axis=1)
    probability = np.exp(scaled.max(axis=1)) / sums
    np.testing.assert_allclose(trust_of("probability", LOGITS, 2.0), probability)
    np.testing.assert_allclose(trust_of("energy", LOGITS, 2.0), np.log(sums))
    np.testing.assert_allclose(trust_of("blend", LOGITS, 2.0), np.log(probability) + 0.25 * np.log(sums))
    np.testing.assert_array_equal(trust_of("distance", LOGITS, 2.0, np.array([0.1, 0.2, 0.3])), [0.1, 0.2, 0.3])
    with pytest.raises(ValueError, match="centroids"):
        trust_of("distance", LOGITS, 2.0)


@given(st.lists(st.floats(-1e4, 1e4), min_size=2, max_size=9), st.floats(0.02, 50))
def test_it_is_finite_and_does_not_depend_on_the_order_of_labels(row: list[float], temperature: float) -> None:
    logits = np.array([row, row[::-1]])
    for score in ("probability", "energy", "blend"):
        trust = trust_of(score, logits, temperature)  # type: ignore[arg-type]
        assert np.isfinite(trust).all()
        assert trust[0] == pytest.approx(trust[1], rel=1e-9, abs=1e-9)
