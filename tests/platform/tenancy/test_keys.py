import hmac
import logging
import re
import string
import traceback
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podion.errors import Conflict, DataError, NotFound, Unauthenticated
from podion.storage import keys as rows
from podion.storage import tenants
from podion.storage.clock import now
from podion.storage.database import Connection, Database
from podion.tenancy import keys
from podion.vertical import SCOPES

BASE62 = string.digits + string.ascii_letters


def refusal(connection: Connection, presented: str) -> str:
    with pytest.raises(Unauthenticated) as refused:
        keys.authenticate(connection, presented)
    return f"{refused.value.detail} {refused.value.code} {refused.value.status}"


def test_a_key_has_the_form_that_the_interfaces_say() -> None:
    assert re.fullmatch(r"pod_live_[0-9A-Za-z]{8}_[0-9A-Za-z]{38}", keys.mint())
    assert len({keys.mint() for _ in range(200)}) == 200


@given(st.integers(0, 55), st.sampled_from(BASE62 + "_"))
def test_every_typo_of_one_character_is_told_offline(position: int, other: str) -> None:
    key = keys.mint()
    assert keys.looks_valid(key)
    changed = key[:position] + other + key[position + 1 :]
    assert keys.looks_valid(changed) == (changed == key)


@given(st.text(max_size=80))
def test_any_text_may_be_presented(text: str) -> None:
    assert not keys.looks_valid(text)
    assert re.fullmatch("[0-9a-f]{64}", keys.digest(text))


@pytest.mark.parametrize("text", ["\ud800", "pod_live_", "é" * 56, "{key}\n", " {key}", ""])
def test_what_is_no_key_is_refused_like_any_other(connection: Connection, text: str) -> None:
    presented = text.replace("{key}", keys.mint())
    assert refusal(connection, presented) == refusal(connection, keys.mint())


def test_an_issued_key_speaks_for_its_tenant_alone(connection: Connection) -> None:
    row, plaintext = keys.issue(connection, "ten_ours", ["data", "predict"], "laptop")
    other, _ = keys.issue(connection, "ten_theirs")
    identity = keys.authenticate(connection, plaintext)
    assert identity == keys.Identity(tenant="ten_ours", key=row.id, scopes=("predict", "data"))
    assert other.scopes == SCOPES
    assert rows.page(connection, "ten_ours") == [row]
    assert row.label == "laptop"


def test_only_the_digest_is_kept_and_the_plaintext_is_in_no_repr(database: Database, kind: str, url: str) -> None:
    with database.writing() as connection:
        issued = keys.issue(connection, "ten_ours")
    row, plaintext = issued
    database.close()
    assert row.digest == keys.digest(str(plaintext))
    secret = plaintext[18:]
    for shown in (repr(issued), repr([plaintext]), f"{plaintext!r}", repr(row)):
        assert secret not in shown
        assert row.digest not in shown
    assert plaintext[9:17] == row.id[-8:]
    files = list(Path(url.removeprefix("sqlite:///")).parent.glob("podion.sqlite*")) if kind == "sqlite" else []
    assert files or kind == "postgresql"
    assert all(secret.encode() not in file.read_bytes() for file in files)


