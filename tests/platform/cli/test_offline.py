"""`podion fit | evaluate | predict | split` on files, as INTERFACES fixes them."""

import csv
import gzip
import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

FIT = {
    "adapter", "task", "method", "base", "fingerprint", "seed", "rows", "trainable_parameters", "seconds",
    "cpu_seconds", "metrics",
}  # fmt: skip
TASK = "customer_service/intent"
LABELS = 6

pytestmark = pytest.mark.timeout(600)


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """An adapter folder, what `fit` printed, and the file it was tested on."""

    folder: Path
    train: Path
    test: Path
    json: dict[str, Any]
    err: str


def rows_of(name: str) -> list[dict[str, Any]]:
    text = files("podion_customer_service").joinpath(name).read_text("utf-8")
    rows = [row for row in map(json.loads, text.splitlines()) if row["lang"] == "en"]
    kept = sorted({row["label"] for row in rows if row.get("label")})[:LABELS]
    return [row for row in rows if row.get("label") in kept or row.get("oos")]


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


def fit(podion: Any, folder: Path, train: Path, test: Path, *more: str) -> Any:
    return podion("fit", TASK, "--train", train, "--test", test, "--seed", "7", "--out", folder, "--json", *more)


@pytest.fixture(scope="session")
def fitted(podion_for_all: Any, tmp_path_factory: pytest.TempPathFactory) -> Fitted:
    folder = tmp_path_factory.mktemp("fit")
    train = write(folder / "train.jsonl", rows_of("sample.jsonl"))
    test = write(folder / "test.jsonl", rows_of("sample_test.jsonl"))
    ran = fit(podion_for_all, folder / "adapter", train, test, "--method", "lora")
    return Fitted(folder=folder / "adapter", train=train, test=test, json=ran.json, err=ran.err)


def test_fit_prints_what_was_agreed(fitted: Fitted) -> None:
    assert fitted.json.keys() == FIT
    assert (fitted.json["task"], fitted.json["method"], fitted.json["seed"]) == (TASK, "lora", 7)
    assert fitted.json["base"] == "minilm-l6"
    assert fitted.json["rows"].keys() == {"train", "validation", "test"}
    assert fitted.json["rows"]["test"] == len(rows_of("sample_test.jsonl"))
    given = rows_of("sample.jsonl")
    used = fitted.json["rows"]["train"] + fitted.json["rows"]["validation"]
    assert sum("oos" not in row for row in given) <= used <= len(given), "out-of-scope rows teach, and have no label"
    assert fitted.json["metrics"].keys() == {"validation", "test"}
    for metric in ("accuracy", "macro_f1", "ece", "ece_noise_95", "oos_auroc", "oos_recall", "in_scope_accuracy"):
        assert 0 <= fitted.json["metrics"]["test"][metric] <= 1, metric
    assert fitted.json["metrics"]["test"]["accuracy"] > 2 / LABELS, "far better than guessing"
    assert fitted.json["trainable_parameters"] > 0 and fitted.json["cpu_seconds"] > 0 and fitted.json["seconds"] > 0


def test_progress_goes_to_standard_error(fitted: Fitted) -> None:
    assert "training" in fitted.err and "Warning" not in fitted.err


def test_the_folder_is_named_by_its_content(fitted: Fitted) -> None:
    from podion.hosting.adapter_files import adapter_digest

    assert adapter_digest(fitted.folder) == fitted.json["adapter"]
    assert {"manifest.json", "card.json", "head.json", "adapter_config.json", "adapter_model.safetensors"} <= {
        path.name for path in fitted.folder.iterdir()
    }
    assert not list(fitted.folder.parent.glob("*.partial"))


def test_the_same_seed_gives_the_same_bits(podion: Any, fitted: Fitted, tmp_path: Path) -> None:
    again = fit(podion, tmp_path / "again", fitted.train, fitted.test, "--method", "lora").json
    assert again["adapter"] == fitted.json["adapter"]
    assert contents(tmp_path / "again") == contents(fitted.folder)
    assert again["metrics"] == fitted.json["metrics"]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_evaluate_gives_what_fit_measured(podion: Any, fitted: Fitted) -> None:
    found = podion("evaluate", fitted.folder, "--data", fitted.test, "--json").json
    assert found.keys() == {"adapter", "rows", "metrics"}
    assert (found["adapter"], found["rows"]) == (fitted.json["adapter"], fitted.json["rows"]["test"])
    assert found["metrics"] == fitted.json["metrics"]["test"]


def test_predict_answers_line_by_line(podion: Any, fitted: Fitted, tmp_path: Path) -> None:
    out = tmp_path / "answers" / "out.jsonl"
    said = podion("predict", fitted.folder, "--data", fitted.test, "--out", out, "--json").json
    rows = [json.loads(line) for line in fitted.test.read_text("utf-8").splitlines()]
    answers = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert said == {"rows": len(rows), "out": str(out)}
    assert len(answers) == len(rows)
    inside = [(row, answer) for row, answer in zip(rows, answers, strict=True) if not row.get("oos")]
    best = [answer["label"] or answer["alternatives"][0]["label"] for _, answer in inside]
    right = sum(label == row["label"] for (row, _), label in zip(inside, best, strict=True))
    metrics = fitted.json["metrics"]["test"]
    assert right / len(inside) == pytest.approx(metrics["accuracy"])
    abstained = sum(answer["abstained"] for _, answer in inside) / len(inside)
    assert abstained == pytest.approx(metrics["abstained"])
    assert all(0 <= answer["confidence"] <= 1 for answer in answers)


