"""`podion tenant …` and `podion key …`: from nothing to a key that opens, and to one that no longer does."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from podion.errors import Unauthenticated
from podion.storage.database import Database
from podion.tenancy.keys import authenticate, looks_valid


def opens(podion: Any, key: str) -> set[str]:
    """Return the scopes of a key; the empty set when it opens nothing."""
    database = Database(f"sqlite:///{podion.home / 'podion.sqlite'}")
    try:
        with database.reading() as c:
            return set(authenticate(c, key).scopes)
    except Unauthenticated:
        return set()
    finally:
        database.close()


def test_a_tenant_from_first_to_last(podion: Any) -> None:
    made = podion("tenant", "create", "acme", "--enable", "customer_service,praise", "--json").json
    assert set(made) == {"tenant", "name", "key_id", "key", "enabled"}
    assert made["enabled"] == ["customer_service", "praise"]
    assert looks_valid(made["key"])
    assert opens(podion, made["key"]) == {"predict", "data", "train", "deploy", "admin"}
    podion("tenant", "create", "other", "--json")

    listed = podion("tenant", "list", "--json").json["data"]
    assert [(row["name"], row["disabled"]) for row in listed] == [("other", False), ("acme", False)]
    assert made["key"] not in json.dumps(listed)
    assert made["key"].encode() not in b"".join(path.read_bytes() for path in podion.home.iterdir() if path.is_file())

    assert podion("tenant", "disable", "acme", "--json").json == {"tenant": made["tenant"], "disabled": True}
    assert not opens(podion, made["key"])
    folder = podion.home / "files" / "tenants"
    assert podion("tenant", "delete", "acme", "--yes", "--json").json == {"tenant": made["tenant"], "deleted": True}
    assert [row["name"] for row in podion("tenant", "list", "--json").json["data"]] == ["other"]
    [tombstone] = folder.glob(f"**/{made['tenant']}*")
    assert tombstone.read_bytes() == b""
    with sqlite3.connect(podion.home / "podion.sqlite") as raw:
        tables = [name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            columns = [row[1] for row in raw.execute(f"PRAGMA table_info({table})")]
            if "tenant" in columns:
                left = raw.execute(f"SELECT count(*) FROM {table} WHERE tenant = ?", (made["tenant"],)).fetchone()
                assert left == (0,), table
    raw.close()


def test_a_key_from_first_to_last(here: Any) -> None:
    here("tenant", "create", "acme", "--json")
    made = here("key", "create", "acme", "--scope", "predict", "--scope", "data", "--label", "web", "--json").json
    assert opens(here, made["key"]) == {"predict", "data"}

    after = here("key", "rotate", "acme", made["key_id"], "--overlap", "0", "--json").json
    assert after["replaces"] == made["key_id"]
    assert opens(here, after["key"]) == {"predict", "data"}
    assert not opens(here, made["key"]), "an overlap of 0 seconds ends the old key at once"

    assert here("key", "revoke", "acme", after["key_id"], "--json").json["revoked"] is True
    assert not opens(here, after["key"])


def test_people_are_shown_lines(here: Any) -> None:
    made = here("tenant", "create", "acme")
    assert made.status == 0 and "shown once" in made.out and "acme" in made.out and not made.out.startswith("{")
    assert "acme" in here("tenant", "list").out


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("tenant", "create", "Not A Name"), "is no name for a tenant"),
        (("tenant", "create", "acme", "--enable", "costumer_service"), "customer_service"),
        (("tenant", "disable", "nobody"), "no tenant 'nobody'"),
        (("tenant", "delete", "nobody", "--yes"), "no tenant 'nobody'"),
        (("key", "create", "nobody", "--scope", "predict"), "no tenant 'nobody'"),
        (("key", "rotate", "nobody", "key_x"), "no tenant 'nobody'"),
    ],
)
def test_what_cannot_be_is_one_line(here: Any, words: tuple[str, ...], expected: str) -> None:
    assert expected in here(*words, "--json").refusal


def test_refusals_that_need_a_tenant(here: Any) -> None:
    here("tenant", "create", "acme")
    assert "exists" in here("tenant", "create", "acme", "--json").refusal
    assert "predict, data, train, deploy, admin" in here("key", "create", "acme", "--scope", "all").refusal
    assert "key" in here("key", "revoke", "acme", "key_x").refusal
    assert "key" in here("key", "rotate", "acme", "key_x").refusal
    asked = here("tenant", "delete", "acme")
    assert asked.status == 1 and "Traceback" not in asked.err, "without --yes and without an answer nothing is removed"
    assert len(here("tenant", "list", "--json").json["data"]) == 1


def test_a_refused_create_leaves_nothing_behind(here: Any) -> None:
    here("tenant", "create", "acme", "--enable", "nothing_such")
    assert here("tenant", "list", "--json").json == {"data": []}


def test_another_tenants_key_is_not_there(here: Any, tmp_path: Path) -> None:
    theirs = here("tenant", "create", "theirs", "--json").json
    here("tenant", "create", "ours", "--json")
    assert "key" in here("key", "revoke", "ours", theirs["key_id"]).refusal
    assert opens(here, theirs["key"])
