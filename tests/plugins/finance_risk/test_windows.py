import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podion_finance_risk.past import key_of
from podion_finance_risk.schema import Transaction
from podion_finance_risk.windows import MOST_KEPT, AccountWindows, TerminalWindows, TransactionHistory

START = datetime(2026, 3, 2, tzinfo=UTC)
HOURS = {"1h": 1, "1d": 24, "7d": 168, "30d": 720}


def paid(hours: float = 0, **fields: object) -> Transaction:
    values = {"account": "anna", "terminal": "till", "amount": 10.0, "at": START + timedelta(hours=hours), **fields}
    return Transaction.model_validate(values)


@st.composite
def payments(draw: st.DrawFn) -> Transaction:
    """Few accounts, terminals and moments, so that they meet; labels known at once, late or by the usual delay."""
    hours = draw(st.integers(0, 40 * 24).map(lambda half_days: half_days / 2)) * draw(st.sampled_from([0.25, 1, 2]))
    at = START + timedelta(hours=hours)
    label = draw(st.sampled_from([None, "0", "1"]))
    known = draw(st.sampled_from([None, timedelta(0), timedelta(hours=1), timedelta(days=20)]))
    return paid(
        hours,
        account=draw(st.sampled_from("ab")),
        terminal=draw(st.sampled_from(["x", "y", None])),
        device=draw(st.sampled_from(["phone", "card", None])),
        amount=draw(st.integers(-500, 50_000)) / 100,
        label=label,
        label_known_at=None if known is None or label is None else at + known,
    )


def known_at(other: Transaction) -> datetime:
    """When its label became known, at the soonest just after it was made: what happens at one moment sees no other."""
    return max(other.label_known_at or other.at + timedelta(days=3), other.at + timedelta(microseconds=1))


def naive(record: Transaction, others: Sequence[Transaction]) -> dict[str, float]:
    """The same figures by looking at every other payment in turn."""
    found: dict[str, float] = {}
    before = [other for other in others if other.at < record.at]

    def within(span: float, since: datetime) -> bool:
        return since >= record.at - timedelta(hours=span)

    mine = [other for other in before if other.account == record.account]
    for name, span in HOURS.items():
        amounts = [other.amount for other in mine if within(span, other.at)]
        found[f"account_count_{name}"] = len(amounts)
        found[f"account_total_{name}"] = sum(amounts)
    here = [other for other in before if record.terminal is not None and other.terminal == record.terminal]
    if record.terminal is not None:
        met = [other for other in mine if other.terminal == record.terminal and within(720, other.at)]
        found["first_at_terminal"] = float(not met)
    if record.device is not None:
        met = [other for other in mine if other.device == record.device and within(720, other.at)]
        found["first_with_device"] = float(not met)
    for whose, past in (("account", mine), ("terminal", here)):
        recent = [other.at for other in past if within(720, other.at)]
        if recent:
            found[f"{whose}_seconds_since_last"] = (record.at - max(recent)).total_seconds()
        for name, span in list(HOURS.items())[1:]:
            if whose == "terminal" and record.terminal is None:
                continue
            if whose == "terminal":
                found[f"terminal_count_{name}"] = sum(within(span, other.at) for other in past)
            known = [(known_at(other), other) for other in past if other.label]
            told = [
                other.label == "1" for at, other in known if at <= record.at and record.at - at < timedelta(hours=span)
            ]
            found[f"{whose}_frauds_{name}"] = sum(told)
            if told:
                found[f"{whose}_risk_{name}"] = sum(told) / len(told)
    return found


def windows(records: Sequence[Transaction]) -> list[dict[str, float]]:
    return [record.windows or {} for record in TransactionHistory().follow(records)]


@settings(max_examples=20, deadline=None)
@given(st.lists(payments(), min_size=1, max_size=14))
def test_windows_are_what_a_look_at_every_payment_finds(records: list[Transaction]) -> None:
    for record, told in zip(records, windows(records), strict=True):
        expected = naive(record, [other for other in records if other is not record])
        assert {name: told[name] for name in expected} == pytest.approx(expected, abs=1e-6)
        risks = {name for name in told if "_risk_" in name or name.startswith(("first_", "terminal_"))}
        assert risks <= set(expected)


@settings(max_examples=20, deadline=None)
@given(st.lists(payments(), min_size=2, max_size=12), st.data())
def test_nothing_of_the_future_changes_the_past(records: list[Transaction], data: st.DataObject) -> None:
    now = data.draw(st.sampled_from(records)).at
    changed = [
        record
        if record.at < now
        else record.model_copy(update={"amount": record.amount + 7, "label": "1", "account": "a", "terminal": "x"})
        for record in records
    ]
    future = [paid(account="a", terminal="x", label="1").model_copy(update={"at": now})]
    for record, before, after in zip(records, windows(records), windows([*changed, *future]), strict=False):
        if record.at < now:
            assert before == after


