"""Games, their scores, and questions that do not come with the bot."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "clues",
        sa.Column("word", sa.String(32), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("written_by", sa.Text(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("word", name=op.f("pk_clues")),
    )
    op.create_table(
        "daily_results",
        sa.Column("person_id", ID, autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", "day", name=op.f("pk_daily_results")),
    )
    op.create_table(
        "question_reports",
        sa.Column("question_id", sa.String(100), nullable=False),
        sa.Column("person_id", ID, autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("question_id", "person_id", name=op.f("pk_question_reports")),
    )
    op.create_index(op.f("ix_question_reports_person_id"), "question_reports", ["person_id"])
    op.create_table(
        "packs",
        sa.Column("id", ID, nullable=False),
        sa.Column("guild_id", ID, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("credit", sa.Text(), nullable=False),
        sa.Column("added_by", ID, nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["guild_id"], ["guilds.id"], name=op.f("fk_packs_guild_id_guilds"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_packs")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_packs_guild_id_title"), "packs", ["guild_id", "title"], unique=True)
    op.create_table(
        "bank_questions",
        sa.Column("id", sa.String(100), nullable=False),
        sa.Column("origin", sa.String(16), nullable=False),
        sa.Column("pack_id", ID, nullable=True),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("difficulty", sa.String(8), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("aliases", sa.Text(), nullable=False),
        sa.Column("distractors", sa.Text(), nullable=False),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("written_by", sa.Text(), nullable=True),
        sa.Column("is_retired", sa.Boolean(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["pack_id"],
            ["packs.id"],
            name=op.f("fk_bank_questions_pack_id_packs"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_questions")),
    )
    op.create_index(
        op.f("ix_bank_questions_origin_category"), "bank_questions", ["origin", "category"]
    )
    op.create_index(op.f("ix_bank_questions_pack_id"), "bank_questions", ["pack_id"])
    op.create_table(
        "games",
        sa.Column("id", ID, nullable=False),
        sa.Column("channel_id", ID, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("started_by", ID, nullable=True),
        sa.Column("message_id", ID, nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "running", "ended", "interrupted", name="gamestate", native_enum=False, length=16
            ),
            nullable=False,
        ),
        sa.Column("may_rank", sa.Boolean(), nullable=False),
        sa.Column("players", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('running', 'ended', 'interrupted')", name=op.f("ck_games_state")
        ),
        sa.ForeignKeyConstraint(
            ["channel_id"],
            ["channels.id"],
            name=op.f("fk_games_channel_id_channels"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_games")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_games_channel_id"), "games", ["channel_id"])
    op.create_index(
        "ix_games_running",
        "games",
        ["channel_id"],
        unique=True,
        sqlite_where=sa.text("state = 'running'"),
        postgresql_where=sa.text("state = 'running'"),
    )
    op.create_table(
        "served_questions",
        sa.Column("channel_id", ID, autoincrement=False, nullable=False),
        sa.Column("question_id", sa.String(100), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"],
            ["channels.id"],
            name=op.f("fk_served_questions_channel_id_channels"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("channel_id", "question_id", name=op.f("pk_served_questions")),
    )
    op.create_table(
        "awards",
        sa.Column("game_id", ID, autoincrement=False, nullable=False),
        sa.Column("round", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("person_id", ID, autoincrement=False, nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("correct", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["game_id"], ["games.id"], name=op.f("fk_awards_game_id_games"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("game_id", "round", "person_id", name=op.f("pk_awards")),
    )
    op.create_index(op.f("ix_awards_person_id"), "awards", ["person_id"])


def downgrade() -> None:
    op.drop_table("awards")
    op.drop_table("served_questions")
    op.drop_table("games")
    op.drop_table("bank_questions")
    op.drop_table("packs")
    op.drop_table("question_reports")
    op.drop_table("daily_results")
    op.drop_table("clues")
