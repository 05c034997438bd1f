"""A bot that is asked one question and never stops answering, for a test that kills it.

``python mid_reply.py DATABASE SHOWN``: everything that Discord would show is written to SHOWN, and
"shown" to standard output once there is something to lose.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from bot.conversation import Question, Speaker
from bot.storage import ChannelRef, Database
from tests.support.engines import Script, ScriptedEngine
from tests.support.stage import ScriptedDiscord
from tests.support.world import build_conversation


async def main(database_file: Path, shown: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{database_file}")
    await database.upgrade()
    engine = ScriptedEngine(default=Script((" more",), endless=True))
    conversation, queue = build_conversation(engine, database)
    await queue.load()
    discord = ScriptedDiscord(takes_s=0.0)

    def keep() -> None:
        with shown.open("w", encoding="utf-8") as file:
            file.write("".join(m.text for m in discord.messages.values()))
            file.flush()
            os.fsync(file.fileno())
        if len(discord.text) > 200:
            print("shown", flush=True)

    discord.watch = keep
    question = Question(
        channel=ChannelRef(5, guild_id=7), speaker=Speaker(100, "Ada"), text="go", message_id=1000
    )
    await conversation.answer(question, discord, Speaker(1, "Airo"))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2])))
