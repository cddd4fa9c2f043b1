"""Transactions scored in order of time: windows out of the kept past, one pass, an alert within the budget."""

from collections.abc import Mapping, Sequence
from functools import partial
from hashlib import sha256
from typing import Any, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from podion import NotFound, TenantCaller
from podion_finance_risk import policies
from podion_finance_risk.alerting import AlertBudget
from podion_finance_risk.answers import probability
from podion_finance_risk.events import FraudAlert, fraud_alerted
from podion_finance_risk.schema import Payment, Reference, Transaction
from podion_finance_risk.tasks import GOOD, fraud
from podion_finance_risk.windows import AccountWindows, TerminalWindows

KindT = TypeVar("KindT", bound=BaseModel)
Whose = Literal["account", "terminal"]
WINDOWS: Mapping[Whose, type[AccountWindows] | type[TerminalWindows]] = {
    "account": AccountWindows,
    "terminal": TerminalWindows,
}
BUDGET = "alert-budget"


class WindowState(BaseModel):
    """What is kept of an account's or a terminal's past, under a digest of its name."""

    model_config = ConfigDict(frozen=True)

    id: str = ""
    whose: Whose
    state: dict[str, Any] = {}


class ScoredTransaction(BaseModel):
    """A transaction with its probability of fraud, and what was known of its past at that moment."""

    model_config = ConfigDict(frozen=True)

    id: str = ""
    transaction_id: Reference = ""
    payment: Payment
    windows: dict[str, float] = {}
    probability: float = Field(ge=0, le=1, description="of fraud, calibrated")
    alert: bool = Field(description="true: within the budget of alerts, a person should look")
    threshold: float = Field(description="the probability from which on alerts were raised at that moment")
    abstained: bool = False
    adapter: str
    policy: str
    prediction_id: str
    fraud: bool | None = Field(default=None, description="what it was; null: not known yet")
    fraud_observed_at: AwareDatetime | None = None


async def score(caller: TenantCaller, payments: Sequence[Payment]) -> list[ScoredTransaction]:
    """Return what each transaction was found to be, in the order sent; one that was sent before is not scored again.

    Each sees what its account and terminal did strictly before it, those earlier in the same call included. Raises
    `Conflict` (code `untrained`) while no adapter of `fraud` is deployed; then nothing is kept.
    """
    ids = [_id(caller, payment) for payment in payments]
    found = {id: one for id in dict.fromkeys(ids) if (one := await _got(caller, ScoredTransaction, id)) is not None}
    new = {id: payment for id, payment in zip(ids, payments, strict=True) if id not in found}
    if new:
        order = sorted(new, key=lambda id: new[id].at)
        for one in await _scored(caller, {id: new[id] for id in order}):
            found[one.id] = one
    return [found[id] for id in ids]


async def learn(caller: TenantCaller, one: ScoredTransaction, label: str, known_at: AwareDatetime) -> None:
    """Tell the windows of a transaction's account and terminal what it was, from the moment that it is known."""
    for whose, name in _parties(one.payment):

        def change(kept: WindowState) -> WindowState:
            windows = WINDOWS[kept.whose](kept.state)
            windows.learn(one.payment.at, one.payment.amount, label, known_at)
            return kept.model_copy(update={"state": windows.state()})

        if await _got(caller, WindowState, _digest(whose, name)) is not None:
            await caller.store.update(WindowState, _digest(whose, name), change)


async def _scored(caller: TenantCaller, new: dict[str, Payment]) -> list[ScoredTransaction]:
    records = await _with_windows(caller, list(new.values()))
    prediction = await caller.predict(fraud, records)
    probabilities = [probability(answer) for answer in prediction.answers]
    await _remember(caller, records)
    holding = await policies.current(caller)
    budget = await _changed(caller, AlertBudget(id=BUDGET), lambda kept: kept.seen(probabilities))
    threshold = budget.threshold(holding.policy.fraud)
    scored = [
        ScoredTransaction(
            id=id,
            transaction_id=payment.transaction_id,
            payment=payment,
            windows=record.windows or {},
            probability=value,
            alert=value >= threshold,
            threshold=threshold,
            abstained=answer.abstained,
            adapter=prediction.adapter,
            policy=holding.id,
            prediction_id=answer.prediction_id,
        )
        for (id, payment), record, value, answer in zip(
            new.items(), records, probabilities, prediction.answers, strict=True
        )
    ]
    kept = await caller.store.put_all(scored)
    for one in kept:
        if one.alert:
            alert = FraudAlert(transaction=one.id, transaction_id=one.transaction_id, probability=one.probability)
            await caller.emit(fraud_alerted, alert)
    return list(kept)


async def _with_windows(caller: TenantCaller, payments: Sequence[Payment]) -> list[Transaction]:
    """Return transactions, given in order of time, with what was known of the past of each."""
    pasts: dict[str, AccountWindows | TerminalWindows] = {}
    records = []
    for payment in payments:
        record = Transaction.model_validate(payment.model_dump())
        windows: dict[str, float] = {}
        parties = [(whose, _digest(whose, name)) for whose, name in _parties(payment)]
        for whose, id in parties:
            if id not in pasts:
                kept = await _got(caller, WindowState, id)
                pasts[id] = WINDOWS[whose](kept.state if kept else None)
            windows |= pasts[id].windows(record)
        for _, id in parties:
            pasts[id].add(_presumed_good(record))
        records.append(record.model_copy(update={"windows": windows}))
    return records


async def _remember(caller: TenantCaller, records: Sequence[Transaction]) -> None:
    """Add transactions to the kept past of their accounts and terminals; no other writer comes in between."""
    parties: dict[str, tuple[Whose, list[Transaction]]] = {}
    for record in records:
        for whose, name in _parties(record):
            parties.setdefault(_digest(whose, name), (whose, []))[1].append(record)
    for id, (whose, members) in parties.items():
        await _changed(caller, WindowState(id=id, whose=whose), partial(_grown, members))


def _grown(records: Sequence[Transaction], kept: WindowState) -> WindowState:
    windows = WINDOWS[kept.whose](kept.state)
    for record in records:
        windows.add(_presumed_good(record))
    return kept.model_copy(update={"state": windows.state()})


async def _changed(caller: TenantCaller, empty: KindT, change: Any) -> KindT:
    """Return a document after a change, or an empty one after it where there is none."""
    return await caller.store.update(type(empty), empty.id, change, begin=empty)  # type: ignore[attr-defined]


async def _got(caller: TenantCaller, kind: type[KindT], id: str) -> KindT | None:
    try:
        return await caller.store.get(kind, id)
    except NotFound:
        return None


def _presumed_good(record: Transaction) -> Transaction:
    """Return a transaction as one that nobody complains of: after the delay of labels that is what is known of it."""
    return record.model_copy(update={"label": GOOD, "label_known_at": None})


def _parties(payment: Payment) -> list[tuple[Whose, str]]:
    terminal: list[tuple[Whose, str]] = [("terminal", payment.terminal)] if payment.terminal else []
    return [("account", payment.account), *terminal]


def _digest(whose: Whose, name: str) -> str:
    return f"{whose}-{sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:40]}"


def _id(caller: TenantCaller, payment: Payment) -> str:
    if not payment.transaction_id:
        return caller.new_id("txn")
    return f"txn_{sha256(payment.transaction_id.encode('utf-8', 'surrogatepass')).hexdigest()[:40]}"
