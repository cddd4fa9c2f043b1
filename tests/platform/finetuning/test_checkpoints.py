from pathlib import Path

import pytest
import torch

from podion.finetuning.checkpoints import Checkpoint, Checkpoints


def stored(folder: Path, epochs: int = 3) -> Checkpoints:
    checkpoints = Checkpoints(folder, "run a")
    for epoch in range(1, epochs + 1):
        checkpoints.save(Checkpoint(epoch, {"w": torch.full((4,), float(epoch))}, {"best": [0.1 * epoch, 2.0]}))
    return checkpoints


def test_the_latest_comes_back_and_two_are_kept(tmp_path: Path) -> None:
    found = stored(tmp_path / "run").latest()
    assert found is not None
    assert (found.epoch, found.tensors["w"].tolist(), found.numbers["best"]) == (3, [3.0] * 4, [0.1 * 3, 2.0])
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [
        "epoch-00002.json", "epoch-00002.safetensors", "epoch-00003.json", "epoch-00003.safetensors",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["epoch-00003.json", "epoch-00003.safetensors"])
def test_every_flipped_bit_gives_way_to_the_one_before(tmp_path: Path, name: str) -> None:
    checkpoints = stored(tmp_path)
    path = tmp_path / name
    content = path.read_bytes()
    for place in range(0, len(content), 3):
        path.write_bytes(content[:place] + bytes([content[place] ^ (1 << place % 8)]) + content[place + 1 :])
        found = checkpoints.latest()
        assert found is not None
        assert found.tensors["w"].tolist() == [float(found.epoch)] * 4
        assert found.epoch == 2 or path.suffix == ".json"


@pytest.mark.parametrize("damage", [b"", b"{}", b"[]", b"null", b"\xff"])
def test_a_broken_file_is_not_believed(tmp_path: Path, damage: bytes) -> None:
    checkpoints = stored(tmp_path)
    (tmp_path / "epoch-00003.json").write_bytes(damage)
    found = checkpoints.latest()
    assert found is not None
    assert found.epoch == 2
    (tmp_path / "epoch-00002.safetensors").unlink()
    assert checkpoints.latest() is None


def test_another_runs_checkpoint_is_not_taken(tmp_path: Path) -> None:
    stored(tmp_path)
    assert Checkpoints(tmp_path, "run b").latest() is None


def test_without_a_folder_nothing_is_kept(tmp_path: Path) -> None:
    checkpoints = Checkpoints(None, "run a")
    checkpoints.save(Checkpoint(1, {"w": torch.zeros(1)}, {}))
    assert checkpoints.latest() is None
    assert Checkpoints(tmp_path / "not there", "run a").latest() is None
