"""People's choices: reviewers, their passes, cases, standings, reviews."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reviewer",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("project_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_reviewer_project_id_project")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviewer")),
    )
    op.create_index("uq_reviewer_name", "reviewer", ["project_id", "name"], unique=True)
    op.create_table(
        "pass",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("reviewer_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["reviewer_id"], ["reviewer.id"], name=op.f("fk_pass_reviewer_id_reviewer")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_pass")),
    )
    op.create_index("ix_pass_reviewer", "pass", ["reviewer_id"], unique=False)
    op.create_table(
        "review",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("project_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("item_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("reviewer_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("decision", sa.String(length=16), nullable=False),
        sa.Column("winner", sa.Text(), nullable=True),
        sa.Column("shown", sa.JSON(), nullable=False),
        sa.Column("seen_judge", sa.Boolean(), nullable=False),
        sa.Column("way", sa.String(length=16), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("took_ms", sa.BigInteger(), nullable=False),
        sa.Column("ontology_digest", sa.String(length=64), nullable=False),
        sa.Column("layout_digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_review_item_id_item")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_review_project_id_project")),
        sa.ForeignKeyConstraint(["reviewer_id"], ["reviewer.id"], name=op.f("fk_review_reviewer_id_reviewer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review")),
    )
    op.create_index("ix_review_page", "review", ["project_id", "id"], unique=False)
    op.create_index("ix_review_person", "review", ["reviewer_id", "id"], unique=False)
    op.create_index("uq_review_revision", "review", ["item_id", "reviewer_id", "revision"], unique=True)
    op.create_table(
        "review_case",
        sa.Column("item_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("project_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("audit", sa.Boolean(), nullable=False),
        sa.Column("random", sa.Float(), nullable=False),
        sa.Column("uncertainty", sa.Float(), nullable=False),
        sa.Column("instability", sa.Float(), nullable=False),
        sa.Column("disagreement", sa.Float(), nullable=False),
        sa.Column("judge_choice", sa.Text(), nullable=True),
        sa.Column("probability", sa.Float(), nullable=True),
        sa.Column("final_choice", sa.Text(), nullable=True),
        sa.Column("agrees", sa.Boolean(), nullable=True),
        sa.Column("people_differ", sa.Boolean(), nullable=False),
        sa.Column("reviews", sa.Integer(), nullable=False),
        sa.Column("flags", sa.Integer(), nullable=False),
        sa.Column("entered_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_review_case_item_id_item")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_review_case_project_id_project")),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_review_case")),
    )
    op.create_index(
        "ix_review_case_choices", "review_case", ["project_id", "judge_choice", "final_choice", "item_id"], unique=False
    )
    op.create_index(
        "ix_review_case_disagreement",
        "review_case",
        ["project_id", "state", "audit", "disagreement", "item_id"],
        unique=False,
    )
    for name, column, condition in (
        ("flagged", "flags", "flags > 0"),
        ("final", "final_choice", "final_choice IS NOT NULL"),
        ("agrees", "agrees", "agrees IS NOT NULL"),
    ):
        op.create_index(
            f"ix_review_case_{name}",
            "review_case",
            ["project_id", column],
            unique=False,
            sqlite_where=sa.text(condition),
            postgresql_where=sa.text(condition),
        )
    op.create_index(
        "ix_review_case_instability",
        "review_case",
        ["project_id", "state", "audit", "instability", "item_id"],
        unique=False,
    )
    op.create_index(
        "ix_review_case_random", "review_case", ["project_id", "state", "audit", "random", "item_id"], unique=False
    )
    op.create_index(
        "ix_review_case_uncertainty",
        "review_case",
        ["project_id", "state", "audit", "uncertainty", "item_id"],
        unique=False,
    )
    op.create_table(
        "standing",
        sa.Column("item_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("reviewer_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("project_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("shown", sa.JSON(), nullable=False),
        sa.Column("shown_at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("seen_judge", sa.Boolean(), nullable=False),
        sa.Column("decision", sa.String(length=16), nullable=True),
        sa.Column("winner", sa.Text(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("flagged", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_standing_item_id_item")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_standing_project_id_project")),
        sa.ForeignKeyConstraint(["reviewer_id"], ["reviewer.id"], name=op.f("fk_standing_reviewer_id_reviewer")),
        sa.PrimaryKeyConstraint("item_id", "reviewer_id", name=op.f("pk_standing")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_standing_person", "standing", ["reviewer_id", "updated_at", "item_id", "decision"], unique=False
    )
