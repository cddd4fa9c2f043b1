"""The bytes of a file, unpacked as a stream and held to its limits."""

import zlib
from collections.abc import Iterator
from typing import BinaryIO

from podion.data.rows import MIB, Limits
from podion.errors import DataError, TooLarge

CHUNK = 64 * 1024
_GZIP = b"\x1f\x8b"
_MEMBERS = 1_000
_BOM = b"\xef\xbb\xbf"
_STRANGE = {
    b"\xff\xfe": "is UTF-16 or UTF-32: save it as UTF-8",
    b"\xfe\xff": "is UTF-16: save it as UTF-8",
    b"PK\x03\x04": "is an Excel workbook or a zip archive: export the sheet as CSV (UTF-8), pack with gzip",
    b"BZh": "is packed with bzip2: unpack it or pack with gzip",
    b"\xfd7zXZ\x00": "is packed with xz: unpack it or pack with gzip",
    b"\x28\xb5\x2f\xfd": "is packed with zstd: unpack it or pack with gzip",
    b"PAR1": "is a Parquet file: export it as CSV or JSONL",
    _GZIP: "was packed with gzip twice: pack it once",
}


class BrokenGzip(Exception):
    """The packed bytes end early or are damaged; its text says which."""


def unpack(source: BinaryIO, limits: Limits) -> Iterator[bytes]:
    """Yield the file's text as bytes: gunzipped where it is gzip (several members too), without a byte order mark.

    Raises `DataError` for an empty file and for one in another encoding or packing, `TooLarge` past a limit,
    `BrokenGzip` where the packed bytes end early or are damaged.
    """
    chunks = _received(source, limits)
    first = _at_least(b"", chunks)
    if not first:
        raise DataError("the file is empty: send a CSV with a header row, or one JSON object a line", code="empty_file")
    if first.startswith(_GZIP):
        chunks = _gunzip(first, chunks, limits)
        first = _at_least(b"", chunks)
    for magic, reason in _STRANGE.items():
        if first.startswith(magic):
            raise DataError(f"the file {reason}", code="wrong_encoding")
    yield first.removeprefix(_BOM)
    yield from chunks


def _at_least(first: bytes, chunks: Iterator[bytes], size: int = 6) -> bytes:
    """Return the first bytes, `size` of them where there are so many: enough for every magic number."""
    for chunk in chunks:
        first += chunk
        if len(first) >= size:
            break
    return first


def _received(source: BinaryIO, limits: Limits) -> Iterator[bytes]:
    received = 0
    while chunk := source.read(CHUNK):
        received += len(chunk)
        if received > limits.upload_bytes:
            raise TooLarge(
                f"the file has more than {_size(limits.upload_bytes)}, the most for one upload: send it in parts"
            )
        yield chunk


def _gunzip(first: bytes, chunks: Iterator[bytes], limits: Limits) -> Iterator[bytes]:
    packed, unpacked, members, waiting = len(first), 0, 1, first
    member = zlib.decompressobj(wbits=31)
    while True:
        if not waiting:
            waiting = next(chunks, b"")
            packed += len(waiting)
        if not waiting and not member.eof:
            raise BrokenGzip("the gzip data end early: the file was cut off on its way")
        if member.eof:
            waiting = waiting.lstrip(b"\0")
            if not waiting and not (waiting := next(chunks, b"")):
                return
            if not waiting.strip(b"\0"):
                continue
            members += 1
            member = zlib.decompressobj(wbits=31)
        try:
            text = member.decompress(waiting, CHUNK * 4)
        except zlib.error as error:
            raise BrokenGzip(f"the gzip data are damaged ({error})") from error
        waiting = member.unused_data if member.eof else member.unconsumed_tail
        unpacked += len(text)
        _check_size(unpacked, packed - len(waiting), limits)
        if members > _MEMBERS and members * 1024 > unpacked:
            raise DataError(f"the file is gzip in more than {_MEMBERS:,} nearly empty parts: pack it in one")
        if text:
            yield text


def _check_size(unpacked: int, packed: int, limits: Limits) -> None:
    if unpacked > limits.unpacked_bytes:
        raise TooLarge(
            f"the file has more than {_size(limits.unpacked_bytes)} once unpacked, the most for one upload: "
            "send it in parts"
        )
    if unpacked > MIB and unpacked > limits.ratio * packed:
        raise TooLarge(
            f"the file looks like a bomb: it unpacks to more than {limits.ratio} times its size. Send it unpacked",
            code="looks_like_a_bomb",
        )


def _size(count: int) -> str:
    return f"{count / MIB:g} MiB" if count >= MIB else f"{count} bytes"
