"""Podion's side of every comparison: the one place that knows the engine's interface."""

from collections.abc import Sequence
from pathlib import Path

from podion.hosting.bases import find_base
from podion.hosting.engine import Engine
from podion.hosting.protocol import Answered, Call, Failed
from podion.settings import Runtime

from .world import Adapter

Found = list[tuple[str, float]]
"""The label of each row and how sure it is."""

ROOMY = 64 << 30


class Ours:
    """An engine in this process, one compute thread; without `state_bytes` it remembers no states."""

    def __init__(
        self, bases: Path, base: str, runtime: Runtime, *, state_bytes: int = 0, adapter_bytes: int = ROOMY
    ) -> None:
        self.base = find_base(base, bases).computed_by(runtime)
        self.name = base
        self.engine = Engine(
            bases, device="cpu", threads=1, runtime=runtime, adapter_bytes=adapter_bytes, state_bytes=state_bytes
        )
        self.engine.encoder(base)

    def alone(self, texts: Sequence[str]) -> object:
        """Compute the texts by the same path without adapters and heads."""
        return self.engine.embed(self.name, texts, "query")

    def answer(self, rows: Sequence[tuple[Adapter, str]]) -> Found:
        """Answer rows of any tenants in one pass."""
        results = _answers(self.engine.answer([adapter.call(text) for adapter, text in rows]))
        return [(answered.answers[0]["label"], answered.answers[0]["confidence"]) for answered in results]

    def load(self, adapter: Adapter) -> None:
        """Bring an adapter from disk into memory, verified and ready for the next pass."""
        call = Call(owner=adapter.owner, base=self.name, folder=str(adapter.folder), digest=adapter.digest, records=())
        _answers(self.engine.answer([call]))

    def lengths(self, texts: Sequence[str]) -> list[int]:
        """Return the tokens of each text."""
        return [len(row) for row in self.engine.encoder(self.name).tokenise(texts)]

    def resident(self) -> tuple[int, int]:
        """Return how many adapters are in memory, and their bytes as the engine counts them."""
        status = self.engine.status()
        return int(status["adapters"]), int(status["adapter_bytes"])

    @property
    def loads(self) -> int:
        """How many adapters were loaded so far."""
        return int(self.engine.status()["adapter_loads"])


def _answers(results: Sequence[Answered | Failed]) -> list[Answered]:
    """All results; raises where a call failed."""
    failed = next((result for result in results if isinstance(result, Failed)), None)
    if failed is not None:
        raise RuntimeError(f"a call failed: {failed}")
    return [result for result in results if isinstance(result, Answered)]
