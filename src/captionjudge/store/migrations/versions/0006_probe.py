"""Active checks of judges: what was asked, and what was answered."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "probe",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("project_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("item_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("probe", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("judge", sa.Text(), nullable=False),
        sa.Column("form_digest", sa.String(length=64), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("picture", sa.String(length=8), nullable=False),
        sa.Column("other_item", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("a_text", sa.Text(), nullable=False),
        sa.Column("b_text", sa.Text(), nullable=False),
        sa.Column("target", sa.String(length=1), nullable=True),
        sa.Column("slots", sa.String(length=2), nullable=False),
        sa.Column("control", sa.String(length=64), nullable=True),
        sa.Column("choice", sa.String(length=8), nullable=True),
        sa.Column("criteria", sa.JSON(), nullable=False),
        sa.Column("error", sa.String(length=16), nullable=True),
        sa.Column("left_out", sa.String(length=32), nullable=True),
        sa.Column("call_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_probe_item_id_item")),
        sa.ForeignKeyConstraint(["other_item"], ["item.id"], name=op.f("fk_probe_other_item_item")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_probe_project_id_project")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_probe")),
    )
    op.create_index("ix_probe_form", "probe", ["project_id", "form_digest"])


def downgrade() -> None:
    op.drop_table("probe")
