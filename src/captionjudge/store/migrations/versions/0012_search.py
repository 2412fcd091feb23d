"""What lists are searched by, and the metadata schema of the platform's protocol."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_item_head", "item", ["id", "kind", "title"])
    op.create_index("ix_assignment_assignee", "assignment", ["assignee", "task_id"])
    op.create_index("ix_upload_job_folder", "upload_job", ["folder_id"])
    op.create_table(
        "metadata_schema",
        sa.Column("project_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_metadata_schema_project_id_project")),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_metadata_schema")),
    )


def downgrade() -> None:
    op.drop_table("metadata_schema")
    op.drop_index("ix_upload_job_folder", "upload_job")
    op.drop_index("ix_assignment_assignee", "assignment")
    op.drop_index("ix_item_head", "item")
