"""What is promised of real data: the demo's story on BANKING77, and answers from label names alone."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def podion(home: Path, *words: str) -> dict[str, Any]:
    environment = {**os.environ, "PODION_HOME": str(home), "PODION_BASE": "minilm-l6"}
    done = subprocess.run(
        [sys.executable, "-m", "podion", *words, "--json"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=560,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.mark.timeout(600)
def test_the_story_of_the_demo(data_folder: Path, tmp_path: Path) -> None:
    facts = podion(tmp_path, "demo", "--vertical", "customer_service", "--data", str(data_folder))
    assert facts["dataset_rows"] == 1_540
    assert facts["zero_shot_accuracy"] > 0.5
    assert facts["deploy_live_accuracy"] > facts["zero_shot_accuracy"] + 0.15
    assert facts["out_of_scope_refused"] is True
    assert facts["grown_rows"] > facts["dataset_rows"]
    assert facts["rolled_back_to_first"] is True
    assert facts["usage"]["runs"] == 2


def test_label_names_alone_reach_what_was_asked(data_folder: Path, tmp_path: Path) -> None:
    folder = data_folder / "customer_service"
    train, test = str(folder / "banking77_train.csv.gz"), str(folder / "banking77_test.csv")
    made = podion(
        tmp_path, "fit", "customer_service/intent", "--train", train, "--test", test, "--method", "zero-shot",
        "--out", str(tmp_path / "adapter"),
    )  # fmt: skip
    assert made["rows"]["test"] == 1_540
    assert made["metrics"]["test"]["accuracy"] >= 0.62
