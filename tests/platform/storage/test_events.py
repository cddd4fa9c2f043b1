from datetime import timedelta

from podion.storage import deliveries, events, tenants, webhooks
from podion.storage.clock import now
from podion.storage.database import Connection, Database
from podion.storage.deliveries import DeliveryRow
from podion.storage.events import EventRow
from podion.storage.webhooks import WebhookRow


def emit(c: Connection, tenant: str = "ten_ours", vertical: str = "diary") -> EventRow:
    return events.add(c, tenant, vertical, f"{vertical}.note.kept", {"b": 1, "a": [2]})


def endpoint(c: Connection, tenant: str = "ten_ours", id: str = "whk_1", *types: str) -> WebhookRow:
    row = WebhookRow(tenant=tenant, id=id, url="https://example.org/", types=types)
    webhooks.add(c, row)
    return row


def send(c: Connection, to: WebhookRow, number: int = 1) -> list[DeliveryRow]:
    rows = [DeliveryRow(tenant=to.tenant, webhook=to.id, event=emit(c, to.tenant).sequence) for _ in range(number)]
    deliveries.add_many(c, rows)
    return rows


def claim(c: Connection, limit: int = 10, lease: float = 60, **busy: object) -> list[DeliveryRow]:
    return deliveries.claim(c, lease_seconds=lease, limit=limit, **busy)  # type: ignore[arg-type]


def test_events_of_a_tenant_are_counted_in_the_order_of_their_commits(database: Database) -> None:
    with database.writing() as c:
        assert [emit(c).sequence, emit(c, vertical="other").sequence, emit(c, "ten_theirs").sequence] == [1, 2, 1]
    with database.writing() as c:
        row = emit(c)
    with database.reading() as c:
        assert [each.sequence for each in events.after(c, "ten_ours", "diary", 0)] == [1, 3]
        assert events.after(c, "ten_ours", "diary", 1) == [row], "with its keys in the order they were given"
        assert list(events.after(c, "ten_ours", "diary", 1)[0].data) == ["b", "a"]
        assert events.after(c, "ten_theirs", "diary", 1) == []
        assert (events.newest(c, "ten_ours"), events.newest(c, "ten_none")) == (3, 0)
        assert events.newest_of(c, ["ten_ours", "ten_theirs", "ten_none"]) == {"ten_ours": 3, "ten_theirs": 1}
        assert events.get(c, "ten_theirs", 3) is None
        assert set(events.of_sequences(c, "ten_ours", [1, 3, 9])) == {1, 3}


def test_old_events_go_but_the_latest_and_those_that_are_still_to_be_told(connection: Connection) -> None:
    to = endpoint(connection)
    [told] = send(connection, to)
    emit(connection), emit(connection), emit(connection, "ten_theirs")
    later = now() + timedelta(seconds=1)
    assert events.forget(connection, now() - timedelta(days=1)) == 0
    assert events.forget(connection, later) == 1
    assert [row.sequence for row in events.after(connection, "ten_ours", "diary", 0)] == [1, 3]
    assert emit(connection).sequence == 4, "no number is used twice"
    [begun] = claim(connection)
    deliveries.settle(connection, begun, "delivered", 200, "")
    assert deliveries.forget(connection, later, now() - timedelta(days=1)) == 1
    assert deliveries.get(connection, "ten_ours", told.id) is None
    assert events.forget(connection, later) == 2


def test_an_endpoint_is_its_tenants_alone(connection: Connection) -> None:
    ours, theirs = endpoint(connection), endpoint(connection, "ten_theirs")
    assert webhooks.get(connection, "ten_ours", ours.id) == ours
    assert webhooks.open_ones(connection, "ten_ours") == webhooks.page(connection, "ten_ours") == [ours]
    [waits] = send(connection, ours)
    send(connection, theirs)
    webhooks.disable(connection, "ten_theirs", theirs.id, "gone")
    assert webhooks.open_ones(connection, "ten_theirs") == []
    assert [row.state for row in deliveries.page(connection, "ten_theirs")] == ["dead"]
    assert deliveries.page(connection, "ten_ours") == [waits]
    assert webhooks.rotate(connection, "ten_none", ours.id, 5) is None
    turned = webhooks.rotate(connection, "ten_ours", ours.id, 5)
    assert turned is not None and turned.generation == 2 and turned.old_until is not None
    assert webhooks.remove(connection, "ten_ours", ours.id) and not webhooks.remove(connection, "ten_ours", ours.id)
    assert deliveries.page(connection, "ten_ours") == [] and webhooks.count(connection, "ten_theirs") == 1


def test_deliveries_are_claimed_one_of_an_endpoint_and_of_who_is_not_busy(connection: Connection) -> None:
    first, second, theirs = endpoint(connection), endpoint(connection, id="whk_2"), endpoint(connection, "ten_theirs")
    waiting = {row.id: row for to in (first, second, theirs) for row in send(connection, to, 2)}
    assert deliveries.next_due(connection) == min(row.due_at for row in waiting.values())
    begun = claim(connection)
    assert sorted((row.tenant, row.webhook) for row in begun) == [
        ("ten_ours", "whk_1"), ("ten_ours", "whk_2"), ("ten_theirs", "whk_1"),
    ]  # fmt: skip
    assert all(row.attempts == 1 for row in begun)
    more = claim(connection, busy=[("ten_ours", "whk_1")], busy_tenants=["ten_theirs"])
    assert [(row.tenant, row.webhook) for row in more] == [("ten_ours", "whk_2")]
    assert not {row.id for row in more} & {row.id for row in begun}
    tenants.disable(connection, "ten_theirs")
    assert [row.webhook for row in claim(connection)] == ["whk_1"]
    assert claim(connection) == []


def test_an_attempt_that_was_lost_is_made_by_another_and_settled_once(connection: Connection) -> None:
    [row] = send(connection, endpoint(connection))
    [lost] = claim(connection, lease=-1)
    [again] = claim(connection)
    assert (again.id, lost.attempts, again.attempts) == (row.id, 1, 2)
    assert not deliveries.settle(connection, lost, "delivered", 200, "late")
    due = now() + timedelta(seconds=60)
    assert deliveries.settle(connection, again, "pending", 500, "sorry", due)
    kept = deliveries.get(connection, "ten_ours", row.id)
    assert kept is not None and (kept.state, kept.last_status, kept.last_answer, kept.due_at) == (
        "pending", 500, "sorry", due,
    )  # fmt: skip
    assert deliveries.counts(connection) == {"pending": 1}


def test_what_was_cut_off_is_given_back_and_what_is_dead_begins_anew(connection: Connection) -> None:
    [row] = send(connection, endpoint(connection))
    begun = claim(connection)
    deliveries.give_back(connection, begun)
    [again] = claim(connection)
    assert again.attempts == 1
    deliveries.settle(connection, again, "dead", None, "no answer")
    assert deliveries.redeliver(connection, "ten_theirs", row.id) is None
    assert [each.id for each in deliveries.page(connection, "ten_ours", state="dead")] == [row.id]
    anew = deliveries.redeliver(connection, "ten_ours", row.id)
    assert anew is not None and (anew.state, anew.attempts) == ("pending", 0)
    assert [each.id for each in claim(connection)] == [row.id]