@settings(max_examples=15, deadline=None)
@given(st.lists(payments(), min_size=2, max_size=12))
def test_the_order_in_which_payments_come_does_not_matter(records: list[Transaction]) -> None:
    order = sorted(range(len(records)), key=lambda place: (records[place].amount * 7919) % 101)
    shuffled = windows([records[place] for place in order])
    told = windows(records)
    assert [told[place] for place in order] == shuffled


@settings(max_examples=15, deadline=None)
@given(st.lists(payments(), min_size=2, max_size=14), st.integers(1, 13))
def test_a_history_that_goes_on_from_its_state_is_as_good_as_one(records: list[Transaction], cut: int) -> None:
    records = sorted(records, key=lambda record: record.at)
    first = TransactionHistory()
    told = first.follow(records[:cut])
    later = TransactionHistory(first.state()).follow(records[cut:])
    together = windows([*records[:cut], *records[cut:]])
    in_order = [index for index, record in enumerate(records) if index < cut or record.at > records[cut - 1].at]
    found = [record.windows for record in [*told, *later]]
    # A payment at the very moment of the cut comes too late for those before it, and sees the same as they did.
    assert [found[index] for index in in_order] == [together[index] for index in in_order]


@settings(max_examples=15, deadline=None)
@given(st.lists(payments(), min_size=1, max_size=14), payments())
def test_one_at_a_time_gives_the_same_figures(records: list[Transaction], last: Transaction) -> None:
    last = last.model_copy(update={"at": START + timedelta(days=41)})
    account, terminal = AccountWindows(), TerminalWindows()
    for record in records:
        if record.account == last.account:
            account = AccountWindows(json.loads(json.dumps(account.state())))
            account.add(record)
        if last.terminal is not None and record.terminal == last.terminal:
            terminal.add(record)
    assert {**account.windows(last), **terminal.windows(last)} == windows([*records, last])[-1]


def test_two_payments_of_one_moment_do_not_see_each_other() -> None:
    both = windows([paid(0, label="1", label_known_at=START), paid(0, label="1", label_known_at=START)])
    assert both[0] == both[1]
    assert both[0]["account_count_1h"] == 0 and both[0]["terminal_frauds_1d"] == 0


def test_a_label_counts_from_the_moment_it_is_known() -> None:
    fraud, late = paid(0, label="1"), timedelta(days=3)
    just_before, then = windows([fraud, paid(3 * 24 - 0.01), paid(3 * 24)])[1:]
    assert just_before["terminal_frauds_7d"] == 0 and then["terminal_frauds_7d"] == 1
    assert "terminal_risk_7d" not in just_before and then["terminal_risk_7d"] == 1.0
    told_late = fraud.model_copy(update={"label_known_at": START + 2 * late})
    assert windows([told_late, paid(3 * 24)])[1]["terminal_frauds_7d"] == 0
    assert windows([told_late, paid(6 * 24)])[1]["account_frauds_7d"] == 1


def test_what_became_of_a_payment_can_be_learned_later() -> None:
    terminal = TerminalWindows()
    terminal.add(paid(0))
    assert terminal.windows(paid(100))["terminal_frauds_30d"] == 0
    assert terminal.learn(START, 10.0, "1", START + timedelta(hours=50))
    assert terminal.windows(paid(49))["terminal_frauds_30d"] == 0
    assert terminal.windows(paid(50))["terminal_frauds_30d"] == 1
    assert not terminal.learn(START, 11.0, "1", START)
    assert not terminal.learn(START + timedelta(hours=1), 10.0, "1", START)


def test_windows_that_came_with_a_payment_are_left_and_it_still_counts() -> None:
    own = paid(0, windows={"hour": 99.0})
    kept, after = TransactionHistory().follow([own, paid(1)])
    assert kept.windows == {"hour": 99.0}
    assert after.windows is not None and after.windows["account_count_1d"] == 1
    assert TransactionHistory().follow([]) == []


def test_the_clock_is_told_in_utc() -> None:
    saturday = paid().model_copy(update={"at": datetime(2026, 3, 7, 5, 30, tzinfo=UTC)})
    told = windows([saturday])[0]
    assert (told["hour"], told["night"], told["weekend"]) == (5.5, 1.0, 1.0)
    assert windows([paid(10)])[0]["weekend"] == 0.0 == windows([paid(10)])[0]["night"]


def test_what_is_too_old_is_forgotten() -> None:
    history = TransactionHistory()
    history.follow([paid(0), paid(0, label="0"), paid(24 * 34)])
    assert len(history.state()["at"]) == 1
    account = AccountWindows()
    account.add(paid(0))
    account.add(paid(24 * 100))
    assert len(account.state()["at"]) == 1


def test_one_account_keeps_its_latest_payments_only() -> None:
    account = AccountWindows({name: column * (MOST_KEPT + 5) for name, column in _state_of_one().items()})
    account.add(paid(1))
    assert len(account.state()["at"]) == MOST_KEPT


def _state_of_one() -> dict[str, list[float]]:
    account = AccountWindows()
    account.add(paid(0))
    return account.state()


def test_names_have_keys_that_json_numbers_hold() -> None:
    assert key_of(None) == key_of("") == 0
    assert 0 < key_of("anna") < 2**53 and key_of("anna") != key_of("ben")
