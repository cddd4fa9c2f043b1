"""A plugin's own route answers in time, in measure, and ends with its request: else a problem names the plugin."""

import asyncio
import logging
from collections.abc import Iterable

import anyio
from fastapi import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from podion.api.problems import problem
from podion.api.stalls import STALL_SECONDS, Stalled, mark_of
from podion.catalogue.route_checks import HOST_ROUTES
from podion.vertical import Vertical

log = logging.getLogger("podion.api")

MOST_BYTES = 32 << 20
"""The largest answer of a plugin's route that is not a stream."""

MOST_STUCK = 16
"""Requests of one plugin that were given up and still hold a thread; with more, its routes answer 503."""


class PluginEnded(Exception):
    """A plugin's route tried to end the process."""


class PluginLimits:
    """Around the routes that plugins bring. Once an answer has begun it may take its time: it may be a stream."""

    def __init__(self, app: ASGIApp, verticals: Iterable[Vertical], seconds: float) -> None:
        self._app = app
        verticals = tuple(verticals)
        self._names = {vertical.path: vertical.name for vertical in verticals}
        self._roots = {each.prefix.strip("/"): vertical.name for vertical in verticals for each in vertical.standards}
        self._seconds = seconds
        self._stuck: dict[str, set[asyncio.Task[None]]] = {name: set() for name in self._names.values()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        plugin = self._plugin_of(scope)
        if plugin is None:
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})["plugin"] = plugin
        if len(self._stuck[plugin]) >= MOST_STUCK:
            told = f"{MOST_STUCK} requests to the {plugin} plugin have not ended; it answers again when some have"
            await _refusal(scope, 503, told, "plugin_stuck")(scope, receive, send)
            return
        relay = _Relay(receive, send)
        task = asyncio.create_task(self._serve(scope, relay), name=mark_of(plugin))
        refusal = await self._outcome(scope, task, relay, plugin)
        if refusal is not None:
            relay.closed = True
            await refusal(scope, receive, send)

    def _plugin_of(self, scope: Scope) -> str | None:
        """Return the name of the vertical whose own route this may be, None for the platform's routes."""
        parts = scope["path"].split("/", 4) if scope["type"] == "http" else []
        if len(parts) > 1 and parts[1] in self._roots:
            return self._roots[parts[1]]
        if len(parts) < 4 or parts[1] != "v1" or parts[3].split(":")[0] in HOST_ROUTES:
            return None
        return self._names.get(parts[2])

    async def _serve(self, scope: Scope, relay: "_Relay") -> None:
        try:
            with relay.until:
                await self._app(scope, relay.receive, relay.send)
        except (SystemExit, KeyboardInterrupt) as error:
            # In a task these two would stop the event loop, and the server with it.
            raise PluginEnded(f"a route raised {type(error).__name__}") from error
        finally:
            relay.begin()

    async def _outcome(self, scope: Scope, task: "asyncio.Task[None]", relay: "_Relay", plugin: str) -> Response | None:
        try:
            if not await relay.begins_within(self._seconds):
                self._give_up(task, relay, plugin)
                told = f"the {plugin} plugin did not begin to answer within {self._seconds:g} seconds"
                return _refusal(scope, 504, told, "plugin_timeout")
            await task
        except Stalled:
            told = f"the {plugin} plugin held up the whole server for {STALL_SECONDS:g} seconds and was stopped"
            return _refusal(scope, 504, told, "plugin_timeout")
        except asyncio.CancelledError as error:
            task.cancel()
            if not task.cancelled():
                raise  # it is this request that somebody else ends
            raise PluginEnded("a route cancelled itself") from error
        if relay.refused:
            told = f"the {plugin} plugin answered with {relay.refused} bytes; {MOST_BYTES} are allowed outside a stream"
            return _refusal(scope, 500, told, "plugin_failed")
        return None

    def _give_up(self, task: "asyncio.Task[None]", relay: "_Relay", plugin: str) -> None:
        """Cancel a request; what runs in a thread cannot be cancelled and counts until it ends."""
        relay.until.cancel()
        self._stuck[plugin].add(task)

        def forget(ended: "asyncio.Task[None]") -> None:
            self._stuck[plugin].discard(ended)
            if not ended.cancelled() and ended.exception() is not None:
                log.error("plugin %r: a request that was given up ended", plugin, exc_info=ended.exception())

        task.add_done_callback(forget)


class _Relay:
    """Passes request and response on, the response until it is closed; keeps back one that is too large."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._reading = False
        self._read = False
        self._begun = False
        self._waiting: asyncio.Future[None] | None = None
        self._loop = asyncio.get_running_loop()
        # Not the task is cancelled but its scope: a thread of anyio's outlives only the first.
        self.until = anyio.CancelScope()
        self.closed = False
        self.refused = 0

    async def begins_within(self, seconds: float) -> bool:
        """Return whether the answer begins in time; a client that is slow to send costs the plugin none of it."""
        while not self._begun:
            # A timer and a future: the tasks of `asyncio.wait_for` would cost every request more than its answer.
            self._waiting = self._loop.create_future()
            timer = self._loop.call_later(seconds, self._wake)
            try:
                await self._waiting
            finally:
                timer.cancel()
            if not self._begun and not self._reading:
                return False
        return True

    def begin(self) -> None:
        """Note that the answer has begun, or will never."""
        self._begun = True
        self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def receive(self) -> Message:
        """Return the next message of the request."""
        self._reading = not self._read
        message = await self._receive()
        self._reading = False
        self._read = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """Pass one message of the response on."""
        if message["type"] == "http.response.start":
            length = int(next((value for name, value in message["headers"] if name.lower() == b"content-length"), 0))
            self.refused = length if length > MOST_BYTES else 0
        if self.closed or self.refused:
            return
        self.begin()
        await self._send(message)


def _refusal(scope: Scope, status: int, detail: str, code: str) -> Response:
    log.error("plugin %r: %s", scope["state"]["plugin"], detail)
    titles = {500: "A plugin failed", 503: "Try again shortly", 504: "A plugin took too long"}
    return problem(Request(scope), status, titles[status], detail, code, plugin=scope["state"]["plugin"])
