"""Models and the repositories over them. No Discord, no other room."""

from bot.storage.channels import ChannelRef
from bot.storage.conversations import Conversations
from bot.storage.database import Database
from bot.storage.games import Gain, GameRuns, Games, RunningGame, Standing, Streak
from bot.storage.guild_schema import Subject
from bot.storage.guilds import Choices, Guilds
from bot.storage.library import (
    Library,
    LibraryFull,
    NewDocument,
    Source,
    StoredDocument,
    StoredPassage,
)
from bot.storage.preferences import ChannelPreferences, Preferences
from bot.storage.privacy import Holdings, PersonalData
from bot.storage.question_bank import (
    BankEntry,
    CategoryCount,
    Listed,
    PackRefused,
    QuestionBank,
    StoredPack,
    Wanted,
)
from bot.storage.retention import Retention
from bot.storage.schema import Role, TurnState
from bot.storage.turns import InterruptedReply, Reset, StoredExchange, StoredTurn

__all__ = [
    "BankEntry",
    "CategoryCount",
    "ChannelPreferences",
    "ChannelRef",
    "Choices",
    "Conversations",
    "Database",
    "Gain",
    "GameRuns",
    "Games",
    "Guilds",
    "Holdings",
    "InterruptedReply",
    "Library",
    "LibraryFull",
    "Listed",
    "NewDocument",
    "PackRefused",
    "PersonalData",
    "Preferences",
    "QuestionBank",
    "Reset",
    "Retention",
    "Role",
    "RunningGame",
    "Source",
    "Standing",
    "StoredDocument",
    "StoredExchange",
    "StoredPack",
    "StoredPassage",
    "StoredTurn",
    "Streak",
    "Subject",
    "TurnState",
    "Wanted",
]
