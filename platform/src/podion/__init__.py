"""Podion's public face: what a plugin imports, and nothing else. Imports no torch.

Names load when they are first used, so that `podion --help` does not pay for a web framework.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from podion.answers import (
        AdapterCard,
        Alternative,
        Answer,
        BinContribution,
        Contribution,
        ContributionsAnswer,
        Deed,
        Document,
        Hit,
        LabelAnswer,
        LabelsAnswer,
        NumberAnswer,
        Page,
        Prediction,
        RankedItem,
        RankingAnswer,
        Span,
        SpanAnswer,
    )
    from podion.background import EventType, JobType, Schedule
    from podion.caller import Caller, Found, TenantCaller, requires
    from podion.errors import (
        BadSettings,
        Conflict,
        DataError,
        Fault,
        Forbidden,
        Incomplete,
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
    from podion.field_checks import as_label, in_utc, no_null, not_blank
    from podion.head_kinds import (
        AdditiveHead,
        LabelHead,
        MultiLabelHead,
        OrdinalHead,
        OwnHead,
        PairHead,
        RegressionHead,
        SpanHead,
        TabularHead,
    )
    from podion.hookspecs import Candidate, Reviewed, Served, hookimpl
    from podion.learners import Challenger, History, RankingChallenger
    from podion.pages import Cursor, DocumentId, Gone, Kept, Limit, answer_like, newest
    from podion.teller import Teller
    from podion.vertical import CollectionSpec, LabelSpace, Method, Metric, Personal, Split, Standard, Task, Vertical
    from podion.wording import Language, Wording, language_of

_HOME = {
    "podion.answers": (
        "AdapterCard", "Alternative", "Answer", "BinContribution", "Contribution", "ContributionsAnswer",
        "Deed", "Document", "Hit", "LabelAnswer", "LabelsAnswer", "NumberAnswer", "Page", "Prediction",
        "RankedItem", "RankingAnswer", "Span", "SpanAnswer",
    ),
    "podion.background": ("EventType", "JobType", "Schedule"),
    "podion.caller": ("Caller", "Found", "TenantCaller", "requires"),
    "podion.errors": (
        "BadSettings", "Conflict", "DataError", "Fault", "Forbidden", "Incomplete", "NotBuilt", "NotFound",
        "PluginError", "PodionError", "QuotaExceeded", "StorageFull", "TooLarge", "Unauthenticated",
        "Unavailable",
    ),
    "podion.field_checks": ("as_label", "in_utc", "no_null", "not_blank"),
    "podion.head_kinds": (
        "AdditiveHead", "LabelHead", "MultiLabelHead", "OrdinalHead", "OwnHead", "PairHead",
        "RegressionHead", "SpanHead", "TabularHead",
    ),
    "podion.hookspecs": ("Candidate", "Reviewed", "Served", "hookimpl"),
    "podion.learners": ("Challenger", "History", "RankingChallenger"),
    "podion.pages": ("Cursor", "DocumentId", "Gone", "Kept", "Limit", "answer_like", "newest"),
    "podion.teller": ("Teller",),
    "podion.vertical": (
        "CollectionSpec", "LabelSpace", "Method", "Metric", "Personal", "Split", "Standard", "Task", "Vertical",
    ),
    "podion.wording": ("Language", "Wording", "language_of"),
}  # fmt: skip

_NOT_BUILT = ("AlertRule",)

__all__ = [
    "AdapterCard",
    "AdditiveHead",
    "Alternative",
    "Answer",
    "BadSettings",
    "BinContribution",
    "Caller",
    "Candidate",
    "Challenger",
    "CollectionSpec",
    "Conflict",
    "Contribution",
    "ContributionsAnswer",
    "Cursor",
    "DataError",
    "Deed",
    "Document",
    "DocumentId",
    "EventType",
    "Fault",
    "Forbidden",
    "Found",
    "Gone",
    "History",
    "Hit",
    "Incomplete",
    "JobType",
    "Kept",
    "LabelAnswer",
    "LabelHead",
    "LabelSpace",
    "LabelsAnswer",
    "Language",
    "Limit",
    "Method",
    "Metric",
    "MultiLabelHead",
    "NotBuilt",
    "NotFound",
    "NumberAnswer",
    "OrdinalHead",
    "OwnHead",
    "Page",
    "PairHead",
    "Personal",
    "PluginError",
    "PodionError",
    "Prediction",
    "QuotaExceeded",
    "RankedItem",
    "RankingAnswer",
    "RankingChallenger",
    "RegressionHead",
    "Reviewed",
    "Schedule",
    "Served",
    "Span",
    "SpanAnswer",
    "SpanHead",
    "Split",
    "Standard",
    "StorageFull",
    "TabularHead",
    "Task",
    "Teller",
    "TenantCaller",
    "TooLarge",
    "Unauthenticated",
    "Unavailable",
    "Vertical",
    "Wording",
    "answer_like",
    "as_label",
    "hookimpl",
    "in_utc",
    "language_of",
    "newest",
    "no_null",
    "not_blank",
    "requires",
]


def __getattr__(name: str) -> Any:
    for module, names in _HOME.items():
        if name in names:
            return getattr(import_module(module), name)
    if name in _NOT_BUILT:
        raise ImportError(f"podion 0.1 does not have {name} yet: it comes with a later version (see CHANGELOG.md)")
    raise AttributeError(f"module 'podion' has no attribute {name!r}")
