"""Indexes of the results pages: failed calls are found, and cases counted, without reading the rows."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_call_failure",
        "call",
        ["project_id", "purpose", "role", "model", "failure", "id"],
        sqlite_where=sa.text("failure IS NOT NULL"),
        postgresql_where=sa.text("failure IS NOT NULL"),
    )
    op.create_index(
        "ix_review_case_counts",
        "review_case",
        ["project_id", "state", "audit", "judge_choice", "final_choice", "flags"],
    )


def downgrade() -> None:
    op.drop_index("ix_review_case_counts", "review_case")
    op.drop_index("ix_call_failure", "call")
