"""What the labelling platform's protocol needs: keys, folders, datasets, label rows, side tasks."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_NAMES = (
    ("public_key", "name"),
    ("folder", "name"),
    ("dataset", "title"),
    ("ontology", "title"),
    ("side_task", "stage"),
    ("webhook", "stage"),
)


def upgrade() -> None:
    op.create_table(
        "assignment",
        sa.Column("task_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("assignee", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_assignment")),
    )
    op.create_table(
        "public_key",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_public_key")),
    )
    op.create_index("uq_public_key_name", "public_key", ["name"], unique=True)
    op.create_table(
        "secret",
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_secret")),
    )
    op.create_table(
        "spent",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_spent")),
    )
    op.create_index("ix_spent_at", "spent", ["at"], unique=False)
    op.create_table(
        "access",
        sa.Column("key_id", sa.String(length=64), nullable=False),
        sa.Column("project_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["public_key.id"], name=op.f("fk_access_key_id_public_key")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_access_project_id_project")),
        sa.PrimaryKeyConstraint("key_id", "project_id", name=op.f("pk_access")),
    )
    op.create_index("ix_access_project", "access", ["project_id"], unique=False)
    op.create_table(
        "bearer",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("key_id", sa.String(length=64), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["public_key.id"], name=op.f("fk_bearer_key_id_public_key")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_bearer")),
    )
    op.create_index("ix_bearer_key", "bearer", ["key_id"], unique=False)
    op.create_table(
        "folder",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("parent_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("project_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("client_metadata", sa.JSON(), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["folder.id"], name=op.f("fk_folder_parent_id_folder")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_folder_project_id_project")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_folder")),
    )
    op.create_index("ix_folder_owner", "folder", ["owner", "id"], unique=False)
    op.create_index("ix_folder_parent", "folder", ["parent_id", "id"], unique=False)
    op.create_index("ix_folder_project", "folder", ["project_id"], unique=False)
    op.create_table(
        "ontology",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("project_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_ontology_project_id_project")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ontology")),
    )
    op.create_index("ix_ontology_owner", "ontology", ["owner", "id"], unique=False)
    op.create_index("ix_ontology_project", "ontology", ["project_id"], unique=False)
    op.create_table(
        "webhook",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("project_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("batch", sa.Integer(), nullable=False),
        sa.Column("wait_ms", sa.BigInteger(), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("told_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_webhook_project_id_project")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook")),
    )
    op.create_index("ix_webhook_project", "webhook", ["project_id"], unique=False)
    op.create_table(
        "arrangement",
        sa.Column("project_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("ontology_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("workflow", sa.Text(), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["ontology_id"], ["ontology.id"], name=op.f("fk_arrangement_ontology_id_ontology")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_arrangement_project_id_project")),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_arrangement")),
    )
    op.create_table(
        "arrival",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("folder_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["folder_id"], ["folder.id"], name=op.f("fk_arrival_folder_id_folder")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_arrival")),
    )
    op.create_index("ix_arrival_created", "arrival", ["created_at"], unique=False)
    op.create_table(
        "dataset",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("folder_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("project_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["folder_id"], ["folder.id"], name=op.f("fk_dataset_folder_id_folder")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_dataset_project_id_project")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dataset")),
    )
    op.create_index("ix_dataset_owner", "dataset", ["owner", "id"], unique=False)
    op.create_index("ix_dataset_project", "dataset", ["project_id"], unique=False)
    op.create_table(
        "stored",
        sa.Column("item_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("folder_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["folder_id"], ["folder.id"], name=op.f("fk_stored_folder_id_folder")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_stored_item_id_item")),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_stored")),
    )
    op.create_index("ix_stored_folder", "stored", ["folder_id", "item_id"], unique=False)
    op.create_table(
        "upload_job",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("folder_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["folder_id"], ["folder.id"], name=op.f("fk_upload_job_folder_id_folder")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload_job")),
    )
    op.create_table(
        "attachment",
        sa.Column("project_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("dataset_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.ForeignKeyConstraint(["dataset_id"], ["dataset.id"], name=op.f("fk_attachment_dataset_id_dataset")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_attachment_project_id_project")),
        sa.PrimaryKeyConstraint("project_id", "dataset_id", name=op.f("pk_attachment")),
    )
    op.create_index("ix_attachment_dataset", "attachment", ["dataset_id"], unique=False)
    op.create_table(
        "data_row",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("dataset_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("item_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["dataset_id"], ["dataset.id"], name=op.f("fk_data_row_dataset_id_dataset")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_data_row_item_id_item")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_row")),
    )
    op.create_index("ix_data_row_item", "data_row", ["item_id"], unique=False)
    op.create_index("uq_data_row_position", "data_row", ["dataset_id", "position"], unique=True)
    op.create_table(
        "issue",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("project_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("data_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("anchor", sa.JSON(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["data_id"], ["data_row.id"], name=op.f("fk_issue_data_id_data_row")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_issue_project_id_project")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issue")),
    )
    op.create_index("ix_issue_data", "issue", ["project_id", "data_id", "id"], unique=False)
    op.create_table(
        "label_row",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("project_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("data_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("branch", sa.String(length=64), nullable=False),
        sa.Column("revision_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["data_id"], ["data_row.id"], name=op.f("fk_label_row_data_id_data_row")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_label_row_project_id_project")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label_row")),
    )
    op.create_index("ix_label_row_data", "label_row", ["data_id"], unique=False)
    op.create_index("uq_label_row_data", "label_row", ["project_id", "data_id", "branch"], unique=True)
    op.create_table(
        "side_task",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("project_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("data_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("branch", sa.String(length=64), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("priority", sa.Float(), nullable=False),
        sa.Column("superseded", sa.Boolean(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["data_id"], ["data_row.id"], name=op.f("fk_side_task_data_id_data_row")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_side_task_project_id_project")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_side_task")),
    )
    op.create_index("ix_side_task_data", "side_task", ["data_id"], unique=False)
    op.create_index(
        "ix_side_task_queue",
        "side_task",
        ["project_id", "stage", "superseded", sa.text("priority DESC"), "id"],
    )
    op.create_index("uq_side_task_data", "side_task", ["project_id", "data_id", "branch"], unique=True)
    op.create_table(
        "label_revision",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("label_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("trace", sa.Text(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["label_id"], ["label_row.id"], name=op.f("fk_label_revision_label_id_label_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label_revision")),
    )
    op.create_index("ix_label_revision_label", "label_revision", ["label_id", "id"], unique=False)
    # SQLite has no such collation; there, order is by code point anyway.
    if op.get_bind().dialect.name == "postgresql":
        for table, column in _NAMES:
            op.alter_column(table, column, type_=sa.Text(collation="C"))


def downgrade() -> None:
    op.drop_table("label_revision")
    op.drop_table("side_task")
    op.drop_table("label_row")
    op.drop_table("issue")
    op.drop_table("data_row")
    op.drop_table("attachment")
    op.drop_table("upload_job")
    op.drop_table("stored")
    op.drop_table("dataset")
    op.drop_table("arrival")
    op.drop_table("arrangement")
    op.drop_table("webhook")
    op.drop_table("ontology")
    op.drop_table("folder")
    op.drop_table("bearer")
    op.drop_table("access")
    op.drop_table("spent")
    op.drop_table("secret")
    op.drop_table("public_key")
    op.drop_table("assignment")
