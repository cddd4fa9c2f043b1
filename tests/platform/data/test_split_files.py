import csv
import gzip
import json
from collections import Counter

import pytest

from podion.data.split_files import split_file
from podion.errors import DataError, NotFound

ROWS = [{"text": f'say "{n}", 你好\nagain', "label": "abc"[n % 3], "id": f"{n:03}", "note": ""} for n in range(60)]


@pytest.fixture(params=["data.csv", "data.csv.gz", "data.jsonl", "data.jsonl.gz"])
def source(request, tmp_path):
    path = tmp_path / request.param
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "wt", encoding="utf-8", newline="") as out:
        if "csv" in path.name:
            table = csv.DictWriter(out, list(ROWS[0]))
            table.writeheader()
            table.writerows(ROWS)
        else:
            out.writelines(json.dumps(row) + "\n" for row in ROWS)
    return path


def load(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file)) if path.suffix == ".csv" else [json.loads(line) for line in file]


def test_a_split_keeps_every_row_and_column_in_the_format_it_had(source, tmp_path):
    files = split_file(source, tmp_path / "new" / "out", share=0.2, seed=2026, stratify="label")
    suffix = ".csv" if "csv" in source.name else ".jsonl"
    assert (files.train.name, files.test.name) == ("train" + suffix, "test" + suffix)
    train, test = load(files.train), load(files.test)
    assert (files.train_rows, files.test_rows) == (len(train), len(test)) == (48, 12)
    assert sorted(train + test, key=lambda row: row["id"]) == ROWS
    assert Counter(row["label"] for row in test) == {"a": 4, "b": 4, "c": 4}
    assert [row["id"] for row in train] == sorted(row["id"] for row in train)
    assert sorted(path.name for path in files.train.parent.iterdir()) == [files.test.name, files.train.name]


def test_the_same_seed_gives_the_same_bytes(source, tmp_path):
    first = split_file(source, tmp_path / "a", share=0.2, seed=1).test.read_bytes()
    assert split_file(source, tmp_path / "b", share=0.2, seed=1).test.read_bytes() == first
    assert split_file(source, tmp_path / "c", share=0.2, seed=2).test.read_bytes() != first


def test_a_split_by_group_and_by_time(source, tmp_path):
    files = split_file(source, tmp_path / "g", share=0.3, seed=1, group="label")
    assert {row["label"] for row in load(files.train)}.isdisjoint(row["label"] for row in load(files.test))
    files = split_file(source, tmp_path / "t", share=0.25, seed=1, time="id")
    assert [row["id"] for row in load(files.test)] == [f"{n:03}" for n in range(45, 60)]


def test_an_unknown_column_is_named_with_those_there(source, tmp_path):
    with pytest.raises(DataError, match="'intent'; it has: 'text', 'label', 'id', 'note'"):
        split_file(source, tmp_path / "out", share=0.2, seed=1, stratify="intent")
    assert not (tmp_path / "out").exists()


def test_a_row_that_cannot_be_read_stops_the_split(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("text,label\na,b\nc\n")
    with pytest.raises(DataError, match=r"line 3 of data\.csv"):
        split_file(path, tmp_path / "out", share=0.5, seed=1)


def test_a_file_is_never_overwritten_by_its_own_split(tmp_path):
    path = tmp_path / "train.csv"
    path.write_text("text\na\nb\nc\n")
    with pytest.raises(DataError, match="overwritten"):
        split_file(path, tmp_path, share=0.5, seed=1)
    assert path.read_text() == "text\na\nb\nc\n"


def test_too_few_rows_and_mixed_rules_are_refused(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("text,label\na,b\n")
    with pytest.raises(DataError, match="1 rows cannot be split"):
        split_file(path, tmp_path / "out", share=0.5, seed=1)
    with pytest.raises(DataError, match="--stratify"):
        split_file(path, tmp_path / "out", share=0.5, seed=1, stratify="label", group="label")
    with pytest.raises(NotFound, match="no file"):
        split_file(tmp_path / "none.csv", tmp_path / "out", share=0.5, seed=1)


def test_a_split_takes_the_last_row_of_each(source, tmp_path):
    files = split_file(source, tmp_path / "l", share=0.5, seed=1, last="label", time="id")
    last = {row["label"]: row["id"] for row in sorted(ROWS, key=lambda row: row["id"])}
    assert sorted(row["id"] for row in load(files.test)) == sorted(last.values())
    with pytest.raises(DataError, match="leave out --group, or --last"):
        split_file(source, tmp_path / "out", share=0.5, seed=1, group="label", last="label")
