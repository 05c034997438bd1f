"""Who wants nothing kept, servers that were left, and finding old turns by their age."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "opt_outs",
        sa.Column("person_id", ID, autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_opt_outs")),
    )
    op.add_column("guilds", sa.Column("left_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(op.f("ix_turns_created_at"), "turns", ["created_at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_turns_created_at"), "turns")
    op.drop_column("guilds", "left_at")
    op.drop_table("opt_outs")
