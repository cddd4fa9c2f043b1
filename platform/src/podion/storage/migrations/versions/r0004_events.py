"""Jobs that verticals leave for later, their schedules, and events on their way to webhooks and streams."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("not_before", sa.DateTime(timezone=True), nullable=True))
    op.add_column("jobs", sa.Column("digest", sa.String(), nullable=True))
    op.create_index(op.f("ix_jobs_tenant_digest"), "jobs", ["tenant", "digest"])
    op.create_table(
        "ticks",
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("vertical", sa.String(), nullable=False),
        sa.Column("job", sa.String(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.id"], name=op.f("fk_ticks_tenant")),
        sa.PrimaryKeyConstraint("tenant", "vertical", "job", name=op.f("pk_ticks")),
    )
    op.create_table(
        "events",
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("vertical", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.id"], name=op.f("fk_events_tenant")),
        sa.PrimaryKeyConstraint("tenant", "sequence", name=op.f("pk_events")),
    )
    op.create_index(op.f("ix_events_at"), "events", ["at"])
    op.create_table(
        "webhooks",
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("types", sa.JSON(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("old_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disabled_why", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.id"], name=op.f("fk_webhooks_tenant")),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_webhooks")),
    )
    op.create_table(
        "deliveries",
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("webhook", sa.String(), nullable=False),
        sa.Column("event", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("last_answer", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('pending', 'delivered', 'dead')", name=op.f("ck_deliveries_state")),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.id"], name=op.f("fk_deliveries_tenant")),
        sa.ForeignKeyConstraint(
            ["tenant", "webhook"], ["webhooks.tenant", "webhooks.id"], name=op.f("fk_deliveries_tenant_webhook")
        ),
        sa.ForeignKeyConstraint(
            ["tenant", "event"], ["events.tenant", "events.sequence"], name=op.f("fk_deliveries_tenant_event")
        ),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_deliveries")),
    )
    of_endpoint = ["tenant", "webhook"]
    for columns in (["state", "due_at"], [*of_endpoint, "id"], [*of_endpoint, "state", "due_at"], ["tenant", "event"]):
        op.create_index(op.f(f"ix_deliveries_{'_'.join(columns)}"), "deliveries", columns)
