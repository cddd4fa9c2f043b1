"""BentoML over the base alone, adaptive batching on: `bentoml serve serve_bentoml:Embedding`, settings in BENCH_*."""

import os
from typing import TYPE_CHECKING, Any

import bentoml

if TYPE_CHECKING:
    from http_bench.base_model import BaseModel
else:
    from base_model import BaseModel  # started with this folder as its working directory


@bentoml.service(workers=1, traffic={"timeout": 60})
class Embedding:
    """Texts in, short answers out."""

    def __init__(self) -> None:
        self.model = BaseModel(os.environ["BENCH_BASE"], int(os.environ["BENCH_THREADS"]))

    @bentoml.api(batchable=True, max_batch_size=32, max_latency_ms=60_000)  # type: ignore[untyped-decorator]
    def classify(self, text: list[str]) -> list[dict[str, Any]]:
        return self.model.answers(text)
