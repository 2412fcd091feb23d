"""What a person said with a choice that was made elsewhere: how much better, by which criteria, after how many."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("review", sa.Column("strength", sa.Integer(), nullable=True))
    op.add_column("review", sa.Column("criteria", sa.JSON(), nullable=True))
    op.add_column("review", sa.Column("revisions", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("review", "revisions")
    op.drop_column("review", "criteria")
    op.drop_column("review", "strength")
