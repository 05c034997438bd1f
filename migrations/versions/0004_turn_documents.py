"""A question goes on naming its documents when they are removed."""

from collections.abc import Sequence

from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

CONSTRAINT = "fk_turn_documents_document_id_documents"


def upgrade() -> None:
    op.drop_index(op.f("ix_turn_documents_document_id"), "turn_documents")
    with op.batch_alter_table("turn_documents") as table:
        table.drop_constraint(op.f(CONSTRAINT), type_="foreignkey")


def downgrade() -> None:
    # What names a document that is gone cannot refer to it.
    op.execute("DELETE FROM turn_documents WHERE document_id NOT IN (SELECT id FROM documents)")
    with op.batch_alter_table("turn_documents") as table:
        table.create_foreign_key(
            op.f(CONSTRAINT), "documents", ["document_id"], ["id"], ondelete="CASCADE"
        )
    op.create_index(op.f("ix_turn_documents_document_id"), "turn_documents", ["document_id"])
