"""Documents kept for tenants, collections of them to search, masking as a tenant set it, feedback "out of scope"."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("enablements", sa.Column("personal", sa.JSON(), server_default=sa.text("'{}'"), nullable=False))
    op.add_column("feedback", sa.Column("out_of_scope", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "documents",
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("vertical", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("position", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.id"], name=op.f("fk_documents_tenant")),
        sa.PrimaryKeyConstraint("tenant", "vertical", "kind", "id", name=op.f("pk_documents")),
    )
    op.create_index(
        op.f("ix_documents_tenant_vertical_kind_position"), "documents", ["tenant", "vertical", "kind", "position"]
    )
    op.create_table(
        "collections",
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("vertical", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("recipe", sa.String(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("next_number", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.id"], name=op.f("fk_collections_tenant")),
        sa.PrimaryKeyConstraint("tenant", "vertical", "name", name=op.f("pk_collections")),
    )
    op.create_table(
        "segments",
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("vertical", sa.String(), nullable=False),
        sa.Column("collection", sa.String(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("document", sa.String(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("stop", sa.Integer(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.id"], name=op.f("fk_segments_tenant")),
        sa.ForeignKeyConstraint(
            ["tenant", "vertical", "collection"],
            ["collections.tenant", "collections.vertical", "collections.name"],
            name=op.f("fk_segments_tenant_vertical_collection"),
        ),
        sa.PrimaryKeyConstraint("tenant", "vertical", "collection", "number", name=op.f("pk_segments")),
    )
    for last in ("document", "generation"):
        columns = ["tenant", "vertical", "collection", last]
        op.create_index(op.f(f"ix_segments_{'_'.join(columns)}"), "segments", columns)