def test_nothing_is_logged_or_told_of_a_key(connection: Connection, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    _, plaintext = keys.issue(connection, "ten_ours")
    keys.authenticate(connection, plaintext)
    with pytest.raises(Unauthenticated) as refused:
        keys.authenticate(connection, plaintext[:-1] + ("a" if plaintext[-1] != "a" else "b"))
    told = caplog.text + "".join(traceback.format_exception(refused.value))
    assert plaintext[18:50] not in told


def test_unknown_expired_revoked_and_disabled_are_refused_in_the_same_words(connection: Connection) -> None:
    said = {refusal(connection, keys.mint())}
    expired, plaintext = keys.issue(connection, "ten_ours", expires_at=now() + timedelta(hours=1))
    keys.authenticate(connection, plaintext)
    rows.set_expiry(connection, "ten_ours", expired.id, now())
    said.add(refusal(connection, plaintext))
    revoked, plaintext = keys.issue(connection, "ten_ours")
    assert keys.revoke(connection, "ten_ours", revoked.id).revoked_at is not None
    said.add(refusal(connection, plaintext))
    _, plaintext = keys.issue(connection, "ten_theirs")
    tenants.disable(connection, "ten_theirs")
    said.add(refusal(connection, plaintext))
    assert len(said) == 1
    tenants.enable(connection, "ten_theirs")
    assert keys.authenticate(connection, plaintext).tenant == "ten_theirs"


def test_digests_are_compared_in_constant_time(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[object, object]] = []
    compare = hmac.compare_digest

    def noted(ours: str, theirs: str) -> bool:
        compared.append((ours, theirs))
        return compare(ours, theirs)

    monkeypatch.setattr(hmac, "compare_digest", noted)
    row, plaintext = keys.issue(connection, "ten_ours")
    keys.authenticate(connection, plaintext)
    assert (row.digest, row.digest) in compared
    unknown = keys.mint()
    refusal(connection, unknown)
    assert (keys.digest(""), keys.digest(unknown)) in compared


def test_a_rotated_key_works_for_the_overlap_and_no_longer(connection: Connection) -> None:
    end = now() + timedelta(days=1)
    old, old_plaintext = keys.issue(connection, "ten_ours", ["predict"], "shop", end)
    new, new_plaintext = keys.rotate(connection, "ten_ours", old.id, overlap_seconds=3600)
    assert (new.scopes, new.label, new.expires_at) == (old.scopes, old.label, end)
    assert keys.authenticate(connection, old_plaintext).key == old.id
    assert keys.authenticate(connection, new_plaintext).key == new.id
    left = rows.get(connection, "ten_ours", old.id).expires_at - now()  # type: ignore[union-attr,operator]
    assert timedelta(minutes=59) < left <= timedelta(hours=1)
    _, newest = keys.rotate(connection, "ten_ours", new.id)
    refusal(connection, new_plaintext)
    keys.authenticate(connection, newest)


def test_rotating_never_prolongs_a_key(connection: Connection) -> None:
    end = now() + timedelta(minutes=1)
    old, _ = keys.issue(connection, "ten_ours", expires_at=end)
    keys.rotate(connection, "ten_ours", old.id, overlap_seconds=3600)
    assert rows.get(connection, "ten_ours", old.id).expires_at == end  # type: ignore[union-attr]


def test_foreign_and_absent_keys_look_the_same(connection: Connection) -> None:
    theirs, plaintext = keys.issue(connection, "ten_theirs")
    for change in (keys.rotate, keys.revoke):
        details = set()
        for name in (theirs.id, "key_absent"):
            with pytest.raises(NotFound) as refused:
                change(connection, "ten_ours", name)
            details.add(refused.value.detail.replace(name, "…"))
        assert len(details) == 1
    assert keys.authenticate(connection, plaintext).tenant == "ten_theirs"


def test_an_ended_key_is_not_rotated(connection: Connection) -> None:
    row, _ = keys.issue(connection, "ten_ours")
    keys.revoke(connection, "ten_ours", row.id)
    with pytest.raises(Conflict, match="make a new one"):
        keys.rotate(connection, "ten_ours", row.id)


def test_what_cannot_be_issued_is_refused(connection: Connection) -> None:
    with pytest.raises(DataError, match="'root'") as refused:
        keys.issue(connection, "ten_ours", ["predict", "root"])
    assert refused.value.code == "unknown_scope"
    with pytest.raises(DataError, match="seen: none"):
        keys.issue(connection, "ten_ours", [])
    with pytest.raises(DataError, match="has passed"):
        keys.issue(connection, "ten_ours", expires_at=now())
    with pytest.raises(DataError, match="overlap_seconds"):
        keys.rotate(connection, "ten_ours", "key_1", overlap_seconds=-1)
    with pytest.raises(NotFound):
        keys.issue(connection, "ten_nobody")
    assert rows.page(connection, "ten_ours") == []
