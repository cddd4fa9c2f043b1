"""Files that are not what was written are refused, and put right by the same content."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from damage.flips import flip_many
from damage.specimens import Installation, Specimen

from podion.errors import DataError, PodionError
from podion.hosting.adapter_files import read_adapter
from podion.lifecycle.intact import dataset_digest, intact_dataset, publish_adapter, publish_dataset
from podion.storage.files import Files

TASK = "customer_service/intent"
ROWS = b'{"text":"where is it"}\n'
DIGEST = dataset_digest(TASK, sha256(ROWS).hexdigest())


def staged(files: Files, content: bytes, tenant: str = "ten_ours") -> Path:
    """Publish a dataset file as an upload does, and return its place."""
    with files.staging() as staging:
        (staging / "dataset").write_bytes(content)
        publish_dataset(files, staging / "dataset", files.dataset(tenant, "dst_1"), TASK, DIGEST)
    return files.dataset(tenant, "dst_1")


@pytest.mark.parametrize("damage", [b"", ROWS[:-1], ROWS + b"\n", ROWS.replace(b"w", b"W"), None])
def test_a_damaged_dataset_is_refused_and_put_right_by_the_same_upload(tmp_path: Path, damage: bytes | None) -> None:
    files = Files(tmp_path)
    path, other = staged(files, ROWS), staged(files, ROWS, "ten_theirs")
    assert intact_dataset(files, "ten_ours", "dst_1", TASK, DIGEST) == path
    path.unlink() if damage is None else path.write_bytes(damage)
    with pytest.raises(PodionError, match="dataset dst_1 is missing or is not what was written") as raised:
        intact_dataset(files, "ten_ours", "dst_1", TASK, DIGEST)
    assert (raised.value.code, raised.value.status) == ("damaged_dataset", 500)
    assert intact_dataset(files, "ten_theirs", "dst_1", TASK, DIGEST) == other
    staged(files, ROWS)
    assert intact_dataset(files, "ten_ours", "dst_1", TASK, DIGEST).read_bytes() == ROWS
    assert not list((tmp_path / "staging").iterdir())


def test_a_whole_dataset_is_left_as_it_is(tmp_path: Path) -> None:
    files = Files(tmp_path)
    before = staged(files, ROWS).stat().st_ino
    assert staged(files, ROWS).stat().st_ino == before


def test_a_dataset_is_of_its_task(tmp_path: Path) -> None:
    files = Files(tmp_path)
    staged(files, ROWS)
    with pytest.raises(PodionError):
        intact_dataset(files, "ten_ours", "dst_1", "praise/judge", DIGEST)


def test_a_damaged_adapter_is_put_right_by_the_same_run(
    files: Files, tenants: tuple[str, str], add_adapter: Callable[..., str]
) -> None:
    digest = add_adapter(tenants[0])
    folder = files.adapter(tenants[0], digest)
    with files.staging() as staging:
        (staging / "adapter").mkdir()
        for path in folder.iterdir():
            (staging / "adapter" / path.name).write_bytes(path.read_bytes())
        (folder / "head.safetensors").write_bytes(b"nonsense")
        with pytest.raises(DataError):
            read_adapter(folder, digest)
        publish_adapter(files, staging / "adapter", folder, digest)
    assert read_adapter(folder, digest).head.labels == ("x", "y")


def test_a_flipped_bit_changes_no_answer(tmp_path: Path) -> None:
    """A hundred of them; `python benchmarks/durability.py` flips a thousand."""
    told = flip_many(tmp_path, 102, seed=1)
    assert told["bitflips_wrong"] == 0, told["bitflip_findings"]
    assert told["bitflip_outcomes"].keys() == {
        "adapter", "lora adapter", "checkpoint", "dataset", "index", "backup",
    }  # fmt: skip
    assert told["bitflip_outcomes"]["dataset"] == {"refused": 17}
    assert told["bitflip_outcomes"]["index"] == {"answered": 17}


def test_an_answer_that_a_flip_changed_would_be_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "numbers"
    path.write_bytes(bytes(64))
    careless = Specimen(name="careless", files=(path,), read=path.read_bytes, right=(bytes(64),))
    clumsy = Specimen(name="clumsy", files=(path,), read=lambda: 1 // (any(path.read_bytes()) - 1), right=(-1,))
    monkeypatch.setattr(Installation, "specimens", lambda self: [careless, clumsy])
    told = flip_many(tmp_path / "home", 10, seed=1)
    assert told["bitflips_wrong"] == 10
    assert told["bitflip_outcomes"] == {"careless": {"wrong": 5}, "clumsy": {"wrong": 5}}
