"""What a plugin declares: verticals, their tasks and heads. Frozen values; nothing here computes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel

from podion.answers import Answer, Document, LabelAnswer
from podion.background import EventType, JobType, Schedule
from podion.head_kinds import HeadDeclaration, OwnHead, PairHead, ReadyMade
from podion.learners import History

API_VERSION = "1.0"
"""The version of the contract that this platform speaks; `Vertical.requires_api` is checked against it."""

Scope = Literal["predict", "data", "train", "deploy", "admin"]
SCOPES: tuple[Scope, ...] = ("predict", "data", "train", "deploy", "admin")


class Method(StrEnum):
    """How an adapter is made."""

    AUTO = "auto"
    ZERO_SHOT = "zero-shot"
    FEW_SHOT = "few-shot"
    HEAD = "head"
    LORA = "lora"
    ADALORA = "adalora"
    IA3 = "ia3"
    PREFIX = "prefix"
    PROMPT = "prompt"
    FULL = "full"


MaskPolicy = Literal["reject", "mask", "tokenise", "allow"]
PersonalKinds = Literal["usual", "clinical", "whole"]


@dataclass(frozen=True)
class Personal:
    """Marks a field that may hold what identifies a person: `text: Annotated[str, Personal()]`.

    Before anything is stored, what the recognisers find in it is refused (`reject`), replaced by its kind (`mask`),
    replaced by a pseudonym that is the same for equal values of a tenant (`tokenise`), or left (`allow`). This is the
    plugin's default; a tenant may set another policy for the field.

    `usual` kinds are those that form and checksum tell: ids, cards, phones, e-mails, addresses, plates. `clinical`
    adds what would take too much from a shop's texts: people's names, dates, record and insurance numbers, ages over
    89. `whole` says that all of the value identifies a person, as a patient's number in the tenant's own system does.
    """

    policy: MaskPolicy = "mask"
    kinds: PersonalKinds = "usual"


@dataclass(frozen=True)
class LabelSpace:
    """The closed set of labels that a head tells apart, in the order of its outputs."""

    labels: tuple[str, ...]
    label_field: str = "label"
    descriptions: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.labels)

    def targets(self, records: Sequence[BaseModel]) -> list[int]:
        """Return the index of each record's label; -100 (torch's ignore index) where it has none of ours."""
        positions = {label: position for position, label in enumerate(self.labels)}
        return [positions.get(str(getattr(record, self.label_field)), -100) for record in records]

    def describe(self, label: str) -> str:
        """Return the words for a label that a text encoder reads: its description, else its name."""
        described = self.descriptions.get(label) or label.replace("_", " ").replace("-", " ")
        return described if isinstance(described, str) else "; ".join(described)


@dataclass(frozen=True)
class Split:
    """How records part into train, validation and test: at random by label, by group, by time, or each last one.

    Records of one `group` (a conversation, a patient) never stand on both sides; with `time`, what is tested is
    later than what was learned. With `last` (a user), the latest record by `time` of each that has several is tested:
    how a sequence goes on (leave-one-out); no share is asked then.
    """

    group: str | None = None
    time: str | None = None
    last: str | None = None


@dataclass(frozen=True)
class Metric:
    """A measure by scikit-learn's name and the direction in which it is better."""

    name: str
    better: Literal["higher", "lower"] = "higher"


