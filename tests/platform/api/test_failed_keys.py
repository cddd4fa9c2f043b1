"""Failures are counted by name, refilled as time passes, and never more names are held than fit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from podion.api import failed_keys
from podion.api.failed_keys import FailedKeys, address, names_of
from podion.errors import QuotaExceeded


def request_from(host: str | None) -> Request:
    return Request({"type": "http", "headers": [], "client": (host, 1) if host else None})


def test_who_failed_too_often_waits_and_others_do_not() -> None:
    now = 0.0
    failed = FailedKeys(2, clock=lambda: now)
    for _ in range(2):
        failed.check("a")
        failed.failed("a")
    with pytest.raises(QuotaExceeded, match="2 tries a minute") as refusal:
        failed.check("b", "a")
    assert refusal.value.retry_after == 30
    assert refusal.value.code == "too_many_failed_keys"
    failed.check("b")
    now = 30.0
    failed.check("a")


def test_no_limit_counts_nothing() -> None:
    failed = FailedKeys(0)
    for _ in range(1_000):
        failed.check("a")
        failed.failed("a")


def test_memory_is_bounded_and_who_failed_last_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failed_keys, "MOST_KEPT", 50)
    failed = FailedKeys(1)
    for number in range(500):
        failed.failed("again", f"a{number}")
    assert len(failed._left) == 50
    with pytest.raises(QuotaExceeded):
        failed.check("again")
    failed.check("a0")


def test_a_warning_once_and_not_once_a_try(caplog: pytest.LogCaptureFixture) -> None:
    failed = FailedKeys(5, clock=lambda: 0.0)
    for _ in range(20):
        failed.failed("address 192.0.2.1")
    assert len(caplog.records) == 1
    assert "192.0.2.1" in caplog.text


@given(st.integers(1, 20), st.lists(st.floats(0, 5), max_size=100))
def test_never_more_failures_than_the_bucket_and_what_time_refilled(limit: int, pauses: list[float]) -> None:
    now = 0.0
    failed = FailedKeys(limit, clock=lambda: now)
    told = 0
    for pause in pauses:
        now += pause
        try:
            failed.check("a")
        except QuotaExceeded:
            continue
        failed.failed("a")
        told += 1
    assert told <= limit + now * limit / 60 + 1e-6


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("unix", "unix"),
        (None, "unknown"),
    ],
)
def test_an_address_is_what_one_client_has_to_itself(host: str | None, name: str) -> None:
    assert address(request_from(host)) == name


def test_a_key_counts_by_its_public_part_only() -> None:
    names = names_of(request_from("192.0.2.7"), "pod_live_AbCd1234_" + "s" * 38)
    assert names == ("address 192.0.2.7", "key AbCd1234")
    assert names_of(request_from("192.0.2.7"), "some secret") == ("address 192.0.2.7",)
