"""Tokens that calls put into prompt caches, and pairs of the same text."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("call", sa.Column("written_tokens", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("usage", sa.Column("written_tokens", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("pair", sa.Column("same_text", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index(
        "ix_pair_same_text",
        "pair",
        ["project_id", "a", "b"],
        sqlite_where=sa.text("same_text"),
        postgresql_where=sa.text("same_text"),
    )


def downgrade() -> None:
    op.drop_index("ix_pair_same_text", "pair")
    op.drop_column("pair", "same_text")
    op.drop_column("usage", "written_tokens")
    op.drop_column("call", "written_tokens")
