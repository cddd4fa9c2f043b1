from dataclasses import replace
from datetime import timedelta

from podion.storage import idempotency
from podion.storage.clock import now
from podion.storage.database import Connection
from podion.storage.idempotency import IdempotencyRow

ROW = IdempotencyRow(tenant="ten_ours", route="POST /v1/keys", key="k", body_digest="d", status=201, response={"a": 1})


def test_a_request_is_its_tenants_and_its_routes_alone(connection: Connection) -> None:
    assert idempotency.insert(connection, ROW)
    assert idempotency.find(connection, "ten_ours", ROW.route, "k") == ROW
    assert idempotency.find(connection, "ten_theirs", ROW.route, "k") is None
    assert idempotency.find(connection, "ten_ours", "POST /v1/runs", "k") is None
    assert idempotency.insert(connection, replace(ROW, tenant="ten_theirs"))
    assert not idempotency.remove(connection, "ten_theirs", "POST /v1/runs", "k")


def test_the_first_of_two_equal_requests_is_kept(connection: Connection) -> None:
    assert idempotency.insert(connection, ROW)
    assert not idempotency.insert(connection, replace(ROW, body_digest="other"))
    assert idempotency.find(connection, "ten_ours", ROW.route, "k") == ROW


def test_a_request_in_flight_is_completed_once(connection: Connection) -> None:
    flying = replace(ROW, status=None, response=None)
    idempotency.insert(connection, flying)
    assert not idempotency.complete(connection, "ten_theirs", ROW.route, "k", 500, {})
    assert idempotency.complete(connection, "ten_ours", ROW.route, "k", 201, {"a": 1})
    assert not idempotency.complete(connection, "ten_ours", ROW.route, "k", 500, {})
    assert idempotency.find(connection, "ten_ours", ROW.route, "k") == ROW
    assert idempotency.remove(connection, "ten_ours", ROW.route, "k")
    assert idempotency.find(connection, "ten_ours", ROW.route, "k") is None


def test_purging_forgets_the_old(connection: Connection) -> None:
    old = replace(ROW, key="old", created_at=now() - timedelta(days=2))
    for row in (ROW, old):
        idempotency.insert(connection, row)
    assert idempotency.purge(connection, now() - timedelta(days=1)) == 1
    assert idempotency.find(connection, "ten_ours", ROW.route, "old") is None
    assert idempotency.find(connection, "ten_ours", ROW.route, "k") == ROW
