from datetime import timedelta

from podion.storage import keys
from podion.storage.clock import now
from podion.storage.database import Connection


def key(tenant: str, name: str) -> keys.KeyRow:
    return keys.KeyRow(id=name, tenant=tenant, digest=f"digest-{name}", scopes=("predict", "data"), label="laptop")


def test_a_key_is_its_tenants_alone(connection: Connection) -> None:
    row = key("ten_ours", "key_1")
    keys.insert(connection, row)
    keys.insert(connection, key("ten_theirs", "key_2"))
    assert keys.get(connection, "ten_ours", "key_1") == row
    assert keys.get(connection, "ten_theirs", "key_1") is None
    assert keys.revoke(connection, "ten_theirs", "key_1") is None
    assert keys.set_expiry(connection, "ten_theirs", "key_1", now()) is None
    assert not keys.touch(connection, "ten_theirs", "key_1", now())
    assert keys.get(connection, "ten_ours", "key_1") == row
    assert keys.page(connection, "ten_ours") == [row]


def test_the_digest_finds_the_key_whoever_owns_it(connection: Connection) -> None:
    keys.insert(connection, key("ten_ours", "key_1"))
    keys.insert(connection, key("ten_theirs", "key_2"))
    assert keys.by_digest(connection, "digest-key_2").tenant == "ten_theirs"  # type: ignore[union-attr]
    assert keys.by_digest(connection, "digest-key_3") is None


def test_revoking_keeps_the_first_time(connection: Connection) -> None:
    keys.insert(connection, key("ten_ours", "key_1"))
    first = keys.revoke(connection, "ten_ours", "key_1")
    assert first is not None
    assert first.revoked_at is not None
    assert keys.revoke(connection, "ten_ours", "key_1") == first


def test_uses_within_a_minute_are_noted_once(connection: Connection) -> None:
    keys.insert(connection, key("ten_ours", "key_1"))
    start = now()
    later = [keys.touch(connection, "ten_ours", "key_1", start + timedelta(seconds=s)) for s in (0, 30, 59, 60, 61)]
    assert later == [True, False, False, True, False]
    assert keys.get(connection, "ten_ours", "key_1").last_used_at == start + timedelta(seconds=60)  # type: ignore[union-attr]


def test_the_digest_is_not_in_the_repr() -> None:
    assert "digest-key_1" not in repr(key("ten_ours", "key_1"))
