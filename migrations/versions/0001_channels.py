"""Guilds and channels: what a channel prefers, and where its conversation starts."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "guilds",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guilds")),
    )
    op.create_table(
        "channels",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("guild_id", ID, nullable=True),
        sa.Column("parent_id", ID, nullable=True),
        sa.Column("talk", sa.Boolean(), nullable=True),
        sa.Column("persona", sa.Text(), nullable=True),
        sa.Column("anchor_turn_id", ID, nullable=True),
        sa.Column("forgotten_turn_id", ID, nullable=True),
        sa.ForeignKeyConstraint(
            ["guild_id"],
            ["guilds.id"],
            name=op.f("fk_channels_guild_id_guilds"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channels")),
    )
    op.create_index(op.f("ix_channels_guild_id"), "channels", ["guild_id"])


def downgrade() -> None:
    op.drop_table("channels")
    op.drop_table("guilds")
