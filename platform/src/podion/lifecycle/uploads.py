"""From bytes that a tenant sent to an immutable dataset version."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from sqlalchemy import Connection

from podion.data.datasets import DatasetSummary, build, extend
from podion.data.masking.ingest import Ingest
from podion.data.masking.policies import Masking
from podion.data.reading import Limits, Refusal, read_rows
from podion.data.records import Accepted, validate
from podion.errors import DataError, NotFound, PodionError
from podion.hosting.bases import find_base
from podion.hosting.reader import Reader
from podion.lifecycle import feedback
from podion.lifecycle.intact import dataset_digest, intact_dataset, publish_dataset
from podion.settings import Settings
from podion.storage import audit, datasets, enablements
from podion.storage.database import Database
from podion.storage.datasets import DatasetRow, RefusalRow
from podion.storage.files import Files
from podion.tenancy.masking_key import masking_secret
from podion.tenancy.usage import Meter, record
from podion.vertical import Task, Vertical

UNREADABLE_SHARE = 0.1
"""Above this share of unknown tokens a tenant is told that its base cannot read its texts."""

_READ_TEXTS = 500
_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class Upload:
    """Records on their way in: from a file, from an older version, from feedback, or from several of them."""

    tenant: str
    vertical: Vertical
    task: Task
    source: Path | None
    extends: str | None
    rename: Mapping[str, str]
    drop: frozenset[str]
    actor: str
    feedback: bool = False

    @property
    def task_name(self) -> str:
        """The task's full name."""
        return f"{self.vertical.name}/{self.task.name}"


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A dataset version that is written to a staged file and not yet anybody's."""

    row: DatasetRow
    refusals: tuple[RefusalRow, ...]
    staged: Path
    added: int
    actor: str


def prepare(upload: Upload, database: Database, files: Files, settings: Settings, staging: Path) -> Prepared:
    """Read, validate, mask and write a version into `staging`; raises `DataError` when no row is left."""
    parent = _parent(upload, database)
    ingest = _ingest(upload, database, settings)
    corrections = []
    if upload.feedback:
        with database.reading() as c:
            corrections = ingest.corrections(feedback.corrections(c, upload.tenant, upload.task_name, upload.task))
    staged = staging / "dataset.jsonl"
    with staged.open("wb") as out:
        items = ingest.items(_items(upload, settings))
        if parent is not None:
            path = intact_dataset(files, upload.tenant, parent.id, parent.task, parent.digest)
            summary = extend(upload.task, path, out, corrections=corrections, items=items)
        else:
            summary = build(upload.task, items, out)
    if summary.kept == 0:
        raise DataError(_nothing_kept(summary), code="no_rows")
    report = summary.report()
    report["warnings"] = [*summary.warnings, *_unreadable(staged, upload, settings)]
    report["masked"] = ingest.counts()
    report["first_refusals"] = [asdict(refusal) for refusal in summary.refusals[:_SHOWN]]
    digest = dataset_digest(upload.task_name, summary.digest)
    row = DatasetRow(
        tenant=upload.tenant,
        id=f"dst_{digest[:26]}",
        task=upload.task_name,
        digest=digest,
        parent=upload.extends,
        rows=summary.kept,
        labels=dict(summary.labels),
        report=report,
    )
    refusals = tuple(RefusalRow(line=r.line, field=r.field, reason=r.reason) for r in summary.refusals)
    added = max(0, row.rows - (parent.rows if parent else 0))
    return Prepared(row=row, refusals=refusals, staged=staged, added=added, actor=upload.actor)


def keep(c: Connection, files: Files, prepared: Prepared) -> DatasetRow:
    """Publish a prepared version: its file, its row, its refusals and the bill, in the caller's transaction.

    A version is named by its content: the same content again is the version that is there, and costs nothing; the
    row that is returned then holds the report of this upload, since other lines may have been refused this time. Rows
    of the version that this one extends were billed with it.
    """
    row = prepared.row
    publish_dataset(files, prepared.staged, files.dataset(row.tenant, row.id), row.task, row.digest)
    known = datasets.get(c, row.tenant, row.id)
    if known is not None:
        return replace(known, report=row.report)
    datasets.insert(c, row)
    datasets.insert_refusals(c, row.tenant, row.id, prepared.refusals)
    if prepared.added:
        record(c, row.tenant, Meter.ROWS_UPLOADED, prepared.added, row.id)
    audit.add(c, row.tenant, prepared.actor, "dataset.create", row.id, {"task": row.task, "rows": row.rows})
    return row


def _parent(upload: Upload, database: Database) -> DatasetRow | None:
    if upload.extends is None:
        return None
    with database.reading() as c:
        row = datasets.get(c, upload.tenant, upload.extends)
    if row is None:
        raise NotFound("no dataset has this id: GET …/datasets lists those there are")
    if row.task != upload.task_name:
        raise DataError(f"dataset {row.id} belongs to {row.task}, not to {upload.task_name}", code="wrong_task")
    return row


def _ingest(upload: Upload, database: Database, settings: Settings) -> Ingest:
    with database.reading() as c:
        enabled = enablements.get(c, upload.tenant, upload.vertical.name)
    masking = Masking(masking_secret(settings))
    return Ingest(masking.records(upload.tenant, upload.task, enabled.personal if enabled else None))


def _items(upload: Upload, settings: Settings) -> Iterator[Accepted | Refusal]:
    if upload.source is None:
        return
    size = settings.upload_limit_mb << 20
    limits = Limits(upload_bytes=size, unpacked_bytes=size, rows=settings.upload_rows)
    with upload.source.open("rb") as source:
        rows = read_rows(source, limits=limits, format=None, rename=upload.rename, drop=upload.drop)
        yield from validate(upload.task, rows, unknown="refuse")


def _nothing_kept(summary: DatasetSummary) -> str:
    shown = "; ".join(f"line {r.line}, {r.field or 'row'}: {r.reason}" for r in summary.refusals[:_SHOWN])
    return f"none of {summary.read} rows can be used: {shown}" if summary.read else "the file holds no rows"


def _unreadable(staged: Path, upload: Upload, settings: Settings) -> list[str]:
    try:
        base = find_base(settings.base, settings.bases)
    except PodionError:
        return []
    texts = []
    with staged.open("r", encoding="utf-8") as lines:
        for line, _ in zip(lines, range(_READ_TEXTS), strict=False):
            texts.append(upload.task.reads(upload.task.record.model_validate_json(line)))
    share = Reader(base).unknown_share(texts)
    if share <= UNREADABLE_SHARE:
        return []
    return [
        f"the base {base.name} cannot read {share:.0%} of the tokens of these texts (it reads "
        f"{', '.join(base.languages)}): start runs with a base that can, for example me5-small"
    ]
