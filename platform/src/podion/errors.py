"""Everything that can go wrong in public, one class a kind.

PodionError
├── BadSettings        the operator's settings cannot work
├── Conflict           409: the state of things forbids it now
├── DataError          422: what was sent cannot be used
├── Forbidden          403: the key lacks the scope
├── Incomplete         412: what the request needs was not sent along
├── NotBuilt           501: promised by the interfaces, not in this version
├── NotFound           404: not there, or not yours (the two look the same)
├── PluginError        500: a plugin broke its contract
├── QuotaExceeded      429: the allowance is used up
├── StorageFull        507: the disk refuses to take more
├── TooLarge           413: larger than the limit
├── Unauthenticated    401: no valid key
└── Unavailable        503: try again shortly
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with what was sent: where (a JSON pointer, RFC 6901) and what."""

    pointer: str
    detail: str


class PodionError(Exception):
    """What a caller may be told: who, what was seen, what is allowed, what to do."""

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something broke"
    code: str = "internal"

    def __init__(
        self, detail: str, *, code: str | None = None, faults: Sequence[Fault] = (), retry_after: int | None = None
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or type(self).code
        self.faults = tuple(faults)
        self.retry_after = retry_after


class BadSettings(PodionError):
    """A setting, or a combination of them, cannot work."""

    title = "Settings cannot work"
    code = "bad_settings"


class Conflict(PodionError):
    """The state of things forbids the request now."""

    status = 409
    title = "Not in this state"
    code = "conflict"


class DataError(PodionError):
    """What was sent was understood and cannot be used."""

    status = 422
    title = "Cannot use what was sent"
    code = "bad_data"


class Forbidden(PodionError):
    """The key is valid and lacks the scope."""

    status = 403
    title = "Not allowed with this key"
    code = "forbidden"


class Incomplete(PodionError):
    """The request is sound, and what it takes to answer it was not sent along."""

    status = 412
    title = "Something is missing"
    code = "incomplete"


class NotBuilt(PodionError):
    """The interfaces promise it and this version does not have it."""

    status = 501
    title = "Not in this version"
    code = "not_built"


class NotFound(PodionError):
    """Not there, or someone else's: the answer is the same."""

    status = 404
    title = "Not found"
    code = "not_found"


class PluginError(PodionError):
    """A plugin broke its contract."""

    title = "A plugin failed"
    code = "plugin_failed"
    adapter: str = ""
    """The version whose head did it, where it was one."""


class QuotaExceeded(PodionError):
    """The tenant's allowance, or the server's patience, is used up for now."""

    status = 429
    title = "Too much"
    code = "quota_exceeded"


class StorageFull(PodionError):
    """The disk refuses to take more; nothing was kept of the request."""

    status = 507
    title = "Out of space"
    code = "storage_full"


class TooLarge(PodionError):
    """Larger than the limit that the detail names."""

    status = 413
    title = "Too large"
    code = "too_large"


class Unauthenticated(PodionError):
    """No key, or one that is unknown, expired or revoked."""

    status = 401
    title = "No valid key"
    code = "unauthenticated"


class Unavailable(PodionError):
    """A part of the server is away; the same request will do later."""

    status = 503
    title = "Try again shortly"
    code = "unavailable"
