"""What people did, what the bot answered, and when it could not know of it."""

from __future__ import annotations

import time
from collections import Counter, defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from sandbox.interactions import Interaction
from sandbox.server import Sandbox
from sandbox.traffic import Exchange
from sandbox.types import Json
from sandbox.world import Event

ASIDE_S = 2.0
"""What was said so shortly before the bot was away may not have been stored yet."""

_BUTTONS_KEPT = 12


@dataclass(slots=True)
class Asked:
    """Something that the bot owes an end."""

    kind: Literal["mention", "talk", "interaction"]
    """talk: a message that it may answer and need not."""
    what: str
    person: int
    channel_id: int
    at: float
    message_id: int = 0
    interaction: Interaction | None = None


@dataclass(slots=True)
class Away:
    """A time in which the bot was told nothing."""

    begin: float
    end: float
    is_death: bool = False
    """It was killed, and forgot what it had not stored."""
    is_made_up_for: bool = False
    """It was told later; too late for what has to be acknowledged in three seconds."""

    def covers(self, at: float, before_s: float = 0.0) -> bool:
        return self.begin - before_s <= at <= self.end


@dataclass(slots=True)
class Journal:
    """Times are :func:`time.monotonic`'s."""

    sandbox: Sandbox
    asked: list[Asked] = field(default_factory=list)
    away: list[Away] = field(default_factory=list)
    answers: defaultdict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    """By message, the bot's that replied to it."""
    by_interaction: defaultdict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    """By interaction, the bot's messages that answer it."""
    deleted: dict[int, float] = field(default_factory=dict)
    """Messages that are gone, and since when."""
    deleted_by_people: set[int] = field(default_factory=set)
    edited: dict[int, float] = field(default_factory=dict)
    """Messages that people changed, and when last."""
    erased: dict[int, float] = field(default_factory=dict)
    """People who confirmed that all of theirs be deleted, and when last."""
    buttons: defaultdict[int, deque[int]] = field(
        default_factory=lambda: defaultdict(lambda: deque(maxlen=_BUTTONS_KEPT))
    )
    """By channel, messages that have had buttons, latest last."""
    playing: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=_BUTTONS_KEPT))
    """Channels and messages in which a round of a game is open, or was lately."""
    expired: list[float] = field(default_factory=list)
    """When the tokens of interactions ceased to be taken."""
    commands: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    """By what Discord answered other than well."""
    stumbled: set[int] = field(default_factory=set)
    """Interactions whose acknowledgement Discord did not take."""

    def __post_init__(self) -> None:
        self.sandbox.world.listeners.append(self._on_event)
        self.sandbox.traffic.listeners.append(self._on_exchange)

    def was_away(self, at: float, *, before_s: float = ASIDE_S, is_urgent: bool = False) -> bool:
        """Whether the bot may not have heard of what happened then; ``is_urgent``: in time."""
        return any(
            away.covers(at, before_s) and (is_urgent or not away.is_made_up_for)
            for away in self.away
        )

    def _on_event(self, event: Event) -> None:
        if event.name == "MESSAGE_CREATE":
            self._on_message(event.data)
        if event.name in ("MESSAGE_CREATE", "MESSAGE_UPDATE") and event.data["components"]:
            known = self.buttons[int(event.data["channel_id"])]
            message_id = int(event.data["id"])
            if message_id not in known:
                known.append(message_id)
            place = (int(event.data["channel_id"]), message_id)
            if place not in self.playing and _is_open(event.data["components"]):
                self.playing.append(place)
        elif event.name == "MESSAGE_DELETE":
            self.deleted[int(event.data["id"])] = time.monotonic()
        elif event.name == "MESSAGE_DELETE_BULK":
            self.deleted |= {int(gone): time.monotonic() for gone in event.data["ids"]}

    def _on_message(self, message: Json) -> None:
        if message["author"]["id"] != str(self.sandbox.world.bot_id):
            return
        if reference := message.get("message_reference"):
            self.answers[int(reference["message_id"])].append(int(message["id"]))
        if metadata := message.get("interaction_metadata"):
            self.by_interaction[int(metadata["id"])].append(int(message["id"]))

    def _on_exchange(self, exchange: Exchange) -> None:
        if exchange.status in (200, 201, 204):
            return
        self.faults[f"{exchange.status or 'no answer'} {exchange.method} {exchange.route}"] += 1
        if exchange.route.startswith("/interactions/"):
            self.stumbled.add(int(exchange.path.split("/")[2]))


def _is_open(components: Sequence[Json]) -> bool:
    return any(f"'{kind}" in str(components) for kind in ("airo:answer", "airo:anagram"))
