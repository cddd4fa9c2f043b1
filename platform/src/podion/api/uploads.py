"""Files that clients send: streamed to the disk, as the body or as the form field `file`."""

import hashlib
from pathlib import Path
from typing import Any, BinaryIO

from fastapi import Request
from starlette.datastructures import UploadFile

from podion.api.body_limit import lift_limit
from podion.errors import DataError, TooLarge

_CHUNK = 1 << 20

_BINARY: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
UPLOAD: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": _BINARY,
            "application/x-ndjson": _BINARY,
            "application/gzip": _BINARY,
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            },
        },
    }
}
"""What the OpenAPI page says of a route that takes a file."""


async def receive(request: Request, target: Path, limit: int) -> str:
    """Stream the body, or the form field `file`, to `target`; return its SHA-256.

    Raises `DataError` for an empty one and `TooLarge` beyond `limit` bytes.
    """
    lift_limit(request)
    hasher = hashlib.sha256()
    written = 0
    with target.open("wb") as out:
        if request.headers.get("content-type", "").startswith("multipart/form-data"):
            async with request.form(max_files=1, max_fields=8) as form:
                part = form.get("file")
                if not isinstance(part, UploadFile):
                    raise DataError("the form has no file field named `file`")
                while chunk := await part.read(_CHUNK):
                    written = _write(out, chunk, written, limit)
                    hasher.update(chunk)
        else:
            async for chunk in request.stream():
                written = _write(out, chunk, written, limit)
                hasher.update(chunk)
    if written == 0:
        raise DataError(
            "the upload is empty: send CSV with a header row, or JSONL with one object a line", code="empty_upload"
        )
    return hasher.hexdigest()


def _write(out: BinaryIO, chunk: bytes, written: int, limit: int) -> int:
    written += len(chunk)
    if written > limit:
        raise TooLarge(f"the upload is larger than {limit >> 20} MiB: split it, and upload with `extends`")
    out.write(chunk)
    return written
