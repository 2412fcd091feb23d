"""Indexes in the order in which tasks are claimed and pairs are listed; on PostgreSQL, names ordered by code point."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_NAMES = {
    "task": ("stage", "reason", "detail"),
    "pair": ("a", "b"),
    "usage": ("purpose", "role", "model"),
    "reviewer": ("name",),
}


def upgrade() -> None:
    op.drop_index("ix_task_queue", "task")
    # SQLite looks at neither lengths nor collations here.
    if op.get_bind().dialect.name == "postgresql":
        for table, columns in _NAMES.items():
            for column in columns:
                op.alter_column(table, column, type_=sa.Text(collation="C"))
        op.alter_column("answer", "attribute", type_=sa.Text())
    op.create_index("ix_task_queue", "task", ["project_id", "stage", "state", sa.text("priority DESC"), "id"])
    op.create_index("ix_pair_page", "pair", ["project_id", "item_id", "a", "b"])
