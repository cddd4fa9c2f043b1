"""A task of utterances, and short ways to read, validate and build what a test writes down."""

import gzip
import io
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel, Field

from podion.data.datasets import DatasetSummary, build
from podion.data.reading import Limits, Refusal, Row, read_rows
from podion.data.records import Accepted, validate
from podion.head_kinds import LabelHead
from podion.vertical import Task


class Utterance(BaseModel):
    text: str = Field(min_length=1, max_length=2_000)
    label: str | None = None
    oos: bool = False
    channel: str | None = None


@pytest.fixture
def task() -> Task:
    return Task(name="intent", record=Utterance, head=LabelHead(), out_of_scope="oos")


def encode(data: str | bytes) -> bytes:
    return data.encode() if isinstance(data, str) else data


@pytest.fixture(params=["plain", "gzip"])
def read(request: pytest.FixtureRequest) -> Callable[..., list[Row | Refusal]]:
    """Read text or bytes as rows, plain and packed in turn."""

    def rows(data: str | bytes, limits: Limits | None = None, **options: Any) -> list[Row | Refusal]:
        packed = gzip.compress(encode(data), 1) if request.param == "gzip" else encode(data)
        return list(read_rows(io.BytesIO(packed), limits=limits or Limits(), **options))

    return rows


@pytest.fixture
def records() -> Callable[..., list[Accepted | Refusal]]:
    def validated(
        task: Task, data: str | bytes, *, rename: dict[str, str] | None = None, **options: Any
    ) -> list[Accepted | Refusal]:
        rows = read_rows(io.BytesIO(encode(data)), limits=Limits(), rename=rename)
        return list(validate(task, rows, **options))

    return validated


@pytest.fixture
def built() -> Callable[..., tuple[DatasetSummary, bytes]]:
    def build_from(task: Task, data: str | bytes) -> tuple[DatasetSummary, bytes]:
        out = io.BytesIO()
        summary = build(task, validate(task, read_rows(io.BytesIO(encode(data)), limits=Limits())), out)
        return summary, out.getvalue()

    return build_from
