import errno
import fcntl
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from podion.errors import NotFound, StorageFull
from podion.storage.files import Files

HOLD = """
import sys, time
from pathlib import Path
from podion.storage.files import Files
with Files(Path(sys.argv[1])).staging() as folder:
    (folder / "half").write_text("x")
    print(folder, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path / "files")


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_two_tenants_never_share_a_path(files: Files) -> None:
    for place in (files.dataset, files.adapter, files.run):
        ours, theirs = place("ten_ours", "x"), place("ten_theirs", "x")
        assert ours.is_relative_to(files.root / "tenants" / "ten_ours")
        assert theirs.is_relative_to(files.root / "tenants" / "ten_theirs")
    assert files.dataset("ten_ours", "x").suffix == ".jsonl"


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "/etc", "a\x00b", "a.b", "-rf", "é", "a" * 129, "a\n"])
def test_a_name_that_is_no_id_is_not_found(files: Files, name: str) -> None:
    for place in (files.dataset, files.adapter, files.run):
        with pytest.raises(NotFound):
            place("ten_ours", name)
        with pytest.raises(NotFound):
            place(name, "x")
    with pytest.raises(NotFound):
        files.delete_tenant(name)


def test_staging_is_gone_afterwards_whatever_happened(files: Files) -> None:
    with files.staging() as folder:
        (folder / "draft").write_text("x")
    with pytest.raises(KeyError), files.staging() as other:
        (other / "draft").write_text("x")
        raise KeyError
    assert not folder.exists()
    assert not other.exists()


def test_a_folder_is_published_whole(files: Files) -> None:
    final = files.adapter("ten_ours", "a1")
    with files.staging() as folder:
        draft = folder / "adapter"
        (draft / "deep").mkdir(parents=True)
        (draft / "card.json").write_text("{}")
        (draft / "deep" / "weights").write_text("w")
        assert files.publish(draft, final)
    assert names(final) == ["card.json", "deep/weights"]


def test_what_was_published_first_stays(files: Files) -> None:
    for number, (name, final) in enumerate(
        [("file", files.dataset("ten_ours", "d")), ("folder", files.adapter("ten_ours", "a"))] * 2
    ):
        with files.staging() as folder:
            draft = folder / name
            if name == "folder":
                draft.mkdir()
            (draft / "x" if name == "folder" else draft).write_text(str(number))
            assert files.publish(draft, final) == (number < 2)
            assert not draft.exists()
    assert files.dataset("ten_ours", "d").read_text() == "0"
    assert (files.adapter("ten_ours", "a") / "x").read_text() == "1"


def test_everything_is_on_the_disk_before_and_after_the_rename(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    sync, rename = os.fsync, Path.rename

    def noted_sync(handle: int) -> None:
        done.append(os.readlink(f"/proc/self/fd/{handle}"))
        sync(handle)

    def noted_rename(path: Path, target: Path) -> Path:
        done.append("rename")
        return rename(path, target)

    if not Path("/proc/self/fd").exists():
        pytest.skip("no /proc to name an open file by")
    monkeypatch.setattr(os, "fsync", noted_sync)
    monkeypatch.setattr(Path, "rename", noted_rename)
    final = files.adapter("ten_ours", "a1")
    with files.staging() as folder:
        (folder / "a").mkdir()
        (folder / "a" / "w").write_text("w")
        files.publish(folder / "a", final)
    before, after = done[: done.index("rename")], done[done.index("rename") + 1 :]
    assert {str(folder / "a" / "w"), str(folder / "a")} <= set(before)
    assert {str(files.root), str(final.parent.parent), str(final.parent.parent.parent)} <= set(before)
    assert after == [str(final.parent)]


def test_a_full_disk_is_told_and_leaves_nothing(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StorageFull), files.staging() as folder:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert not folder.exists()

    def full(_handle: int) -> None:
        raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))

    final = files.dataset("ten_ours", "d")
    with pytest.raises(StorageFull), files.staging() as folder:
        (folder / "d").write_text("x")
        monkeypatch.setattr(os, "fsync", full)
        files.publish(folder / "d", final)
    assert not final.exists()


def test_another_fault_of_the_file_system_keeps_its_name(files: Files) -> None:
    with pytest.raises(FileNotFoundError), files.staging() as folder:
        files.publish(folder / "absent", files.dataset("ten_ours", "d"))


def test_deleting_a_tenant_deletes_its_files_alone(files: Files) -> None:
    for tenant in ("ten_ours", "ten_theirs"):
        with files.staging() as folder:
            (folder / "d").write_text("secret of " + tenant)
            files.publish(folder / "d", files.dataset(tenant, "d"))
    files.delete_tenant("ten_ours")
    files.delete_tenant("ten_ours")
    assert names(files.root) == ["tenants/ten_ours", "tenants/ten_theirs/datasets/d.jsonl"]
    assert (files.root / "tenants" / "ten_ours").read_bytes() == b""


def test_nothing_is_published_for_a_tenant_that_was_deleted_meanwhile(files: Files) -> None:
    with files.staging() as folder:
        (folder / "d").write_text("secret")
        (folder / "e").write_text("not theirs")
        files.delete_tenant("ten_ours")
        with pytest.raises(NotFound, match="deleted meanwhile"):
            files.publish(folder / "d", files.dataset("ten_ours", "d"))
        assert files.publish(folder / "e", files.dataset("ten_theirs", "e"))
    assert names(files.root) == ["tenants/ten_ours", "tenants/ten_theirs/datasets/e.jsonl"]
    assert files.sweep(settling_seconds=3600) == 0
    assert names(files.root) == ["tenants/ten_ours", "tenants/ten_theirs/datasets/e.jsonl"]
    files.sweep(settling_seconds=0)
    assert names(files.root) == ["tenants/ten_theirs/datasets/e.jsonl"]


def test_a_tenant_that_is_written_to_while_it_is_deleted_stays_deleted(files: Files) -> None:
    def write(number: int) -> None:
        with files.staging() as folder, suppress(NotFound):
            (folder / "d").write_text("secret")
            files.publish(folder / "d", files.dataset("ten_ours", f"d{number}"))

    with ThreadPoolExecutor(4) as threads:
        written = [threads.submit(write, number) for number in range(200)]
        time.sleep(0.005)
        files.delete_tenant("ten_ours")
        for each in written:
            each.result()
    assert names(files.root) == ["tenants/ten_ours"]


def test_sweeping_removes_what_a_killed_process_left_and_nothing_in_use(files: Files) -> None:
    assert files.sweep() == 0
    child = subprocess.Popen([sys.executable, "-c", HOLD, str(files.root)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    left = Path(child.stdout.readline().strip())
    with files.staging() as ours:
        assert files.sweep(settling_seconds=0) == 0
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        assert files.sweep(settling_seconds=3600) == 0
        assert left.exists()
        assert files.sweep(settling_seconds=-1) == 1
        assert not left.exists()
        assert ours.exists()
        handle = os.open(ours, os.O_RDONLY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(handle)
