"""Two people may bring the same content: what one of them has deleted is still the other's."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.drop_index(op.f("ix_documents_channel_id_sha256"), "documents")
    op.create_index(
        op.f("ix_documents_channel_id_sha256_added_by"),
        "documents",
        ["channel_id", "sha256", "added_by"],
        unique=True,
    )


def downgrade() -> None:
    # Of the same content the oldest is left, as it was kept before. SQLite's foreign keys are off
    # during a migration, so what hangs on the others is deleted by name.
    documents = sa.table("documents", sa.column("id"), sa.column("channel_id"), sa.column("sha256"))
    oldest = sa.select(sa.func.min(documents.c.id)).group_by(
        documents.c.channel_id, documents.c.sha256
    )
    for name in ("turn_sources", "passages"):
        parts = sa.table(name, sa.column("document_id"))
        op.execute(parts.delete().where(parts.c.document_id.not_in(oldest)))
    op.execute(documents.delete().where(documents.c.id.not_in(oldest)))
    op.drop_index(op.f("ix_documents_channel_id_sha256_added_by"), "documents")
    op.create_index(
        op.f("ix_documents_channel_id_sha256"),
        "documents",
        ["channel_id", "sha256"],
        unique=True,
    )
