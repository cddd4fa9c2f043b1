import dataclasses
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from podion.errors import DataError, NotFound
from podion.head_kinds import LabelHead
from podion.hosting.adapter_files import (
    AdapterParts,
    Calibration,
    HeadFile,
    LoraFiles,
    adapter_digest,
    read_adapter,
    write_adapter,
)

READY = LabelHead().implementation
FILES = ("adapter_config.json", "adapter_model.safetensors", "calibration.json", "card.json", "head.json",
         "head.safetensors", "manifest.json")  # fmt: skip


def parts(**changes: object) -> AdapterParts:
    given = {
        "card": {"task": "customer_service/intent", "method": "lora", "base": "tiny", "fingerprint": "f", "seed": 7},
        "head": HeadFile(
            implementation="a.b:C",
            record="a.b:R",
            hidden_size=4,
            labels=("退款", "card"),
            descriptions={"card": "卡", "退款": ("退钱", "refund")},
        ),
        "head_tensors": {"linear.weight": np.arange(8, dtype=np.float32).reshape(2, 4)},
        "calibration": Calibration(temperature=0.3, threshold=0.61, keep=0.9),
        "lora": LoraFiles(config={"peft_type": "LORA", "r": 1}, tensors={"x": np.ones((1, 4), np.float32)}),
    }
    return AdapterParts(**{**given, **changes})  # type: ignore[arg-type]


def test_what_was_written_is_read(tmp_path: Path) -> None:
    digest = write_adapter(tmp_path / "a", parts())
    read = read_adapter(tmp_path / "a", digest)
    assert (read.card, read.head, read.calibration) == (parts().card, parts().head, parts().calibration)
    np.testing.assert_array_equal(read.head_tensors["linear.weight"], parts().head_tensors["linear.weight"])
    assert read.lora is not None
    assert read.lora.config == {"peft_type": "LORA", "r": 1}
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == sorted(FILES)
    assert adapter_digest(tmp_path / "a") == digest


