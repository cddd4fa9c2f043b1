"""Hooks that watch are called here: from a queue, on a thread of their own, after the reply."""

import logging
import queue
import threading
from collections.abc import Callable, Iterable

from podion.catalogue.catalogue import Catalogue
from podion.hookspecs import Reviewed, Served
from podion.storage.predictions import PredictionRow

log = logging.getLogger("podion.watchers")

_CAPACITY = 10_000


class Watchers:
    """Hands what happened to the plugins that watch; drops the newest, and says so, when they cannot keep up."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._queue: queue.Queue[Callable[[], None] | None] = queue.Queue(_CAPACITY)
        self._thread = threading.Thread(target=self._drain, name="podion-watchers", daemon=True)
        self._thread.start()

    def served(self, event: Served) -> None:
        """Queue a prediction for `on_prediction`; returns at once."""
        if self._catalogue.watches_predictions(event.vertical):
            self._put(lambda: self._catalogue.watch_prediction(event))

    def kept(self, rows: Iterable[PredictionRow]) -> None:
        """Queue predictions that were just kept, for `on_prediction`; returns at once."""
        for row in rows:
            vertical, _, task = row.task.partition("/")
            self.served(
                Served(
                    tenant=row.tenant, vertical=vertical, task=task, prediction_id=row.id, answer=row.answer, at=row.at
                )
            )

    def reviewed(self, event: Reviewed) -> None:
        """Queue feedback for `on_feedback`; returns at once."""
        self._put(lambda: self._catalogue.watch_feedback(event))

    def close(self) -> None:
        """Let what is queued finish, for at most five seconds."""
        self._queue.put(None)
        self._thread.join(5)

    def _put(self, call: Callable[[], None]) -> None:
        try:
            self._queue.put_nowait(call)
        except queue.Full:
            log.warning("watchers: queue of %d is full, one event dropped", _CAPACITY)

    def _drain(self) -> None:
        while (call := self._queue.get()) is not None:
            try:
                call()
            except Exception:
                log.exception("watchers: a hook failed")
