"""What the admins of a server decide for it: behaviour, and who may use the bot."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "guild_choices",
        sa.Column("guild_id", ID, autoincrement=False, nullable=False),
        sa.Column("persona", sa.Text(), nullable=True),
        sa.Column("temperature", sa.Double(), nullable=True),
        sa.Column("reply_tokens", sa.Integer(), nullable=True),
        sa.Column("games", sa.Boolean(), nullable=True),
        sa.Column("documents", sa.Boolean(), nullable=True),
        sa.Column("ranks_model_questions", sa.Boolean(), nullable=True),
        sa.Column("retention_days", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["guild_id"],
            ["guilds.id"],
            name=op.f("fk_guild_choices_guild_id_guilds"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("guild_id", name=op.f("pk_guild_choices")),
    )
    op.create_table(
        "access_rules",
        sa.Column("guild_id", ID, autoincrement=False, nullable=False),
        sa.Column("subject", sa.String(16), nullable=False),
        sa.Column("subject_id", ID, autoincrement=False, nullable=False),
        sa.Column("is_allowed", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "subject IN ('channel', 'role', 'person')", name=op.f("ck_access_rules_subject")
        ),
        sa.ForeignKeyConstraint(
            ["guild_id"],
            ["guilds.id"],
            name=op.f("fk_access_rules_guild_id_guilds"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("guild_id", "subject", "subject_id", name=op.f("pk_access_rules")),
    )


def downgrade() -> None:
    op.drop_table("access_rules")
    op.drop_table("guild_choices")
