"""The process dies in the middle of a reply."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

from bot.storage import Conversations, Database

ROOT = Path(__file__).parents[2]

REPLY_AND_DIE = """
import asyncio, os, signal, sys
from bot.storage import ChannelRef, Conversations, Database

async def main():
    database = Database(sys.argv[1])
    history = Conversations(database)
    question = await history.add_question(
        channel=ChannelRef(10, 1), author_id=7, author_name="x", content="Story?", message_id=50
    )
    reply = await history.open_reply(question, author_id=8, author_name="bot")
    await history.add_message(reply, 60, 0)
    for shown in ("Once", "Once upon", "Once upon a"):
        await history.save_progress(reply, shown)
    async with database.writing() as session:
        from sqlalchemy import text
        await session.execute(text("UPDATE turns SET content = 'half done'"))
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


async def test_a_kill_in_the_middle_of_a_reply_loses_only_what_was_not_shown(
    database: Database, empty_url: str
) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", REPLY_AND_DIE, empty_url),
        cwd=ROOT,
        stderr=asyncio.subprocess.PIPE,
    )
    _, complaints = await asyncio.wait_for(process.communicate(), timeout=60)
    assert (process.returncode, complaints) == (-signal.SIGKILL, b"")

    await database.upgrade()
    history = Conversations(database)
    (interrupted,) = await history.close_interrupted()
    assert interrupted.message_ids == (60,)
    assert interrupted.content == "Once upon a"
    (exchange,) = await history.window(10)
    assert (exchange.question.content, exchange.reply.content) == ("Story?", "Once upon a")
    assert await history.extend(interrupted.turn_id)
