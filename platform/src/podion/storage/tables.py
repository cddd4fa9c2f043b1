"""The tables. Every one but `tenants` names the tenant of each row; the migrations build the same (tested)."""

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from podion.storage.columns import UtcTime, Words

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def _tenant(*, key: bool = False, nullable: bool = False) -> Column[Any]:
    return Column("tenant", String, ForeignKey("tenants.id"), primary_key=key, nullable=nullable)


def _id() -> Column[Any]:
    return Column("id", String, primary_key=True)


def _maybe_json(name: str) -> Column[Any]:
    return Column(name, JSON(none_as_null=True), nullable=True)


def _required(name: str, kind: Any) -> Column[Any]:
    return Column(name, kind, nullable=False)


tenants = Table(
    "tenants",
    metadata,
    _id(),
    Column("name", String, nullable=False, unique=True),
    _required("created_at", UtcTime),
    Column("disabled_at", UtcTime),
)

keys = Table(
    "keys",
    metadata,
    _id(),
    _tenant(),
    Column("digest", String, nullable=False, unique=True),
    _required("scopes", Words),
    _required("label", String),
    _required("created_at", UtcTime),
    Column("expires_at", UtcTime),
    Column("revoked_at", UtcTime),
    Column("last_used_at", UtcTime),
    Index(None, "tenant", "id"),
)

enablements = Table(
    "enablements",
    metadata,
    _tenant(key=True),
    Column("vertical", String, primary_key=True),
    _required("config", JSON),
    Column("personal", JSON, nullable=False, server_default=text("'{}'")),
    _required("enabled_at", UtcTime),
)

usage = Table(
    "usage",
    metadata,
    _id(),
    _tenant(),
    _required("meter", String),
    _required("quantity", Float),
    _required("reference", String),
    _required("at", UtcTime),
    Index(None, "tenant", "at"),
)

audit = Table(
    "audit",
    metadata,
    _id(),
    _tenant(nullable=True),
    _required("actor", String),
    _required("action", String),
    _required("target", String),
    _required("detail", JSON),
    _required("at", UtcTime),
    Index(None, "tenant", "id"),
)

datasets = Table(
    "datasets",
    metadata,
    _tenant(key=True),
    _id(),
    _required("task", String),
    _required("digest", String),
    Column("parent", String),
    _required("rows", Integer),
    _required("labels", JSON),
    _required("report", JSON),
    _required("created_at", UtcTime),
    Index(None, "tenant", "task", "created_at"),
)

