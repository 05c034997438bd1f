"""Run by Alembic for every command, on the connection that the program gave it."""

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import TypeDecorator

from bot.storage.schema import Base


def render_item(kind: str, item: object, _context: AutogenContext) -> str | Literal[False]:
    """Write the models' own types as what they are in the database."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl_instance!r}"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    # SQLite cannot alter most of a table: it is copied into a new one.
    render_as_batch=True,
    render_item=render_item,
)
with context.begin_transaction():
    context.run_migrations()
