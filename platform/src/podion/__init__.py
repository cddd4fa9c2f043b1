"""Podion's public face: what a plugin imports, and nothing else. Imports no torch.

Names load when they are first used, so that `podion --help` does not pay for a web framework.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from podion.answers import Alternative, Answer, Document, Hit, LabelAnswer, Page, Prediction, Span, SpanAnswer
    from podion.caller import Caller, TenantCaller, requires
    from podion.errors import (
        BadSettings,
        Conflict,
        DataError,
        Fault,
        Forbidden,
        NotBuilt,
        NotFound,
        PluginError,
        PodionError,
        QuotaExceeded,
        StorageFull,
        TooLarge,
        Unauthenticated,
        Unavailable,
    )
    from podion.hookspecs import Candidate, Reviewed, Served, hookimpl
    from podion.vertical import (
        CollectionSpec,
        LabelHead,
        LabelSpace,
        Method,
        Metric,
        Personal,
        SpanHead,
        Split,
        Task,
        Vertical,
    )

_HOME = {
    "podion.answers": (
        "Alternative", "Answer", "Document", "Hit", "LabelAnswer", "Page", "Prediction", "Span", "SpanAnswer",
    ),
    "podion.caller": ("Caller", "TenantCaller", "requires"),
    "podion.errors": (
        "BadSettings", "Conflict", "DataError", "Fault", "Forbidden", "NotBuilt", "NotFound", "PluginError",
        "PodionError", "QuotaExceeded", "StorageFull", "TooLarge", "Unauthenticated", "Unavailable",
    ),
    "podion.hookspecs": ("Candidate", "Reviewed", "Served", "hookimpl"),
    "podion.vertical": (
        "CollectionSpec", "LabelHead", "LabelSpace", "Method", "Metric", "Personal", "SpanHead", "Split", "Task",
        "Vertical",
    ),
}  # fmt: skip

_NOT_BUILT = (
    "AlertRule", "EventType", "MultiLabelHead", "OrdinalHead", "PairHead", "RegressionHead", "Schedule", "TabularHead",
)  # fmt: skip

__all__ = [
    "Alternative",
    "Answer",
    "BadSettings",
    "Caller",
    "Candidate",
    "CollectionSpec",
    "Conflict",
    "DataError",
    "Document",
    "Fault",
    "Forbidden",
    "Hit",
    "LabelAnswer",
    "LabelHead",
    "LabelSpace",
    "Method",
    "Metric",
    "NotBuilt",
    "NotFound",
    "Page",
    "Personal",
    "PluginError",
    "PodionError",
    "Prediction",
    "QuotaExceeded",
    "Reviewed",
    "Served",
    "Span",
    "SpanAnswer",
    "SpanHead",
    "Split",
    "StorageFull",
    "Task",
    "TenantCaller",
    "TooLarge",
    "Unauthenticated",
    "Unavailable",
    "Vertical",
    "hookimpl",
    "requires",
]


def __getattr__(name: str) -> Any:
    for module, names in _HOME.items():
        if name in names:
            return getattr(import_module(module), name)
    if name in _NOT_BUILT:
        raise ImportError(f"podion 0.1 does not have {name} yet: it comes with a later version (see CHANGELOG.md)")
    raise AttributeError(f"module 'podion' has no attribute {name!r}")
