"""Windows over an account's and a terminal's past, without a look ahead: for a run's records and for one at a time.

`TransactionHistory` fills in `Transaction.windows` of many records. `AccountWindows` and `TerminalWindows` are the same
figures of one account and one terminal, kept by a server between transactions. Times are seconds since 1970 in UTC
wherever they are numbers.
"""

from bisect import bisect_left, insort
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from podion_finance_risk.past import Past, key_of, units_of
from podion_finance_risk.schema import Transaction
from podion_finance_risk.window_figures import (
    DAY,
    LONGEST,
    account_figures,
    clock_figures,
    plain_figures,
    terminal_figures,
)

FRAUD = "1"
"""The label of a transaction that was fraud; every other label says that it was none."""

LABEL_DELAY_DAYS = 3.0
"""When a label becomes known whose record does not say: so many days after the transaction."""

MOST_KEPT = 5_000
"""How many transactions of one account or terminal are kept between calls, the latest ones."""

_SLACK = 30 * DAY
"""How long after the longest window a label may still become known and count."""


class TransactionHistory:
    """Fills in `windows` of transactions: what their accounts and terminals did before, and what was known of it.

    A transaction sees those strictly before it, and labels from the moment they were known: `label_known_at`, else
    `label_delay_days` after the transaction. What is older than the longest window is forgotten, and its label 30 days
    later.
    """

    label_delay_days: ClassVar[float] = LABEL_DELAY_DAYS

    def __init__(self, state: Mapping[str, NDArray[Any]] | None = None) -> None:
        self._past = Past.of() if state is None else Past.from_arrays(state)

    def follow(self, records: Sequence[Transaction]) -> list[Transaction]:
        """Return the records in the order given, with `windows`, but those that came with them as they are."""
        if not records:
            return []
        now = Past.of([_row(record, self.label_delay_days) for record in records])
        past = self._past.and_then(now)
        figures = {**clock_figures(now), **account_figures(past, now), **terminal_figures(past, now)}
        followed = [
            record if record.windows is not None else record.model_copy(update={"windows": windows})
            for record, windows in zip(records, plain_figures(figures), strict=True)
        ]
        self._past = _remembered(past)
        return followed

    def state(self) -> dict[str, NDArray[Any]]:
        """Return the transactions that a later history must know, as columns of numbers."""
        return self._past.arrays()


class LiveWindows:
    """The past of one account or one terminal, one transaction at a time, as a server keeps it between calls.

    `windows` tells of a transaction without taking it in, `add` takes it in, `learn` says later what it was. `state` is
    plain JSON; a new one made of it goes on. The latest `MOST_KEPT` transactions are kept.
    """

    def __init__(self, state: Mapping[str, Sequence[float]] | None = None) -> None:
        columns = [state[name] for name in Past.of().arrays()] if state else []
        self._rows: list[tuple[Any, ...]] = list(zip(*columns, strict=True))

    def add(self, transaction: Transaction) -> None:
        """Take in a transaction, in whatever order; its label, if it has one, is known as its record says."""
        insort(self._rows, _row(transaction, LABEL_DELAY_DAYS), key=_made)
        oldest = self._rows[-1][_AT] - LONGEST - _SLACK
        first = bisect_left(self._rows, oldest, key=_made)
        del self._rows[: max(first, len(self._rows) - MOST_KEPT)]

    def learn(self, at: datetime, amount: float, label: str, known_at: datetime) -> bool:
        """Note what the transaction of that time and amount was, and since when; False where it is not kept."""
        when, units = _seconds(at), units_of(amount)
        for place in range(bisect_left(self._rows, when, key=_made), len(self._rows)):
            row = self._rows[place]
            if row[_AT] != when:
                break
            if row[_UNITS] == units:
                self._rows[place] = (*row[: _UNITS + 1], int(label == FRAUD), _seconds(known_at))
                return True
        return False

    def state(self) -> dict[str, list[float]]:
        """Return the past as JSON has it: columns by name."""
        return {name: column.tolist() for name, column in self._past().arrays().items()}

    def _past(self) -> Past:
        return Past.of(self._rows)


class AccountWindows(LiveWindows):
    """One account's past: the same figures of the clock and the account as `TransactionHistory` fills in."""

    def windows(self, transaction: Transaction) -> dict[str, float]:
        """Return the figures of a transaction of this account."""
        now = Past.of([_row(transaction, LABEL_DELAY_DAYS)])
        return plain_figures({**clock_figures(now), **account_figures(self._past(), now)})[0]


class TerminalWindows(LiveWindows):
    """One terminal's past: the same figures of the terminal as `TransactionHistory` fills in."""

    def windows(self, transaction: Transaction) -> dict[str, float]:
        """Return the figures of a transaction at this terminal."""
        now = Past.of([_row(transaction, LABEL_DELAY_DAYS)])
        return plain_figures(terminal_figures(self._past(), now))[0]


_UNITS, _AT = 4, 3


def _made(row: tuple[Any, ...]) -> float:
    return float(row[_AT])


def _row(record: Transaction, delay_days: float) -> tuple[Any, ...]:
    """Return a transaction as a row of `Past`."""
    at = _seconds(record.at)
    known = at + delay_days * DAY if record.label_known_at is None else _seconds(record.label_known_at)
    label = -1 if record.label is None else int(record.label == FRAUD)
    keys = (key_of(record.account), key_of(record.terminal), key_of(record.device))
    return (*keys, at, units_of(record.amount), label, known)


def _seconds(moment: datetime) -> float:
    return moment.timestamp()


def _remembered(past: Past) -> Past:
    """Return what a later transaction may still look back at, in order of time."""
    since = past.at.max() - LONGEST
    kept = (past.at >= since) | ((past.label >= 0) & (past.known >= since) & (past.at >= since - _SLACK))
    chosen = np.flatnonzero(kept)
    return past.rows(chosen[np.argsort(past.at[chosen], kind="stable")])
