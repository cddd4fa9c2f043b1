"""What the demo feeds a tenant: public data where it is at hand, else the sample that the plugin ships."""

import csv
import gzip
import io
import json
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from podion.errors import NotFound
from podion.vertical import Vertical

ROWS_A_LABEL = 20
_SEED = 2026
_FEEDBACK_ROWS = 60
_TEST_ROWS = 200

Row = dict[str, object]


@dataclass(frozen=True, kw_only=True)
class Material:
    """Records to upload, to test on and to correct; questions to ask; where it all came from."""

    source: str
    upload: tuple[Row, ...]
    feedback: tuple[Row, ...]
    test: tuple[Row, ...]
    questions: tuple[str, ...]
    out_of_scope: str


def material(vertical: Vertical, data: Path | None) -> Material:
    """Return what the long demo of a vertical uses."""
    banking = data / "customer_service" if data else None
    if vertical.name == "customer_service" and banking and (banking / "banking77_train.csv.gz").is_file():
        return _banking(banking)
    return _sample(vertical)


def is_rich(vertical: Vertical) -> bool:
    """Return whether a vertical ships rows to learn from and rows to be tested on.

    Raises `NotFound` for one that ships nothing, which no demo can show.
    """
    if vertical.sample is None:
        raise NotFound(f"{vertical.name} ships no sample: the demo cannot show it")
    return files(f"podion_{vertical.name}").joinpath(_held_out(vertical.sample)).is_file()


def bad_rows() -> tuple[tuple[str, bytes], ...]:
    """Rows that no upload should contain, with what is wrong with each."""
    return (
        ("empty text", b'{"text": "", "label": "card_arrival"}'),
        ("a field nobody knows", b'{"text": "my card has not come", "labl": "card_arrival"}'),
        ("GBK instead of UTF-8", '{"text": "我的卡还没到", "label": "card_arrival"}'.encode("gbk")),
    )


def as_jsonl(rows: Iterable[Row]) -> bytes:
    """Return rows as JSONL."""
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


def _banking(folder: Path) -> Material:
    train = _read_csv(gzip.decompress((folder / "banking77_train.csv.gz").read_bytes()).decode())
    test = _read_csv((folder / "banking77_test.csv").read_text("utf-8"))
    chosen, rest = _stratified(train, ROWS_A_LABEL)
    draw = random.Random(_SEED)
    return Material(
        source=f"BANKING77, {ROWS_A_LABEL} rows an intent",
        upload=tuple(chosen),
        feedback=tuple(draw.sample(rest, _FEEDBACK_ROWS)),
        test=tuple(draw.sample(test, _TEST_ROWS)),
        questions=("my card still has not come, it's been two weeks", "why was i charged extra for a cash withdrawl?"),
        out_of_scope="what is the weather going to be like in Lisbon on Sunday?",
    )


def _held_out(sample: str) -> str:
    return sample.replace(".jsonl", "_test.jsonl")


def _sample(vertical: Vertical) -> Material:
    assert vertical.sample is not None
    package = files(f"podion_{vertical.name}")
    rows = _read_jsonl(package.joinpath(vertical.sample).read_text("utf-8"))
    held_out = _read_jsonl(package.joinpath(_held_out(vertical.sample)).read_text("utf-8"))
    known = [row for row in held_out if not row.get("oos")]
    random.Random(_SEED).shuffle(known)
    half = len(known) // 2
    return Material(
        source=f"the sample of {vertical.name}",
        upload=tuple(rows),
        feedback=tuple(known[:half]),
        test=tuple(known[half:]),
        questions=("hey my parcel still isnt here, where is it??", "请问怎么开发票呀"),
        out_of_scope="what is the weather going to be like in Lisbon on Sunday?",
    )


def _stratified(rows: Sequence[Row], each: int) -> tuple[list[Row], list[Row]]:
    by_label = defaultdict(list)
    for row in rows:
        by_label[row["label"]].append(row)
    draw = random.Random(_SEED)
    chosen: list[Row] = []
    rest: list[Row] = []
    for label in sorted(by_label, key=str):
        draw.shuffle(by_label[label])
        chosen += by_label[label][:each]
        rest += by_label[label][each:]
    draw.shuffle(chosen)
    return chosen, rest


def _read_csv(text: str) -> list[Row]:
    return [dict(row) for row in csv.DictReader(io.StringIO(text))]


def _read_jsonl(text: str) -> list[Row]:
    return [json.loads(line) for line in text.splitlines() if line.strip()]