def test_columns_are_renamed_and_dropped(podion: Any, tmp_path: Path) -> None:
    rows = rows_of("sample.jsonl")
    train = tmp_path / "train.csv.gz"
    with gzip.open(train, "wt", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["query", "intent", "lang", "score"])
        table.writerows([row["text"], row["label"], "x" * 99, 3] for row in rows if row.get("label"))
    words = ("--method", "head", "--map", "text=query", "--map", "label=intent", "--drop", "lang")
    ran = podion("fit", TASK, "--train", train, "--out", tmp_path / "adapter", "--json", *words)
    assert ran.json["rows"]["test"] == 0
    assert ran.json["rows"]["train"] + ran.json["rows"]["validation"] == sum(1 for row in rows if row.get("label"))
    assert "no field has their names: score" in ran.err
    assert "refused" not in ran.err, "the dropped column was never read: its values are too long for the field `lang`"
    found = podion("evaluate", tmp_path / "adapter", "--data", train, "--json", *words[2:]).json
    assert found["metrics"]["accuracy"] > 0.8


def test_zero_shot_needs_no_training_and_few_shot_says_how_many(podion: Any, fitted: Fitted, tmp_path: Path) -> None:
    zero = fit(podion, tmp_path / "zero", fitted.train, fitted.test, "--method", "zero-shot").json
    assert zero["method"] == "zero-shot" and zero["trainable_parameters"] == 0
    few = fit(podion, tmp_path / "few", fitted.train, fitted.test, "--method", "few-shot", "--shots", "2").json
    assert few["method"] == "few-shot" and few["rows"]["train"] == 2 * LABELS


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"task": "customer_service/intend"}, "'intent'"),
        ({"task": "customer_servise/intent"}, "customer_service"),
        ({"--train": "nowhere.csv"}, "nowhere.csv"),
        ({"--test": "nowhere.csv"}, "nowhere.csv"),
        ({"--method": "magic"}, "lora"),
        ({"--base": "gpt-99"}, "podion bases install gpt-99"),
        ({"--map": "label"}, "field=column"),
        ({"--map": "label=nothing"}, "nothing"),
        ({"--train": "empty.jsonl"}, "empty"),
        ({"--train": "one.jsonl"}, "label"),
        ({"--out": "taken"}, "taken"),
        ({"--out": "file.txt"}, "file.txt"),
    ],
    ids=str,
)
def test_what_fit_cannot_do_is_one_line(here: Any, tmp_path: Path, change: dict[str, str], expected: str) -> None:
    (tmp_path / "empty.jsonl").touch()
    write(tmp_path / "one.jsonl", [{"text": f"where is my parcel {n}", "label": "order_status"} for n in range(20)])
    write(tmp_path / "train.jsonl", rows_of("sample.jsonl"))
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "thesis.txt").write_text("precious")
    (tmp_path / "file.txt").write_text("precious")
    given = {"task": TASK, "--train": "train.jsonl", "--out": "adapter", "--method": "head", **change}
    words = [given.pop("task")]
    for option, value in given.items():
        words += [option, str(tmp_path / value) if option in ("--train", "--test", "--out") else value]
    assert expected in here("fit", *words, "--json").refusal
    assert not (tmp_path / "adapter").exists()
    assert (tmp_path / "taken" / "thesis.txt").read_text() == "precious"


def test_an_adapter_is_never_written_over(here: Any, fitted: Fitted) -> None:
    before = contents(fitted.folder)
    assert "holds an adapter already" in fit(here, fitted.folder, fitted.train, fitted.test).refusal
    assert contents(fitted.folder) == before


def test_what_is_no_adapter_is_refused(here: Any, fitted: Fitted, tmp_path: Path) -> None:
    assert tmp_path.name in here("evaluate", tmp_path, "--data", fitted.test, "--json").refusal
    out = tmp_path / "out.jsonl"
    assert here("predict", tmp_path / "none", "--data", fitted.test, "--out", out).refusal
    assert "nowhere" in here("predict", fitted.folder, "--data", tmp_path / "nowhere.csv", "--out", out).refusal
    assert not out.exists()


def test_a_changed_adapter_is_refused(here: Any, fitted: Fitted, tmp_path: Path) -> None:
    for name, data in contents(fitted.folder).items():
        (tmp_path / name).write_bytes(data)
    head = tmp_path / "head.safetensors"
    head.write_bytes(head.read_bytes()[:-1] + b"\x7f")
    assert "head.safetensors" in here("evaluate", tmp_path, "--data", fitted.test).refusal


def test_predict_leaves_out_no_row_in_silence(here: Any, fitted: Fitted, tmp_path: Path) -> None:
    data = write(tmp_path / "data.jsonl", [{"text": "where is it"}, {"text": ""}, {"text": "a refund please"}])
    assert "line 2" in here("predict", fitted.folder, "--data", data, "--out", tmp_path / "out.jsonl").refusal
    assert not (tmp_path / "out.jsonl").exists()


def test_split_parts_a_file(here: Any, fitted: Fitted, tmp_path: Path) -> None:
    words = ("--test", "0.25", "--seed", "2026", "--stratify", "label", "--json")
    found = here("split", fitted.train, *words, "--out", tmp_path / "a").json
    parts = [Path(found[name]).read_text("utf-8").splitlines() for name in ("train", "test")]
    assert found["rows"] == {"train": len(parts[0]), "test": len(parts[1])}
    assert sorted(parts[0] + parts[1]) == sorted(fitted.train.read_text("utf-8").splitlines())
    again = here("split", fitted.train, *words, "--out", tmp_path / "b").json
    assert Path(again["test"]).read_bytes() == Path(found["test"]).read_bytes()
    assert "colour" in here("split", fitted.train, "--stratify", "colour", "--out", tmp_path / "c").refusal
    assert here("split", tmp_path / "nowhere.csv", "--out", tmp_path / "c").refusal
    assert here("split", fitted.train, "--test", "1.5", "--out", tmp_path / "c").refusal
