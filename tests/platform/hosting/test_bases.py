import hashlib
import json
import os
import shutil
import subprocess
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError, RemoteEntryNotFoundError

from podion.errors import BadSettings, DataError, NotFound, Unavailable
from podion.hosting import bases as bases_module
from podion.hosting import downloads
from podion.hosting.base_card import FILES, file_sha256
from podion.hosting.bases import InstalledBase, find_base, install_base, list_bases
from podion.hosting.sources import KNOWN, HubSource, KnownBase, Member, Wheel, WheelSource


@pytest.fixture
def local(tiny: InstalledBase, tmp_path: Path) -> Path:
    """A local folder with the three files of a base and no card."""
    folder = tmp_path / "my-base"
    folder.mkdir()
    for name in FILES:
        shutil.copy(tiny.path / name, folder)
    return folder


class FakeIndex:
    """Stands for pip: writes one wheel with a base's files, and counts."""

    def __init__(self, local: Path, made: Path) -> None:
        self.wheel_path = made / "fake_base-1.0-py3-none-any.whl"
        with zipfile.ZipFile(self.wheel_path, "w") as archive:
            archive.writestr("fake_base/__init__.py", "raise SystemExit('code of a wheel ran')")
            for name in FILES:
                archive.write(local / name, f"fake_base/model/{name}")
        self.wheel = Wheel(requirement="fake-base==1.0", sha256=file_sha256(self.wheel_path))
        self.members = tuple(
            Member(wheel=self.wheel, path=f"fake_base/model/{name}", sha256=file_sha256(local / name), file=name)
            for name in FILES
        )
        self.downloads = 0
        self.reachable = True

    def known(self, *extra: HubSource, members: tuple[Member, ...] | None = None) -> KnownBase:
        return KnownBase(
            name="fake", sources=(WheelSource(members=members or self.members), *extra), prefix="query: ",
            frozen_layers=1, languages=("en",), licence="MIT",
        )  # fmt: skip

    def download(self, wheel: Wheel, folder: Path) -> Path:
        if not self.reachable:
            raise Unavailable("no route to the index")
        self.downloads += 1
        return Path(shutil.copy(self.wheel_path, folder))


