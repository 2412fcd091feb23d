"""Verdicts of a cascade: the judge's place in it, and whether every judge was asked."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("verdict", sa.Column("step", sa.Integer(), nullable=True))
    op.add_column("verdict", sa.Column("overlap", sa.Boolean(), nullable=True))


def downgrade() -> None:
    op.drop_column("verdict", "overlap")
    op.drop_column("verdict", "step")
