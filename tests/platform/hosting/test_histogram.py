from hypothesis import given
from hypothesis import strategies as st

from podion.hosting.histogram import SECONDS, Histogram


@given(st.lists(st.floats(0, 100)))
def test_it_counts_as_prometheus_reads_it(values: list[float]) -> None:
    histogram = Histogram(SECONDS)
    for value in values:
        histogram.observe(value)
    status = histogram.status()
    assert status["buckets"] == [[bound, sum(value <= bound for value in values)] for bound in SECONDS]
    assert (status["sum"], status["count"]) == (sum(values), len(values))