def test_an_older_adapter_reads_the_last_layer_and_holds_the_probability(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    write_adapter(folder, parts())
    newer = {
        "head.json": ["options"],
        "calibration.json": ["score", "bias", "thresholds", "margin", "coverage", "level", "span_odds"],
    }
    for name, absent in newer.items():
        content = json.loads((folder / name).read_text())
        for key in absent:
            del content[key]
        (folder / name).write_text(json.dumps(content))
    manifest = json.loads((folder / "manifest.json").read_text())
    for name in manifest["files"]:
        manifest["files"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    read = read_adapter(folder)
    assert (read.head.cut, read.head.options) == (None, {})
    assert read.calibration == parts().calibration
    assert read.calibration.score == "probability"


def test_only_a_ready_made_heads_cut_is_a_layer(tmp_path: Path) -> None:
    own = dataclasses.replace(parts().head, options={"cut": [0.5, 0.9], "names": {"b": 1, "a": ["退", None]}})
    write_adapter(tmp_path / "own", parts(head=own))
    head = read_adapter(tmp_path / "own").head
    assert (head.cut, head.options) == (None, own.options)
    write_adapter(tmp_path / "ready", parts(head=dataclasses.replace(own, implementation=READY, options={"cut": 3})))
    assert read_adapter(tmp_path / "ready").head.cut == 3


def test_a_calibration_of_every_kind_is_read_as_it_was_written(tmp_path: Path) -> None:
    calibration = Calibration(
        temperature=1.5,
        bias=(-0.25, 0.25),
        thresholds=(0.3, 0.7),
        margin=2.5,
        coverage=0.9,
        level=0.04,
        span_odds=(0.8, -0.5),
    )
    write_adapter(tmp_path / "a", parts(calibration=calibration))
    assert read_adapter(tmp_path / "a").calibration == calibration


@pytest.mark.parametrize(
    "changes",
    [
        {"calibration": Calibration(score="luck")},  # type: ignore[arg-type]
        {"calibration": Calibration(thresholds=(0.5, 1.0))},
        {"calibration": Calibration(margin=-1.0)},
        {"calibration": Calibration(level=1.5)},
        {"calibration": Calibration(span_odds=(0.0, 1.0))},
        {"calibration": Calibration(span_odds=(1.0,))},  # type: ignore[arg-type]
        {"calibration": Calibration(coverage=-0.1, level=0.5)},
        {"head": dataclasses.replace(parts().head, implementation=READY, options={"cut": "three"})},
        {"head": dataclasses.replace(parts().head, implementation=READY, options={"cut": -1})},
    ],
)
def test_a_score_or_a_layer_that_is_none_is_malformed(tmp_path: Path, changes: dict[str, object]) -> None:
    write_adapter(tmp_path / "a", parts(**changes))
    with pytest.raises(DataError, match="malformed"):
        read_adapter(tmp_path / "a")


def test_a_head_alone_has_no_lora_files(tmp_path: Path) -> None:
    digest = write_adapter(tmp_path / "a", parts(lora=None))
    assert read_adapter(tmp_path / "a", digest).lora is None
    assert not (tmp_path / "a" / "adapter_config.json").exists()


def test_equal_parts_give_equal_bytes_and_different_ones_another_id(tmp_path: Path) -> None:
    first, second = write_adapter(tmp_path / "a", parts()), write_adapter(tmp_path / "b", parts())
    assert first == second
    for name in FILES:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert write_adapter(tmp_path / "c", parts(calibration=Calibration(temperature=0.4))) != first


@pytest.mark.parametrize("name", FILES)
def test_one_flipped_byte_is_refused(tmp_path: Path, name: str) -> None:
    digest = write_adapter(tmp_path / "a", parts())
    path = tmp_path / "a" / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError) as raised:
        read_adapter(tmp_path / "a", digest)
    assert raised.value.code == "damaged_adapter"


@pytest.mark.parametrize("name", [name for name in FILES if name != "manifest.json"])
def test_a_missing_file_is_refused(tmp_path: Path, name: str) -> None:
    write_adapter(tmp_path / "a", parts())
    (tmp_path / "a" / name).unlink()
    with pytest.raises(DataError, match=f"{name} is missing"):
        read_adapter(tmp_path / "a")


def test_another_adapter_is_never_taken_for_the_one_asked_for(tmp_path: Path) -> None:
    write_adapter(tmp_path / "a", parts())
    other = write_adapter(tmp_path / "b", parts(lora=None))
    with pytest.raises(DataError, match="asked for was"):
        read_adapter(tmp_path / "a", other)


def test_no_adapter_is_not_found(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "absent"):
        with pytest.raises(NotFound) as raised:
            read_adapter(folder)
        assert raised.value.code == "unknown_adapter"


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_nested_without_end_or_empty_is_malformed(tmp_path: Path, name: str) -> None:
    write_adapter(tmp_path / "a", parts())
    for content in (b"[" * 100_000, b""):
        (tmp_path / "a" / name).write_bytes(content)
        if name != "manifest.json":
            manifest = json.loads((tmp_path / "a" / "manifest.json").read_text())
            manifest["files"][name] = hashlib.sha256(content).hexdigest()
            (tmp_path / "a" / "manifest.json").write_text(json.dumps(manifest))
        with pytest.raises(DataError, match="malformed") as raised:
            read_adapter(tmp_path / "a")
        assert raised.value.code == "damaged_adapter"


@pytest.mark.parametrize("names", [["../outside"], ["card.json"], []])
def test_a_manifest_lists_exactly_an_adapters_files(tmp_path: Path, names: list[str]) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps({"format": 1, "files": dict.fromkeys(names, "0")}))
    with pytest.raises(DataError, match="lists"):
        read_adapter(tmp_path)


def test_a_folder_is_written_once(tmp_path: Path) -> None:
    write_adapter(tmp_path / "a", parts())
    with pytest.raises(DataError, match="not empty"):
        write_adapter(tmp_path / "a", parts())


def test_a_card_says_what_the_adapter_is(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="lacks fingerprint"):
        write_adapter(tmp_path / "a", parts(card={"task": "t", "method": "head", "base": "b"}))
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("temperature", [0.0, -1.0])
def test_a_temperature_is_above_zero(tmp_path: Path, temperature: float) -> None:
    write_adapter(tmp_path / "a", parts(calibration=Calibration(temperature=temperature)))
    with pytest.raises(DataError, match="not above 0"):
        read_adapter(tmp_path / "a")
