"""What the bot's database holds at rest, read from outside."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Turn:
    id: int
    channel_id: int
    is_reply: bool
    author_id: int
    content: str
    state: str
    answers: int | None
    messages: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Game:
    id: int
    channel_id: int
    state: str
    message_id: int | None
    begin: float
    end: float
    """Seconds since 1970; of one that runs, for ever."""
    points: dict[int, int]
    """By person."""


@dataclass(slots=True)
class Stored:
    turns: dict[int, Turn] = field(default_factory=dict)
    by_message: dict[int, Turn] = field(default_factory=dict)
    replies: defaultdict[int, list[Turn]] = field(default_factory=lambda: defaultdict(list))
    """By question's turn."""
    games: list[Game] = field(default_factory=list)
    opted_out: set[int] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)
    """What the database says of itself."""


def unfinished(file: Path) -> tuple[int, int]:
    """Turns that are pending, and games that run."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as db:
        [(turns,)] = db.execute("SELECT count(*) FROM turns WHERE state = 'pending'")
        [(games,)] = db.execute("SELECT count(*) FROM games WHERE state = 'running'")
    return int(turns), int(games)


def read(file: Path) -> Stored:
    stored = Stored()
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as db:
        messages: defaultdict[int, list[int]] = defaultdict(list)
        for turn_id, message_id in db.execute(
            "SELECT turn_id, message_id FROM turn_messages ORDER BY turn_id, part, message_id"
        ):
            messages[turn_id].append(message_id)
        for row in db.execute(
            "SELECT id, channel_id, role, author_id, content, state, answers_turn_id FROM turns"
        ):
            turn = Turn(
                id=row[0],
                channel_id=row[1],
                is_reply=row[2] == "assistant",
                author_id=row[3],
                content=row[4],
                state=row[5],
                answers=row[6],
                messages=tuple(messages.get(row[0], ())),
            )
            stored.turns[turn.id] = turn
            stored.by_message |= dict.fromkeys(turn.messages, turn)
            if turn.answers is not None:
                stored.replies[turn.answers].append(turn)
        points: defaultdict[int, dict[int, int]] = defaultdict(dict)
        for game_id, person, total in db.execute(
            "SELECT game_id, person_id, sum(points) FROM awards GROUP BY game_id, person_id"
        ):
            points[game_id][person] = total
        for row in db.execute(
            "SELECT id, channel_id, state, message_id, started_at, ended_at FROM games ORDER BY id"
        ):
            stored.games.append(
                Game(
                    id=row[0],
                    channel_id=row[1],
                    state=row[2],
                    message_id=row[3],
                    begin=_seconds(row[4]),
                    end=_seconds(row[5]) if row[5] else float("inf"),
                    points=points[row[0]],
                )
            )
        stored.opted_out = {person for (person,) in db.execute("SELECT person_id FROM opt_outs")}
        stored.problems = [
            *(str(row) for row in db.execute("PRAGMA foreign_key_check")),
            *(row[0] for row in db.execute("PRAGMA integrity_check") if row[0] != "ok"),
        ]
    return stored


def _seconds(text: str) -> float:
    """Since 1970, of a time as SQLite keeps it."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