@dataclass(frozen=True, kw_only=True)
class Task:
    """One question a vertical answers: the record it reads, the head that answers, how it is judged.

    `text` names the record's field, or property, that the base model reads, and is None where it reads none (a
    `PairHead` names two itself); `label` names the field that a head learns. `out_of_scope` names a boolean field that
    marks records outside every label. `keep` is the share of in-scope records that the abstention threshold keeps; with
    a `coverage`, an answer of one label also names those that may be right (`LabelAnswer.possible`), which hold the
    truth with that share. `descriptions` tell zero-shot a label's words, or several things that people say who mean it.
    Of two labels, `positive` is the one looked for (`roc_auc`, `f1` are of it): the last, unless it is named.
    `sensitive` fields never feed a head. `history` fills in what a record tells of the past; `challengers` are import
    paths of a `Challenger` each. Fields of the record that are marked `Personal` are masked. `items` is the kind of
    document that a label is the id of, such as a thing to recommend: its head is handed the vectors of what
    `item_text`, a field or property of it, says (`Head.fit_items`). The adapters of a `deep` task change every layer of
    the base, also those that all others leave as they are: they learn more, and share less of a pass.
    """

    name: str
    record: type[BaseModel]
    head: ReadyMade | OwnHead | str
    answer: type[Answer] | None = None
    text: str | None = "text"
    label: str = "label"
    labels: tuple[str, ...] | None = None
    descriptions: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    out_of_scope: str | None = None
    metric: Metric | str = Metric("macro_f1")
    split: Split = Split()
    minimum_rows: int = 2
    methods: tuple[Method, ...] = (Method.ZERO_SHOT, Method.FEW_SHOT, Method.HEAD, Method.LORA)
    keep: float = 0.95
    coverage: float | None = None
    sensitive: tuple[str, ...] = ()
    positive: str | None = None
    history: type[History[Any]] | None = None
    challengers: tuple[str, ...] = ()
    items: type[BaseModel] | None = None
    item_text: str = "text"
    deep: bool = False

    @property
    def head_declaration(self) -> HeadDeclaration:
        """The head as a declaration, whichever way it was named."""
        return OwnHead(self.head, self.answer or LabelAnswer) if isinstance(self.head, str) else self.head

    @property
    def answer_schema(self) -> type[Answer]:
        """The schema of one answer."""
        return self.answer or self.head_declaration.answer

    @property
    def texts(self) -> tuple[str, ...]:
        """The fields, or properties, of a record that the base model reads: one, both of a pair's, or none."""
        if isinstance(self.head, PairHead):
            return (self.head.first, self.head.second)
        return () if self.text is None else (self.text,)

    def reads(self, record: BaseModel) -> str:
        """Return what the base model reads of a record; empty where it reads nothing."""
        if isinstance(self.head, PairHead):
            return self.head.joined(record)
        return "" if self.text is None else str(getattr(record, self.text) or "")

    @property
    def primary_metric(self) -> Metric:
        """The metric that decides, whichever way it was named."""
        return Metric(self.metric) if isinstance(self.metric, str) else self.metric

    def label_space(self, labels: Sequence[str]) -> LabelSpace:
        """Return the label space of a dataset that holds `labels`, unless the task declares its own."""
        return LabelSpace(self.labels or tuple(sorted(set(labels))), self.label, self.descriptions)


@dataclass(frozen=True, kw_only=True)
class CollectionSpec:
    """Makes one kind of a vertical's stored documents searchable: what `store.put` kept, the next search finds.

    `texts` names the fields that are searched; each is cut into segments, and hits carry offsets into it. A search may
    ask for equality in the fields of `filters`. Fields of the kind named `title`, `version` and `url` are shown with
    hits (without a `version`, the store's revision is), and outside `valid_from` to `valid_to` a document is not found.
    """

    name: str
    kind: type[BaseModel] = Document
    texts: tuple[str, ...] = ("text",)
    filters: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Standard:
    """Routes that a published standard puts at the root and not under `/v1/<vertical>`: `/cds-services` of CDS Hooks.

    `prefix` is one segment in lower case, with dashes, that neither the platform nor another vertical serves; the
    router's paths come after it. The same gates stand before these routes as before the vertical's others.
    """

    name: str
    prefix: str
    router: APIRouter


@dataclass(frozen=True, kw_only=True)
class Vertical:
    """A business domain: a name, titles in English and Chinese, its tasks and its routes.

    `config` is a pydantic model of what a tenant may set when it enables the vertical. `requires_api` is a PEP 440
    specifier for the contract's version. `sample` names a JSONL file inside the plugin's package that the demo uploads.
    `kinds` are the pydantic models of the documents that the vertical keeps for a tenant through `Caller.store`, each
    with a field `id: str = ""`; `collections` make some of them searchable. `events` are what it tells webhooks and
    streams, `jobs` what it leaves for later, `schedules` which of these run by themselves. `story` is the import path
    of a function that tells in `podion demo` what the vertical does, given a `podion.Teller`. `standards` are routes
    whose place a published standard has chosen.
    """

    name: str
    title: Mapping[str, str]
    tasks: tuple[Task, ...]
    router: APIRouter | None = None
    config: type[BaseModel] | None = None
    requires_api: str = ">=1.0,<2"
    risk_class: Literal["minimal", "limited", "high"] = "limited"
    intended_use: Mapping[str, str] = field(default_factory=dict)
    sample: str | None = None
    kinds: tuple[type[BaseModel], ...] = ()
    collections: tuple[CollectionSpec, ...] = ()
    events: tuple[EventType, ...] = ()
    jobs: tuple[JobType, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    story: str | None = None
    standards: tuple[Standard, ...] = ()

    @property
    def path(self) -> str:
        """The vertical's place in URLs: its name with dashes."""
        return self.name.replace("_", "-")

    def task(self, name: str) -> Task | None:
        """Return the task of that name, or None."""
        return next((task for task in self.tasks if task.name == name), None)

    def collection(self, name: str) -> CollectionSpec | None:
        """Return the collection of that name, or None."""
        return next((collection for collection in self.collections if collection.name == name), None)

    def job(self, name: str) -> JobType | None:
        """Return the job of that name, or None."""
        return next((job for job in self.jobs if job.name == name), None)


def config_defaults(vertical: Vertical) -> dict[str, Any]:
    """Return the configuration of a vertical that a tenant left alone."""
    return vertical.config().model_dump(mode="json") if vertical.config else {}
