"""Models and the repositories over them. No Discord, no other room."""

from bot.storage.channels import ChannelRef
from bot.storage.conversations import Conversations
from bot.storage.database import Database
from bot.storage.library import (
    Library,
    LibraryFull,
    NewDocument,
    Source,
    StoredDocument,
    StoredPassage,
)
from bot.storage.preferences import ChannelPreferences, Preferences
from bot.storage.schema import Role, TurnState
from bot.storage.turns import InterruptedReply, Reset, StoredExchange, StoredTurn

__all__ = [
    "ChannelPreferences",
    "ChannelRef",
    "Conversations",
    "Database",
    "InterruptedReply",
    "Library",
    "LibraryFull",
    "NewDocument",
    "Preferences",
    "Reset",
    "Role",
    "Source",
    "StoredDocument",
    "StoredExchange",
    "StoredPassage",
    "StoredTurn",
    "TurnState",
]
