"""The database: can it be opened, and is its schema the one this version knows?"""

from __future__ import annotations

from collections.abc import AsyncIterator

from bot.doctor.findings import Finding, Severity
from bot.errors import DatabaseError
from bot.settings import Settings
from bot.storage import Database


async def database(settings: Settings) -> AsyncIterator[Finding]:
    try:
        opened = Database(settings.effective_database_url)
    except DatabaseError as error:
        yield Finding("Database", Severity.ERROR, str(error))
        return
    where = opened.file or "the server that DATABASE_URL names"
    try:
        if not await opened.exists():
            yield Finding(
                "Database", Severity.NOTE, f"{where} will be created when the bot first starts."
            )
        elif await opened.is_up_to_date():
            yield Finding("Database", Severity.OK, f"{where}, schema {await opened.current()}")
        else:
            yield Finding(
                "Database",
                Severity.NOTE,
                f"{where} has the schema {await opened.current() or 'of no version yet'}.",
                "The next start brings it up to date, after a copy of a SQLite file.",
            )
    except DatabaseError as error:
        yield Finding("Database", Severity.ERROR, str(error))
    finally:
        await opened.close()
