"""`podion backup` and `podion restore`, as an operator runs them."""

import os
from pathlib import Path
from typing import Any


def test_a_backup_comes_back_on_an_empty_machine(here: Any, tmp_path: Path) -> None:
    made = here("tenant", "create", "acme", "--json").json
    (here.home / "masking.key").write_text("the secret of pseudonyms")
    (here.home / "operator.key").write_text("an operator's key, not to travel")
    file = tmp_path / "backup.zip"
    told = here("backup", file, "--json").json
    assert told["file"] == str(file) and told["bytes"] == file.stat().st_size
    assert told["rows"]["tenants"] == 1 and told["missing"] == []
    assert b"not to travel" not in file.read_bytes()
    there = type(here)(home=tmp_path / "there")
    assert there("restore", file, "--json").json["rows"] == told["rows"]
    (tenant,) = there("tenant", "list", "--json").json["data"]
    assert (tenant["tenant"], tenant["name"]) == (made["tenant"], "acme")
    assert (there.home / "masking.key").read_text() == "the secret of pseudonyms"
    assert not (there.home / "operator.key").exists()
    assert "holds rows" in there("restore", file).refusal


def test_words_for_people_and_progress_apart(here: Any, tmp_path: Path) -> None:
    here("migrate")
    ran = here("backup", tmp_path / "backup.zip")
    assert ran.status == 0 and ran.out.startswith(f"{tmp_path / 'backup.zip'}: 0 rows, 0 files")
    assert "rows" in ran.err
    assert "exists" in here("backup", tmp_path / "backup.zip").refusal


def test_what_cannot_be_restored_says_so(here: Any, tmp_path: Path) -> None:
    (tmp_path / "text.zip").write_text("this is no zip")
    assert "no backup, or a damaged one" in here("restore", tmp_path / "text.zip", "--json").refusal
    assert "absent.zip" in here("restore", tmp_path / "absent.zip").refusal
    assert "podion migrate" in here("backup", tmp_path / "new.zip").refusal
    assert not (tmp_path / "new.zip").exists()


def test_a_folder_that_is_served_is_not_restored_into(here: Any, tmp_path: Path) -> None:
    import fcntl

    here("migrate")
    here("backup", tmp_path / "backup.zip")
    with (here.home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "another podion serve" in here("restore", tmp_path / "backup.zip").refusal
    assert os.listdir(here.home)
