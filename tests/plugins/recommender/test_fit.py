"""`podion fit recommender/next_item` on files: events, a catalogue with texts, and answers from the folder."""

import json
from pathlib import Path
from typing import Any

import pytest

from podion.errors import DataError, PodionError
from podion.lifecycle.offline import OfflineFit, fit_files, predict_file
from podion.settings import load_settings

USERS, STEPS, ITEMS = 40, 6, 20


def _events(folder: Path, last: bool) -> Path:
    path = folder / f"{'test' if last else 'train'}.csv"
    rows = ["user_id,item_id,timestamp"]
    for user in range(USERS):
        for at in range(STEPS):
            if (at == STEPS - 1) == last:
                rows.append(f"u{user},{(user * 3 + at) % ITEMS},{at}")
    path.write_text("\n".join(rows) + "\n", "utf-8")
    return path


def _wanted(folder: Path, **changes: Any) -> OfflineFit:
    catalogue = folder / "films.csv"
    lines = [f"{place},Film {place},Drama|Comedy" for place in range(ITEMS)]
    catalogue.write_text("\n".join(["film,name,genres", *lines]) + "\n", "utf-8")
    values: dict[str, Any] = {
        "task": "recommender/next_item",
        "train": _events(folder, last=False),
        "validation": None,
        "test": _events(folder, last=True),
        "method": "auto",
        "shots": None,
        "base": "minilm-l6",
        "seed": 1,
        "rename": {},
        "drop": (),
        "out": folder / "adapter",
        "items": catalogue,
        "rename_items": {"id": "film", "title": "name", "tags": "genres"},
    }
    return OfflineFit(**values | changes)


def test_files_make_an_adapter_that_ranks_what_comes_next(tmp_path: Path) -> None:
    settings, said = load_settings(), list[str]()
    wanted = _wanted(tmp_path)
    try:
        told = fit_files(wanted, settings, progress=lambda progress: None, say=said.append)
    except PodionError as error:
        if error.code == "no_such_base":
            pytest.skip("the base minilm-l6 is not installed")
        raise
    assert told["rows"] == {"train": USERS * (STEPS - 1), "validation": USERS, "test": USERS}
    measured = told["metrics"]["test"]
    assert measured["ndcg@10"] > 0.8
    assert {"coverage", "novelty", "new_users_ndcg@10", "rare_items_rows"} <= measured.keys()
    rivals = measured["challengers"]
    assert rivals.keys() == {"popularity", "item_cosine", "sequence_cosine", "als"}
    assert all("error" not in rival for rival in rivals.values())
    assert rivals["sequence_cosine"]["ndcg@10"] > rivals["popularity"]["ndcg@10"] + 0.2

    rows = predict_file(wanted.out, tmp_path / "test.csv", tmp_path / "out.jsonl", {}, (), settings, say=said.append)
    answers = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text("utf-8").splitlines()]
    assert rows == len(answers) == USERS
    seen = {(user * 3 + at) % ITEMS for user in range(1) for at in range(STEPS - 1)}
    assert not seen & {int(item["item_id"]) for item in answers[0]["items"]}
    assert int(answers[0]["items"][0]["item_id"]) == STEPS - 1


def test_a_catalogue_of_a_task_without_items_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="knows no items"):
        fit_files(
            _wanted(tmp_path, task="customer_service/intent", rename={"text": "user_id", "label": "item_id"}),
            load_settings(),
            progress=lambda progress: None,
            say=lambda line: None,
        )
