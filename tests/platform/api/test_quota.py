"""Each tenant has an allowance of its own, refilled as time passes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podion.api.quota import RequestQuota
from podion.errors import QuotaExceeded


def test_a_tenant_that_used_its_minute_waits_and_another_does_not() -> None:
    now = 0.0
    quota = RequestQuota(2, clock=lambda: now)
    quota.spend("a")
    quota.spend("a")
    with pytest.raises(QuotaExceeded, match="2 requests a minute") as refusal:
        quota.spend("a")
    assert refusal.value.retry_after == 30
    quota.spend("b")
    now = 30.0
    quota.spend("a")


def test_no_limit_counts_nothing() -> None:
    quota = RequestQuota(0)
    for _ in range(1_000):
        quota.spend("a")


@given(st.integers(1, 50), st.lists(st.floats(0, 5), max_size=200))
def test_never_more_than_the_bucket_and_what_time_refilled(limit: int, pauses: list[float]) -> None:
    now = 0.0
    quota = RequestQuota(limit, clock=lambda: now)
    allowed = 0
    for pause in pauses:
        now += pause
        try:
            quota.spend("a")
            allowed += 1
        except QuotaExceeded:
            continue
    assert allowed <= limit + now * limit / 60 + 1e-6
