"""Requests to addresses that tenants name: checked, bounded in size and time, without anybody's proxy or cookies."""

from __future__ import annotations

import asyncio
import ssl
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import httpcore

from podion.errors import DataError
from podion.lifecycle.public_addresses import AllowedAddresses, CheckedBackend

if TYPE_CHECKING:
    import httpx

MOST_REDIRECTS = 5
LONGEST_URL = 2_000
FETCH_SECONDS = 20.0
MOST_FETCHES = 32
"""Of one process at once."""

_CONNECT_SECONDS = 5.0
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_AGENT = "podion"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What an address answered: at most as many bytes of the body as were asked for."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    complete: bool


class NoAnswer(Exception):
    """An address could not be reached, or did not answer in time; the words say which."""


def checked_url(url: str) -> httpx.URL:
    """Return an http(s) address with a host and without credentials; raises `DataError` for another."""
    # It brings a command line along, and the API starts sooner without.
    import httpx

    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise DataError(f"{url[:200]!r} is no address: {error}", code="bad_url") from error
    known = parsed.scheme in ("http", "https") and parsed.host and 0 < (parsed.port or 80) < 1 << 16
    if not known or len(url) > LONGEST_URL:
        raise DataError(
            f"{url[:200]!r}: an http or https address of up to {LONGEST_URL:,} characters is allowed", code="bad_url"
        )
    if parsed.userinfo:
        raise DataError("the address holds a name or a password: leave them out", code="bad_url")
    return parsed


class Outbound:
    """Sends for every tenant. Redirects are answers here; `fetch` follows them, each checked anew."""

    def __init__(self, allowed: AllowedAddresses) -> None:
        self.allowed = allowed
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=ssl.create_default_context(),
            max_connections=256,
            max_keepalive_connections=16,
            keepalive_expiry=15.0,
            network_backend=CheckedBackend(allowed),
        )
        self._fetches = asyncio.Semaphore(MOST_FETCHES)

    async def close(self) -> None:
        """Let go of every connection."""
        await self._pool.aclose()

    async def send(
        self,
        method: str,
        url: httpx.URL,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
        seconds: float,
        most_bytes: int,
    ) -> Answer:
        """Return what an address answers within `seconds`; raises `NoAnswer`, and `PrivateAddress`."""
        sent = {"Host": url.netloc.decode("ascii"), "User-Agent": _AGENT, **(headers or {})}
        if content:
            sent["Content-Length"] = str(len(content))
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        extensions = {"timeout": {"connect": _CONNECT_SECONDS, "read": seconds, "write": seconds, "pool": seconds}}
        try:
            async with (
                asyncio.timeout(seconds),
                self._pool.stream(
                    method, target, headers=list(sent.items()), content=content, extensions=extensions
                ) as response,
            ):
                body, complete = await _read(response, most_bytes)
        except TimeoutError as error:
            raise NoAnswer(f"no answer within {seconds:g} s") from error
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, ssl.SSLError) as error:
            raise NoAnswer(f"{type(error).__name__}: {str(error)[:200]}") from error
        told = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
        return Answer(status=response.status, headers=told, body=body, complete=complete)

    async def fetch(self, url: str, most_bytes: int) -> bytes:
        """Return what an address answers to a GET; see `podion.caller.TenantCaller.fetch`."""
        target = checked_url(url)
        async with self._fetches:
            try:
                async with asyncio.timeout(FETCH_SECONDS):
                    for _ in range(MOST_REDIRECTS + 1):
                        answer = await self._get(target, most_bytes)
                        if answer.status not in _REDIRECTS or "location" not in answer.headers:
                            return _content(target, answer, most_bytes)
                        target = checked_url(urljoin(str(target), answer.headers["location"]))
            except TimeoutError as error:
                raise _unanswered(target, f"no answer within {FETCH_SECONDS:g} s") from error
        raise DataError(f"{target.host} redirects more than {MOST_REDIRECTS} times", code="fetch_failed")

    async def _get(self, url: httpx.URL, most_bytes: int) -> Answer:
        headers = {"Accept": "*/*", "Accept-Encoding": "gzip"}
        try:
            return await self.send("GET", url, headers=headers, seconds=FETCH_SECONDS, most_bytes=most_bytes)
        except NoAnswer as error:
            raise _unanswered(url, str(error)) from error


async def _read(response: httpcore.Response, most_bytes: int) -> tuple[bytes, bool]:
    """Return up to so many bytes of a body, and whether that is all of it."""
    body = bytearray()
    async for chunk in response.aiter_stream():
        body += chunk
        if len(body) > most_bytes:
            return bytes(body[:most_bytes]), False
    return bytes(body), True


def _content(url: httpx.URL, answer: Answer, most_bytes: int) -> bytes:
    if not 200 <= answer.status < 300:
        raise DataError(f"{url.host} answered with {answer.status}", code="fetch_failed")
    body, complete = answer.body, answer.complete
    if complete and answer.headers.get("content-encoding", "").lower() in ("gzip", "x-gzip"):
        unpacking = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            body = unpacking.decompress(body, most_bytes + 1)
        except zlib.error as error:
            raise DataError(f"{url.host} answered with gzip that cannot be unpacked", code="fetch_failed") from error
        complete = len(body) <= most_bytes
    if not complete:
        raise DataError(f"{url.host} answered with more than {most_bytes:,} bytes", code="fetch_failed")
    return body


def _unanswered(url: httpx.URL, why: str) -> DataError:
    return DataError(f"{url.host} did not answer ({why}): try again later", code="fetch_failed")
