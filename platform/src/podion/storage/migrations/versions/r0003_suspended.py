"""Deployments that were suspended, and why."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("deployments", sa.Column("suspended", sa.Text(), nullable=True))