refusals = Table(
    "refusals",
    metadata,
    _tenant(key=True),
    Column("dataset", String, primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    _required("line", Integer),
    Column("field", String),
    _required("reason", Text),
    ForeignKeyConstraint(["tenant", "dataset"], ["datasets.tenant", "datasets.id"]),
)

adapters = Table(
    "adapters",
    metadata,
    _tenant(key=True),
    _id(),
    _required("task", String),
    Column("run", String),
    _required("method", String),
    _required("base", String),
    _required("fingerprint", String),
    _required("metrics", JSON),
    _required("created_at", UtcTime),
    Index(None, "tenant", "task", "created_at"),
)

deployments = Table(
    "deployments",
    metadata,
    _tenant(key=True),
    _id(),
    _required("task", String),
    _required("adapter", String),
    _required("mode", String),
    _required("from_at", UtcTime),
    Column("to_at", UtcTime),
    _required("actor", String),
    Column("replaces", String),
    _required("reason", Text),
    Column("suspended", Text),
    Index(None, "tenant", "task", "from_at"),
    Index(
        "uq_deployments_live",
        "tenant",
        "task",
        unique=True,
        sqlite_where=text("to_at IS NULL AND mode = 'live'"),
        postgresql_where=text("to_at IS NULL AND mode = 'live'"),
    ),
)

predictions = Table(
    "predictions",
    metadata,
    _tenant(key=True),
    _id(),
    _required("task", String),
    _required("adapter", String),
    _required("record", JSON),
    _required("answer", JSON),
    _required("confidence", Float),
    _required("at", UtcTime),
)

feedback = Table(
    "feedback",
    metadata,
    _tenant(key=True),
    _id(),
    _required("prediction", String),
    _required("task", String),
    Column("label", String),
    Column("value", Float),
    Column("out_of_scope", Boolean, nullable=False, server_default=false()),
    Column("comment", Text),
    _required("at", UtcTime),
    ForeignKeyConstraint(["tenant", "prediction"], ["predictions.tenant", "predictions.id"]),
    Index(None, "tenant", "task", "id"),
    Index(None, "tenant", "prediction"),
)

jobs = Table(
    "jobs",
    metadata,
    _id(),
    _tenant(),
    _required("kind", String),
    _required("subject", String),
    _required("state", String),
    _required("payload", JSON),
    _maybe_json("result"),
    _maybe_json("error"),
    _maybe_json("progress"),
    _required("attempts", Integer),
    _required("max_attempts", Integer),
    _required("fence", Integer),
    Column("worker", String),
    Column("lease_until", UtcTime),
    _required("cancel_requested", Boolean),
    Column("events", Integer, nullable=False, server_default=text("0")),
    _required("created_at", UtcTime),
    Column("started_at", UtcTime),
    Column("ended_at", UtcTime),
    # Of jobs that verticals leave for later: not to be claimed before, and what tells their payload from others'.
    Column("not_before", UtcTime),
    Column("digest", String),
    UniqueConstraint("tenant", "id"),
    CheckConstraint("state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')", name="state"),
    Index(None, "state", "kind", "id"),
    Index(None, "tenant", "started_at"),
    Index(None, "tenant", "digest"),
)

job_events = Table(
    "job_events",
    metadata,
    _tenant(key=True),
    Column("job", String, primary_key=True),
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    _required("data", JSON),
    _required("at", UtcTime),
    ForeignKeyConstraint(["tenant", "job"], ["jobs.tenant", "jobs.id"]),
)

documents = Table(
    "documents",
    metadata,
    _tenant(key=True),
    # A vertical's name, or "" for the platform's own collections, whose kind is the collection's name.
    Column("vertical", String, primary_key=True),
    Column("kind", String, primary_key=True),
    _id(),
    _required("body", JSON),
    _required("revision", Integer),
    _required("position", String),
    _required("created_at", UtcTime),
    _required("updated_at", UtcTime),
    Index(None, "tenant", "vertical", "kind", "position"),
)

collections = Table(
    "collections",
    metadata,
    _tenant(key=True),
    Column("vertical", String, primary_key=True),
    Column("name", String, primary_key=True),
    # Of this one and no later collection of the same name: derived files and indexes in memory are known by it.
    _required("id", String),
    _required("recipe", String),
    _required("generation", Integer),
    _required("next_number", BigInteger),
    _required("created_at", UtcTime),
)

segments = Table(
    "segments",
    metadata,
    _tenant(key=True),
    Column("vertical", String, primary_key=True),
    Column("collection", String, primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    _required("document", String),
    _required("field", String),
    _required("start", Integer),
    _required("stop", Integer),
    _required("vector", LargeBinary),
    _required("fingerprint", String),
    _required("generation", Integer),
    ForeignKeyConstraint(
        ["tenant", "vertical", "collection"], ["collections.tenant", "collections.vertical", "collections.name"]
    ),
    Index(None, "tenant", "vertical", "collection", "document"),
    Index(None, "tenant", "vertical", "collection", "generation"),
)

ticks = Table(
    "ticks",
    metadata,
    _tenant(key=True),
    Column("vertical", String, primary_key=True),
    Column("job", String, primary_key=True),
    _required("next_at", UtcTime),
)

events = Table(
    "events",
    metadata,
    _tenant(key=True),
    # 1, 2, 3 … for each tenant, in the order of their commits.
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    _required("id", String),
    _required("vertical", String),
    _required("type", String),
    _required("data", JSON),
    _required("at", UtcTime),
    Index(None, "at"),
)

webhooks = Table(
    "webhooks",
    metadata,
    _tenant(key=True),
    _id(),
    _required("url", Text),
    _required("types", Words),
    # Secrets are derived from the installation's and these numbers; none is kept.
    _required("generation", Integer),
    Column("old_until", UtcTime),
    _required("created_at", UtcTime),
    Column("disabled_at", UtcTime),
    Column("disabled_why", Text),
)

deliveries = Table(
    "deliveries",
    metadata,
    _tenant(key=True),
    _id(),
    _required("webhook", String),
    _required("event", BigInteger),
    _required("state", String),
    _required("attempts", Integer),
    _required("due_at", UtcTime),
    _required("created_at", UtcTime),
    Column("last_at", UtcTime),
    Column("last_status", Integer),
    Column("last_answer", Text),
    ForeignKeyConstraint(["tenant", "webhook"], ["webhooks.tenant", "webhooks.id"]),
    ForeignKeyConstraint(["tenant", "event"], ["events.tenant", "events.sequence"]),
    CheckConstraint("state IN ('pending', 'delivered', 'dead')", name="state"),
    Index(None, "state", "due_at"),
    Index(None, "tenant", "webhook", "id"),
    Index(None, "tenant", "webhook", "state", "due_at"),
    Index(None, "tenant", "event"),
)

idempotency = Table(
    "idempotency",
    metadata,
    # No foreign key: the operator's own requests are kept under a name that is no tenant's.
    Column("tenant", String, primary_key=True),
    Column("route", String, primary_key=True),
    Column("key", String, primary_key=True),
    _required("body_digest", String),
    Column("status", Integer),
    _maybe_json("response"),
    _required("created_at", UtcTime),
    Index(None, "created_at"),
)
