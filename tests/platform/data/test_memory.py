"""Two hundred thousand rows go through in bounded memory; the speed is printed (see it with `pytest -s`)."""

import io
import re
import resource
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import pytest
from pydantic import BaseModel

from podion.data.datasets import build
from podion.data.reading import Limits, read_rows
from podion.data.records import validate
from podion.head_kinds import LabelHead
from podion.vertical import Task

ROWS = 200_000
MIB = 1024 * 1024


class Generated(io.RawIOBase):
    """A file that is made while it is read."""

    def __init__(self, form, rows=ROWS):
        self._pieces = self._make(form, rows)

    def _make(self, form, rows):
        if form == "csv":
            yield b"text,label\n"
        line = b"please tell me why order number %d is so late again,label_%d\n"
        if form == "jsonl":
            line = b'{"text": "please tell me why order number %d is so late again", "label": "label_%d"}\n'
        for start in range(0, rows, 1_000):
            yield b"".join(line % (number, number % 77) for number in range(start, start + 1_000))

    def read(self, size=-1):
        return next(self._pieces, b"")


class Sink(io.RawIOBase):
    size = 0

    def write(self, data):
        self.size += len(data)
        return len(data)


def peak(work):
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1] / MIB
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_reading_and_validating_take_constant_memory(task, form):
    def work():
        count = sum(1 for _ in validate(task, read_rows(Generated(form, 50_000), limits=Limits())))
        assert count == 50_000

    assert peak(work) < 4


def grown() -> float:
    """Return by how many bytes a row this process has grown while it built a dataset of generated rows."""

    class Sample(BaseModel):
        text: str
        label: str | None = None

    def most() -> int:
        # Linux hands the peak of the process that forked down to its child in ru_maxrss, but not in VmHWM.
        status = Path("/proc/self/status")
        if status.exists():
            return int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1]) * 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)

    task, sink = Task(name="sample", record=Sample, head=LabelHead()), Sink()
    build(task, validate(task, read_rows(Generated("csv", 1_000), limits=Limits())), Sink())
    before = most()
    summary = build(task, validate(task, read_rows(Generated("csv"), limits=Limits())), sink)
    assert (summary.kept, summary.duplicate_count) == (ROWS, 0)
    assert sink.size > ROWS * 70
    return (most() - before) / ROWS


def test_building_holds_digests_and_not_texts():
    code = "import runpy, sys; print(runpy.run_path(sys.argv[1])['grown']())"
    bytes_a_row = float(subprocess.check_output([sys.executable, "-c", code, __file__], timeout=120))
    print(f"\nbuild: {bytes_a_row:.0f} bytes of memory a row")
    assert 50 < bytes_a_row < 250


def test_a_long_line_is_never_held(task):
    def work():
        data = (b"x" * MIB for _ in range(64))
        source = io.RawIOBase()
        source.read = lambda size=-1: next(data, b"")
        (refusal,) = read_rows(source, limits=Limits(), format="jsonl")
        assert "67,108,864 bytes" in refusal.reason

    assert peak(work) < 16


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_fifty_thousand_rows_a_cpu_second_are_read_and_validated(task, form):
    data = b"".join(iter(Generated(form).read, b""))
    start = time.process_time()
    count = sum(1 for _ in validate(task, read_rows(io.BytesIO(data), limits=Limits())))
    speed = count / (time.process_time() - start)
    print(f"\nread and validate {form}: {speed:,.0f} rows a CPU second")
    assert speed > 50_000
