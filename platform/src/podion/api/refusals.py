"""Answers to those who may not come in, as bytes: what is refused must cost next to nothing."""

from typing import Any

from podion.api.door import Refusal
from podion.api.middleware import request_id_of
from podion.api.problems import MEDIA_TYPE
from podion.errors import PodionError, QuotaExceeded, Unavailable

_ERRORS: dict[Refusal, PodionError] = {
    Refusal.OWN: QuotaExceeded(
        "requests of this tenant hold its share of the places: wait for an answer before you ask again",
        code="too_many_at_once",
        retry_after=1,
    ),
    Refusal.FULL: Unavailable("more is asked than can be answered soon: try again", code="too_busy", retry_after=1),
}
_PHRASES = {429: "Too Many Requests", 503: "Service Unavailable"}


def _head(error: PodionError) -> bytes:
    lines = (
        f"HTTP/1.1 {error.status} {_PHRASES[error.status]}",
        f"content-type: {MEDIA_TYPE}",
        f"retry-after: {error.retry_after}",
        "x-content-type-options: nosniff",
        "content-length: ",
    )
    return "\r\n".join(lines).encode("ascii")


def _body(error: PodionError) -> bytes:
    return (
        f'{{"type":"urn:podion:problem:{error.code}","title":"{error.title}","status":{error.status},'
        f'"detail":"{error.detail}","code":"{error.code}","request_id":"'
    ).encode("ascii")


_PREPARED = {refusal: (_head(error), _body(error)) for refusal, error in _ERRORS.items()}


def response(refusal: Refusal, scope: Any, more: list[tuple[bytes, bytes]], *, close: bool) -> bytes:
    """Return a whole HTTP/1.1 response, with `more` headers; `close` says that the connection ends with it."""
    head, body = _PREPARED[refusal]
    request_id = request_id_of(scope).encode("ascii")
    more = [*more, (b"x-request-id", request_id), *([(b"connection", b"close")] if close else ())]
    headers = b"".join([b"%b: %b\r\n" % each for each in more])
    return b'%b%d\r\n%b\r\n%b%b"}' % (head, len(body) + len(request_id) + 2, headers, body, request_id)
