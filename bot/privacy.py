"""What people decide about what is stored about them."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import zipfile
from dataclasses import dataclass

from bot.channel_documents import ChannelDocuments
from bot.conversation import Conversation
from bot.errors import AirocordError
from bot.language import Sentence, joined, phrase, plural
from bot.play.host import GameHost
from bot.storage import Holdings, PersonalData

log = logging.getLogger(__name__)

FILE_NAME = "airocord-my-data.json"

NOTHING = phrase("I have nothing stored about you.")
OPTED_OUT = phrase(
    "You want nothing kept of what you ask: that you do is all I keep for it. "
    "`/privacy optout off` ends it."
)
BACKUPS = phrase(
    "Copies of the database that were made before still hold it until they are removed, which is "
    "up to whoever runs me. What stands in Discord's channels is Discord's: delete it there."
)
STILL_COMING = phrase("- what you have asked just now")
DELETE_WARNING = phrase(
    "I am about to delete all of this, for good, in every server and in direct messages. "
    "It cannot be brought back."
)


class TooMuchData(AirocordError):
    """The file does not fit into a message."""


@dataclass(frozen=True, slots=True)
class ExportFile:
    """All of a person's data, as it is sent to them."""

    name: str
    data: bytes
    note: str
    """What has to be said of it; may be empty."""


@dataclass(frozen=True, slots=True)
class PrivacyRequests:
    """One for the whole bot."""

    people: PersonalData
    conversation: Conversation
    documents: ChannelDocuments
    games: GameHost

    def is_asking(self, person_id: int) -> bool:
        """Whether something that a person asks is not stored yet, but about to be."""
        is_coming = self.conversation.coming.is_any_of(person_id)
        return is_coming or self.documents.is_reading_for(person_id)

    async def overview(self, person_id: int) -> str:
        """What is stored about a person, in words."""
        stored = listed(await self.people.holdings(person_id))
        lines = [joined([phrase("I have stored about you:"), stored]) if stored else NOTHING]
        if await self.people.has_opted_out(person_id):
            lines.append(OPTED_OUT)
        return joined(lines)

    async def export(self, person_id: int, *, limit: int) -> ExportFile:
        """A file of everything, of ``limit`` bytes at most: packed if it must be, without the
        texts of documents if even that does not fit.

        Raises:
            TooMuchData: nothing helps.
        """
        for with_texts in (True, False):
            found = await self.people.export(person_id, with_texts=with_texts)
            left_out = phrase("The texts of your documents did not fit into a message.")
            note = "" if with_texts else left_out
            for name, made in ((FILE_NAME, _plain), (f"{FILE_NAME}.zip", _packed)):
                data = await asyncio.to_thread(made, found)
                if len(data) <= limit:
                    return ExportFile(name, data, note)
        raise TooMuchData(
            phrase(
                "There is more than fits into a message of Discord's. Please ask whoever runs me "
                "for it."
            )
        )

    async def delete(self, person_id: int, *, direct_channel: int | None = None) -> str:
        """Erase all that is stored about a person, and say what it was."""
        # What is still on its way to be stored first: nothing is to come after.
        self.documents.withdraw(person_id)
        self.conversation.coming.withdraw(person_id)
        await self.conversation.replies.withdraw(person_id)
        await self.games.forget(person_id)
        erased = await self.people.erase(person_id, direct_channel=direct_channel)
        self.conversation.preferences.forget_all()
        # What was read of documents that are gone now is not looked up any more, but it is there.
        self.documents.forget_notes()
        if not await self.people.database.empty_log():
            log.warning("the database's log still shows what was deleted, for somebody reads it")
        stored = listed(erased)
        deleted = phrase("I have deleted what was stored about you:")
        lines = [joined([deleted, stored, BACKUPS]) if stored else NOTHING]
        if await self.people.has_opted_out(person_id):
            lines.append(OPTED_OUT)
        return joined(lines)

    async def opt_out(self, person_id: int) -> str:
        """Keep nothing any more of what a person asks."""
        await self.people.opt_out(person_id)
        return phrase(
            "From now on I answer you and keep neither your questions nor my replies, nor the "
            "files that you bring. So I do not remember what you said before, and a reply cannot "
            "be written anew or continued. That you want it so is all I keep for it. What you do "
            "in games, reports of questions and packs that you add are still stored. "
            "`/privacy delete` removes what is there already."
        )

    async def opt_in(self, person_id: int) -> str:
        """Keep what a person asks again."""
        await self.people.opt_in(person_id)
        return phrase("From now on I remember again what you ask and what I reply.")


def listed(holdings: Holdings) -> Sentence:
    """What there is, a line for each kind; empty if there is nothing."""
    asked, replies, brought = holdings.questions, holdings.replies, holdings.documents
    rounds, daily, reports = holdings.rounds, holdings.daily_results, holdings.reports
    started, packs, rules = holdings.games_started, holdings.packs_added, holdings.rules
    lines = (
        (
            asked,
            plural("{count} question that you asked", "{count} questions that you asked", asked),
        ),
        (replies, plural("{count} reply to them", "{count} replies to them", replies)),
        (
            brought,
            plural(
                "{count} document that you brought, with its text",
                "{count} documents that you brought, with their text",
                brought,
            ),
        ),
        (
            rounds,
            plural(
                "{count} round of games that you played, with your points",
                "{count} rounds of games that you played, with your points",
                rounds,
            ),
        ),
        (
            daily,
            plural(
                "{count} result of the puzzle of the day",
                "{count} results of the puzzle of the day",
                daily,
            ),
        ),
        (
            reports,
            plural(
                "{count} report of questions that you found wrong",
                "{count} reports of questions that you found wrong",
                reports,
            ),
        ),
        (
            started,
            plural(
                "{count} note that you started a game",
                "{count} notes that you started a game",
                started,
            ),
        ),
        (
            packs,
            plural(
                "{count} note that you added a pack of questions to a server",
                "{count} notes that you added a pack of questions to a server",
                packs,
            ),
        ),
        (
            rules,
            plural(
                "{count} rule about you, by the admins of a server, who can change it",
                "{count} rules about you, by the admins of a server, who can change it",
                rules,
            ),
        ),
    )
    return joined(joined(["- ", line], "") for count, line in lines if count)


def _plain(found: dict[str, object]) -> bytes:
    return json.dumps(found, ensure_ascii=False, indent=1).encode()


def _packed(found: dict[str, object]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(FILE_NAME, _plain(found))
    return packed.getvalue()