@pytest.fixture
def index(local: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeIndex:
    (tmp_path / "made").mkdir()
    index = FakeIndex(local, tmp_path / "made")
    monkeypatch.setattr(downloads, "download_wheel", index.download)
    monkeypatch.setattr(bases_module, "KNOWN", {"fake": index.known()})
    return index


@pytest.fixture
def bases_folder(tmp_path: Path) -> Path:
    return tmp_path / "bases"


def test_a_known_base_installs_and_a_second_time_does_nothing(index: FakeIndex, bases_folder: Path) -> None:
    stages: list[str] = []
    base = install_base("fake", bases_folder, lambda stage, share: stages.append(stage))
    assert (base.name, base.prefix, base.max_tokens, base.frozen_layers) == ("fake", "query: ", 128, 1)
    assert sorted(path.name for path in base.path.iterdir()) == sorted([*FILES, "base.json"])
    assert stages == ["downloading fake-base==1.0", "taking the files out", "checking", "installed"]
    assert install_base("fake", bases_folder, lambda stage, share: stages.append(stage)) == base
    assert (index.downloads, len(stages)) == (1, 4)
    assert list_bases(bases_folder) == [base] == [find_base("fake", bases_folder, verify=True)]


def test_an_interrupted_installation_goes_on_from_what_was_downloaded(
    index: FakeIndex, bases_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(downloads, "_take", killed)
        install_base("fake", bases_folder)
    assert list_bases(bases_folder) == []
    (bases_folder / ".staging-fake-left-behind").mkdir()
    index.reachable = False
    assert install_base("fake", bases_folder).name == "fake"
    assert index.downloads == 1
    assert not list(bases_folder.glob(".staging-*"))


def test_a_damaged_download_is_fetched_again(index: FakeIndex, bases_folder: Path) -> None:
    kept = bases_folder / ".downloads" / "fake-base-1.0"
    kept.mkdir(parents=True)
    (kept / index.wheel_path.name).write_bytes(b"half of it")
    install_base("fake", bases_folder)
    assert index.downloads == 1


def test_other_bytes_than_pinned_are_refused(
    index: FakeIndex, bases_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with zipfile.ZipFile(index.wheel_path, "a") as archive:
        archive.writestr("fake_base/more.py", "")
    with pytest.raises(Unavailable, match=f"pinned is {index.wheel.sha256}"):
        install_base("fake", bases_folder)
    assert not (bases_folder / "fake").exists()
    assert not list((bases_folder / ".downloads").rglob("*.whl"))


def test_a_file_of_other_bytes_is_refused(
    index: FakeIndex, bases_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = tuple(
        Member(wheel=index.wheel, path=member.path, sha256="0" * 64, file=member.file) for member in index.members
    )
    monkeypatch.setattr(bases_module, "KNOWN", {"fake": index.known(members=members)})
    with pytest.raises(Unavailable, match="it is refused"):
        install_base("fake", bases_folder)
    assert not (bases_folder / "fake").exists()


def test_sources_are_tried_in_order(
    index: FakeIndex, local: Path, bases_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def hub(source: HubSource, staging: Path, *_: object) -> None:
        asked.append(source.repository)
        for name in FILES:
            shutil.copy(local / name, staging)

    monkeypatch.setattr(downloads, "_fetch_from_hub", hub)
    monkeypatch.setattr(bases_module, "KNOWN", {"fake": index.known(HubSource(repository="org/fake"))})
    index.reachable = False
    assert install_base("fake", bases_folder).source == "model hub (org/fake)"
    by_id = install_base("org/other", bases_folder)
    assert (by_id.name, by_id.path.name) == ("org/other", "org--other")
    assert find_base("org/other", bases_folder) == by_id
    assert asked == ["org/fake", "org/other"]


class FakeHub:
    """Stands for the hub's client: gives the files of a folder, or fails as it does."""

    def __init__(self, files: Path, error: Exception | None = None) -> None:
        self.files, self.error = files, error

    def __call__(self, repository: str, file: str, **options: object) -> str:
        if self.error is not None:
            raise self.error
        return str(self.files / file)


def remote_entry_not_found() -> Exception:
    return RemoteEntryNotFoundError("404", response=httpx.Response(404, request=httpx.Request("GET", "http://hub")))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (remote_entry_not_found(), r"has no config\.json.*safetensors only"),
        (LocalEntryNotFoundError("cannot reach the hub\nmore"), r"org/base: cannot reach the hub\. Try"),
        (HFValidationError("bad name"), "bad name"),
    ],
)
def test_a_hub_that_fails_says_why(
    local: Path, bases_folder: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    monkeypatch.setattr("huggingface_hub.hf_hub_download", FakeHub(local, error))
    with pytest.raises(Unavailable, match=words):
        install_base("org/base", bases_folder)
    assert not (bases_folder / "org--base").exists()


def test_hub_files_are_checked_where_they_are_pinned(
    local: Path, bases_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.hf_hub_download", FakeHub(local))
    assert install_base("org/base", bases_folder).source == "model hub (org/base)"
    pinned = HubSource(repository="org/base", sha256={"model.safetensors": "0" * 64})
    known = KnownBase(name="fake", sources=(pinned,), frozen_layers=1, languages=(), licence="MIT")
    monkeypatch.setattr(bases_module, "KNOWN", {"fake": known})
    with pytest.raises(Unavailable, match="pinned is 000"):
        install_base("fake", bases_folder)


def test_when_no_source_answers_all_reasons_are_told(index: FakeIndex, bases_folder: Path) -> None:
    index.reachable = False
    with pytest.raises(Unavailable, match=r"fake-base==1\.0\): no route to the index.*name a folder"):
        install_base("fake", bases_folder)


def test_two_installations_at_once_download_once(index: FakeIndex, bases_folder: Path) -> None:
    found: list[InstalledBase] = []
    threads = [threading.Thread(target=lambda: found.append(install_base("fake", bases_folder))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(found), len(set(found)), index.downloads) == (4, 1, 1)


def test_pip_is_told_exactly_what_to_fetch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[list[str]] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        return subprocess.CompletedProcess(command, 1, "", "noise\nERROR: no such index")

    monkeypatch.setattr(downloads.subprocess, "run", run)
    wheel = Wheel(requirement="a==1", sha256="0", options=("--platform", "p"))
    with pytest.raises(Unavailable, match="could not download a==1: ERROR: no such index"):
        downloads.download_wheel(wheel, tmp_path)
    assert commands[0][1:6] == ["-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    assert commands[0][-5:] == ["--platform", "p", "-d", str(tmp_path), "a==1"]


def test_what_is_not_installed_says_how_to_install_it(bases_folder: Path) -> None:
    for name in ("me5-small", "org/model", "something"):
        with pytest.raises(NotFound, match=f"podion bases install {name}"):
            find_base(name, bases_folder)
    for name in ("../outside", "a/b/c", "", ".hidden", "-x"):
        with pytest.raises(NotFound, match="there is no base model"):
            find_base(name, bases_folder)
    with pytest.raises(NotFound, match="minilm-l6"):
        install_base("something", bases_folder)
    with pytest.raises(NotFound):
        install_base("../outside", bases_folder)


def test_a_local_folder_is_a_base_and_is_not_written_to(local: Path, bases_folder: Path) -> None:
    before = sorted(local.iterdir())
    base = find_base(local, bases_folder)
    assert (base.name, base.path, base.prefix, base.max_tokens, base.frozen_layers) == (str(local), local, "", 46, 1)
    assert sorted(local.iterdir()) == before
    assert find_base(str(local), bases_folder) == base
    assert list_bases(bases_folder) == []


def test_a_local_folder_that_changes_gets_another_fingerprint(local: Path, bases_folder: Path) -> None:
    before = find_base(local, bases_folder)
    content = bytearray((local / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (local / "model.safetensors").write_bytes(content)
    os.utime(local / "model.safetensors", ns=(1, 1))
    assert find_base(local, bases_folder).fingerprint != before.fingerprint


def test_a_local_folder_installs_under_its_name(local: Path, bases_folder: Path) -> None:
    base = install_base(local, bases_folder)
    assert (base.name, base.path) == ("my-base", bases_folder / "my-base")
    assert base.fingerprint == find_base(local, bases_folder).fingerprint
    assert find_base("my-base", bases_folder) == base


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda folder: (folder / "model.safetensors").rename(folder / "pytorch_model.bin"), "safetensors only"),
        (lambda folder: (folder / "model.safetensors").rename(folder / "model.safetensors.index.json"), "sharded"),
        (lambda folder: (folder / "tokenizer.json").unlink(), "lacks tokenizer.json"),
        (lambda folder: (folder / "config.json").write_text("[]"), "not a JSON object"),
        (lambda folder: (folder / "config.json").write_text("{"), "cannot be read"),
    ],
)
def test_a_folder_that_is_no_base_is_refused(
    local: Path, bases_folder: Path, change: Callable[[Path], object], words: str
) -> None:
    change(local)
    with pytest.raises(DataError, match=words):
        find_base(local, bases_folder)


def test_a_changed_file_is_noticed(local: Path, bases_folder: Path) -> None:
    base = install_base(local, bases_folder)
    weights = base.path / "model.safetensors"
    seen = weights.stat()
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(DataError, match="SHA-256 differs"):
        find_base("my-base", bases_folder)
    os.utime(weights, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    find_base("my-base", bases_folder)  # size and time as before: only a full verification sees it
    with pytest.raises(DataError, match="SHA-256 differs"):
        find_base("my-base", bases_folder, verify=True)
    weights.unlink()
    with pytest.raises(DataError, match=r"model\.safetensors is missing.*podion bases install my-base"):
        find_base("my-base", bases_folder)


def test_the_fingerprint_says_everything_that_changes_what_is_computed(local: Path, bases_folder: Path) -> None:
    base = install_base(local, bases_folder)
    card = json.loads((base.path / "base.json").read_text())
    for change in ({"prefix": "query: "}, {"max_tokens": 7}, {"files": {**card["files"], "config.json": {}}}):
        (base.path / "base.json").write_text(json.dumps({**card, **change}))
        with pytest.raises(DataError, match=r"does not fit|lacks"):
            find_base("my-base", bases_folder)
    (base.path / "base.json").write_text(json.dumps({**card, "licence": "MIT"}))
    assert find_base("my-base", bases_folder).fingerprint == base.fingerprint


def test_a_copied_bases_folder_still_works(local: Path, bases_folder: Path, tmp_path: Path) -> None:
    base = install_base(local, bases_folder)
    shutil.copytree(bases_folder, tmp_path / "copied", copy_function=shutil.copyfile)
    assert find_base("my-base", tmp_path / "copied").fingerprint == base.fingerprint


def test_a_folder_that_cannot_be_written_is_a_bad_setting(local: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadSettings, match="PODION_BASES"):
        install_base(local, tmp_path / "file" / "bases")


def test_known_bases_pin_every_byte() -> None:
    assert list(KNOWN) == ["minilm-l6", "me5-small"]
    for known in KNOWN.values():
        wheels = [source for source in known.sources if isinstance(source, WheelSource)]
        assert wheels[0] is known.sources[0]
        for member in wheels[0].members:
            assert len(bytes.fromhex(member.sha256)) == len(bytes.fromhex(member.wheel.sha256)) == 32
        assert (wheels[0].packed is None) == (wheels[0].converted_sha256 is None)


def test_an_installed_real_base_is_what_was_pinned(real_base: InstalledBase) -> None:
    source = KNOWN[real_base.name].sources[0]
    assert isinstance(source, WheelSource)
    pinned = {member.file: member.sha256 for member in source.members if member.file in FILES}
    if source.converted_sha256:
        pinned["model.safetensors"] = source.converted_sha256
    for name, expected in pinned.items():
        assert hashlib.sha256((real_base.path / name).read_bytes()).hexdigest() == expected
