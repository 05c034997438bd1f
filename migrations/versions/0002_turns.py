"""Turns: what was said, by whom, and the Discord messages it stands in."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
PENDING = sa.text("state = 'pending'")


def upgrade() -> None:
    op.create_table(
        "turns",
        sa.Column("id", ID, nullable=False),
        sa.Column("channel_id", ID, nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("author_id", ID, nullable=False),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("tokens", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("answers_turn_id", ID, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("role IN ('user', 'assistant')", name=op.f("ck_turns_role")),
        sa.CheckConstraint(
            "state IN ('pending', 'complete', 'stopped', 'failed', 'interrupted', 'replaced')",
            name=op.f("ck_turns_state"),
        ),
        sa.CheckConstraint(
            "answers_turn_id IS NULL OR role = 'assistant'", name=op.f("ck_turns_answers")
        ),
        sa.ForeignKeyConstraint(
            ["channel_id"],
            ["channels.id"],
            name=op.f("fk_turns_channel_id_channels"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["answers_turn_id"],
            ["turns.id"],
            name=op.f("fk_turns_answers_turn_id_turns"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_turns")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_turns_channel_id_role_id"), "turns", ["channel_id", "role", "id"])
    op.create_index(op.f("ix_turns_answers_turn_id"), "turns", ["answers_turn_id"])
    op.create_index(
        "ix_turns_pending", "turns", ["id"], sqlite_where=PENDING, postgresql_where=PENDING
    )
    op.create_table(
        "turn_messages",
        sa.Column("message_id", ID, autoincrement=False, nullable=False),
        sa.Column("turn_id", ID, nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["turn_id"],
            ["turns.id"],
            name=op.f("fk_turn_messages_turn_id_turns"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_turn_messages")),
    )
    op.create_index(op.f("ix_turn_messages_turn_id"), "turn_messages", ["turn_id"])


def downgrade() -> None:
    op.drop_table("turn_messages")
    op.drop_table("turns")
