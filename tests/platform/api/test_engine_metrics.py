"""The engine's status as Prometheus reads it."""

from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from podion.api.engine_metrics import TABLE
from podion.api.metrics import Metrics
from podion.hosting.histogram import ROWS, SECONDS, Histogram


def observed(bounds: Any, *values: float) -> dict[str, Any]:
    histogram = Histogram(bounds)
    for value in values:
        histogram.observe(value)
    return histogram.status()


STATUS: dict[str, Any] = {
    "ready": True,
    "bases": {"minilm-l6": "e8a4"},
    "queue_rows": {"interactive": 3, "bulk": 64},
    "queue_tokens": {"interactive": 30, "bulk": 640},
    "queue_owners": {"interactive": 2, "bulk": 1},
    "refused": {"overloaded": 2, "deadline": 1},
    "dropped": 4,
    "passes": 7,
    "rows": 100,
    "lower_rows": 90,
    "upper_rows": 95,
    "pass_rows": observed(ROWS, 1, 2, 60, 400),
    "tokens": 1000,
    "computed_tokens": 1010,
    "padding_share": 0.0099,
    "stage_seconds": {"queue": observed(SECONDS, 0.0001, 99.0), "compute": {"buckets": {"0.5": 1}, "sum": 0.25}},
    "adapters": 5,
    "adapter_bytes": 4096,
    "adapter_hits": 50,
    "adapter_loads": 6,
    "adapter_evictions": 1,
    "adapter_load_seconds": observed(SECONDS, 0.0005),
    "state_bytes": 77,
    "state_hits": 10,
    "state_misses": 90,
    "cpu_seconds": 1.5,
    "resident_bytes": 1 << 20,
    "restarts": 2,
}


def samples(text: bytes) -> dict[tuple[str, str], float]:
    found: dict[tuple[str, str], float] = {}
    for family in text_string_to_metric_families(text.decode()):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            assert (sample.name, labels) not in found, "a sample stands once"
            found[sample.name, labels] = sample.value
    return found


def test_everything_the_engine_says_is_exposed() -> None:
    found = samples(Metrics().text(STATUS))
    assert found["podion_engine_up", ""] == 1
    assert found["podion_engine_queue_rows", "urgency=bulk"] == 64
    assert found["podion_engine_refused_total", "reason=deadline"] == 1
    assert found["podion_engine_dropped_total", ""] == 4
    assert found["podion_engine_padding_share", ""] == 0.0099
    assert found["podion_engine_cpu_seconds_total", ""] == 1.5
    assert found["podion_engine_restarts_total", ""] == 2
    exposed = {name.removesuffix("_total").removesuffix("_bucket") for name, _ in found}
    assert {each.name for each in TABLE} <= exposed
    assert {each.key for each in TABLE} == STATUS.keys() - {"ready", "bases"}


def test_histograms_are_cumulative_and_end_with_all() -> None:
    found = samples(Metrics().text(STATUS))
    assert found["podion_engine_pass_rows_bucket", "le=2"] == 2
    assert found["podion_engine_pass_rows_bucket", "le=64"] == 3
    assert found["podion_engine_pass_rows_bucket", "le=+Inf"] == found["podion_engine_pass_rows_count", ""] == 4
    assert found["podion_engine_pass_rows_sum", ""] == 463
    assert found["podion_engine_stage_seconds_bucket", "le=16,stage=queue"] == 1
    assert found["podion_engine_stage_seconds_bucket", "le=+Inf,stage=queue"] == 2
    assert found["podion_engine_stage_seconds_count", "stage=compute"] == 1


def test_what_is_not_there_makes_no_metric() -> None:
    metrics = Metrics()
    metrics.predictions.labels("customer_service/intent").inc()
    away = samples(metrics.text())
    assert away["podion_engine_up", ""] == 0
    assert [name for name, _ in away if name.startswith("podion_engine_") and name != "podion_engine_up"] == []
    assert away["podion_predictions_total", "task=customer_service/intent"] == 1


@pytest.mark.parametrize("odd", [None, "many", float("nan"), [], {}, {"a": None}, {"buckets": {}}, 7])
def test_a_status_of_another_version_breaks_nothing(odd: Any) -> None:
    samples(Metrics().text({each.key: odd for each in TABLE}))


def test_no_label_names_a_tenant() -> None:
    assert {each.label for each in TABLE} == {None, "urgency", "reason", "stage"}
