"""The ledger: what was asked against how it ended, and the history against the channels."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bench.soak.journal import Asked, Journal
from bench.soak.stored import Game, Stored, Turn
from bench.table import Table
from bot.replies.pages import NOTHING_SAID
from sandbox.errors import ApiError
from sandbox.interactions import Interaction
from sandbox.server import Sandbox
from sandbox.types import Json

_LOADING = 1 << 7
_BAD = "! "
_ACKNOWLEDGE_S = 3.0
_DIALOG_S = 8.0
"""So long after it was opened a dialog is sent at the latest."""
_FAULT = re.compile(r"Something went wrong on (?:our|my) side")
_STANDING = re.compile(r"\d+\. <@(\d+)>: ([\d,]+) points?")
_LAST_WORDS_S = 20.0
"""So long after its end a game may have said its last words."""
_SETTLED_S = 4.0
"""What people did so shortly before the end of an outage may have been told to nobody."""
_LONG_BOARD = 15
"""People on a scoreboard that is cut."""


@dataclass(slots=True)
class Ledger:
    """Sums, and the lines that do not balance."""

    ends: Counter[str] = field(default_factory=Counter)
    sums: list[tuple[str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def tables(self) -> list[Table]:
        ends = Table("soak: requests, by how they ended", ("end", "requests"))
        for end, count in self.ends.most_common():
            ends.add(end, f"{count:,}")
        ends.add("in all", f"{self.ends.total():,}")
        sums = Table("soak: what adds up", ("what", "found"))
        for what, found in self.sums:
            sums.add(what, found)
        return [ends, sums]

    def __str__(self) -> str:
        verdict = "balanced" if not self.problems else f"{len(self.problems)} lines do not balance"
        return "\n\n".join([*map(str, self.tables), f"The ledger: {verdict}.", *self.problems])


class Auditor:
    """Compares what there is when the bot has stopped."""

    def __init__(self, sandbox: Sandbox, journal: Journal, stored: Stored) -> None:
        self.ledger = Ledger()
        self._world = sandbox.world
        self._journal = journal
        self._stored = stored

    def audit(self) -> Ledger:
        self._requests()
        self._history()
        self._buttons()
        self._scores()
        self.ledger.problems += [f"database: {problem}" for problem in self._stored.problems]
        return self.ledger

    # -- every request ended exactly once --------------------------------------------------

    def _requests(self) -> None:
        for asked in self._journal.asked:
            made = asked.interaction
            if made is not None:
                end = self._end_of_interaction(asked, made)
            elif standing := self._standing(asked):
                end = self._end_of_reply(asked, standing)
            else:
                end = self._why_unanswered(asked)
            self.ledger.ends[end.removeprefix(_BAD)] += 1
            if end.startswith(_BAD):
                number = asked.message_id if made is None else made.id
                self.ledger.problems.append(
                    f"{end.removeprefix(_BAD)}: {asked.what} of {asked.person} in "
                    f"{asked.channel_id} ({number}, {_moment(number)})"
                )

    def _standing(self, asked: Asked) -> list[int]:
        """The bot's messages that reply to one, and are still there."""
        journal = self._journal
        given = journal.answers.get(asked.message_id, ())
        return [answer for answer in given if answer not in journal.deleted]

    def _end_of_reply(self, asked: Asked, standing: Sequence[int]) -> str:
        if len(standing) > 1:
            answers = [self._world.message(asked.channel_id, answer) for answer in standing]
            said = ", ".join(f"{m['id']} {m['content'][:60]!r}" for m in answers)
            return f"{_BAD}answered more than once ({said})"
        turn = self._stored.by_message.get(standing[0])
        if turn is not None:
            return f"answered: {turn.state}"
        shown = self._world.message(asked.channel_id, standing[0])
        if not str(shown["content"]) and not shown["attachments"]:
            return f"{_BAD}an empty answer"
        return "answered: a sentence, or a reply that is not kept"

    def _why_unanswered(self, asked: Asked) -> str:
        journal, message = self._journal, asked.message_id
        is_theirs = bool(journal.deleted_by_people.intersection(journal.answers.get(message, ())))
        stored = self._stored.by_message.get(message)
        reasons = {
            "cancelled: the question was deleted": message in journal.deleted,
            "cancelled: the reply was deleted": is_theirs or asked.person in journal.erased,
            "not meant for the bot": asked.kind == "talk",
            "unheard: the bot was away": journal.was_away(asked.at),
            "taken by a game": self._is_in_a_game(asked),
        }
        found = next((reason for reason, holds in reasons.items() if holds), None)
        return found or f"{_BAD}never answered ({stored.state if stored else 'not stored'})"

    def _is_in_a_game(self, asked: Asked) -> bool:
        """Whether a game, which may be answered by writing, ran in the channel."""
        at = seconds_of(asked.message_id)
        return any(
            game.channel_id == asked.channel_id and game.begin - 1 <= at <= game.end + 1
            for game in self._stored.games
        )

    def _end_of_interaction(self, asked: Asked, made: Interaction) -> str:
        journal, message = self._journal, made.message
        if self._is_said_twice(made):
            return f"{_BAD}said twice"
        if made.state == "answered":
            is_there = message is not None and self._world.holds(message)
            if not (is_there and message is not None and message["flags"] & _LOADING):
                return "answered: an interaction"
            reasons = {
                "interrupted: left thinking by a bot that was killed": any(
                    away.is_death and asked.at <= away.end for away in journal.away
                ),
                "left thinking: its token expired": any(
                    asked.at <= expired for expired in journal.expired
                ),
            }
            return next((why for why, holds in reasons.items() if holds), f"{_BAD}thinks for ever")
        opened = made.opened_by
        reasons = {
            "failed by Discord: the acknowledgement was not taken": made.id in journal.stumbled,
            "failed by Discord: the bot was not told that its dialog was taken": opened is not None
            and opened.id in journal.stumbled,
            "unheard: the bot was away": journal.was_away(
                asked.at, before_s=_ACKNOWLEDGE_S, is_urgent=True
            ),
            "of a dialog that was open when the bot was killed": opened is not None
            and any(
                away.is_death and away.begin <= asked.at <= away.end + _DIALOG_S
                for away in journal.away
            ),
        }
        found = next((why for why, holds in reasons.items() if holds), None)
        return found or f"{_BAD}interaction {made.state}"

    def _is_said_twice(self, made: Interaction) -> bool:
        messages = [
            self._world.message(made.channel_id, message)
            for message in self._journal.by_interaction.get(made.id, ())
            if message not in self._journal.deleted
        ]
        texts = [f"{message['content']}\n{message['embeds']}" for message in messages]
        return len(texts) > len(set(texts))

    # -- the history equals what the channels show ------------------------------------------

    def _history(self) -> None:
        compared = Counter[str]()
        for turn in self._stored.turns.values():
            if turn.state == "pending":
                self._problem(turn, "is pending at rest")
            for message_id in turn.messages:
                if message_id in self._journal.deleted:
                    if not self._was_missed(self._journal.deleted[message_id]):
                        self._problem(turn, f"stands in message {message_id}, which is gone")
                    break
            else:
                compared[self._compare(turn)] += 1
        for question, replies in self._stored.replies.items():
            standing = [reply for reply in replies if reply.state != "replaced"]
            if len(standing) > 1:
                self._problem(self._stored.turns[question], "has more than one reply")
        for what, count in sorted(compared.items()):
            self.ledger.sums.append((f"turns {what}", f"{count:,}"))

    def _compare(self, turn: Turn) -> str:
        if not turn.messages:
            return "without a message (commands, replaced replies)"
        try:
            messages = [self._world.message(turn.channel_id, m) for m in turn.messages]
        except ApiError:
            return "older than what the channel keeps"
        if any(message["attachments"] for message in messages):
            return "with files"
        compare = self._compare_reply if turn.is_reply else self._compare_question
        return compare(turn, messages)

    def _compare_question(self, turn: Turn, messages: Sequence[Json]) -> str:
        shown = str(messages[0]["content"]).replace(f"<@{self._world.bot_id}>", "")
        # What somebody said of whom it is a reply to is stored with it.
        said = squeezed(turn.content)
        if said in squeezed(shown) or said.endswith(squeezed(shown)):
            return "of people that equal the channel"
        changed = self._journal.edited.get(turn.messages[0])
        if changed is not None and self._was_missed(changed):
            return "whose edit the bot was not told of"
        self._problem(turn, f"says {turn.content[:60]!r}, the channel {shown[:60]!r}")
        return "that differ"

    def _compare_reply(self, turn: Turn, messages: Sequence[Json]) -> str:
        shown = squeezed("".join(_said(message) for message in messages))
        said = squeezed(turn.content)
        if said == shown or (said and shown.endswith(said)) or (not said and len(messages) == 1):
            return "of the bot that equal the channel"
        begun = squeezed("".join(_said(message) for message in messages[:-1]))
        if said and len(messages) > 1 and begun.endswith(said):
            return "of the bot whose continuation came to nothing but a sentence"
        if turn.state == "interrupted" and shown and said.startswith(shown):
            # The next message was not written yet when the bot was killed.
            return "of the bot that were killed ahead of the channel"
        self._problem(
            turn,
            f"({turn.state}, messages {turn.messages}) says {_end_in_common(said, shown)}, "
            f"the channel {_end_in_common(shown, said)}",
        )
        return "that differ"

    def _buttons(self) -> None:
        """Nothing offers to stop what does not run."""
        for channel_id in self._world.channels:
            for message in self._world.messages(channel_id, self._world.bot_id):
                if _FAULT.search(message["content"]):
                    self.ledger.problems.append(f"somebody was told: {message['content'][:100]!r}")
                if "airo:stop:" in str(message["components"]):
                    turn = self._stored.by_message.get(int(message["id"]))
                    self.ledger.problems.append(
                        f"message {message['id']} ({_moment(int(message['id']))}) in {channel_id} "
                        f"still offers Stop: {message['content'][:60]!r}, "
                        + (f"turn {turn.id} is {turn.state}" if turn else "of no turn")
                    )

    # -- the scores add up --------------------------------------------------------------------

    def _scores(self) -> None:
        compared = Counter[str]()
        for game in self._stored.games:
            compared[game.state] += 1
            if game.state == "running":
                self.ledger.problems.append(f"game {game.id} runs at rest")
            else:
                self._compare_game(game)
        for state, count in compared.items():
            self.ledger.sums.append((f"games {state}", f"{count:,}"))
        points = sum(sum(game.points.values()) for game in self._stored.games)
        self.ledger.sums.append(("points in them", f"{points:,}"))

    def _compare_game(self, game: Game) -> None:
        """The last message of a game lists what the database holds."""
        expected = {person: points for person, points in game.points.items() if points}
        shown = self._last_words(game)
        for standings in shown:
            differ = {
                person
                for person in expected.keys() | standings.keys()
                if expected.get(person, 0) != standings.get(person, 0)
                and person not in self._journal.erased
            }
            if not differ or len(standings) >= _LONG_BOARD:
                return
        if shown:
            self.ledger.problems.append(
                f"game {game.id} ({game.state}) holds {expected}, the channel shows {shown[0]}"
            )
        elif not (game.message_id is None or self._was_taken_away(game) or self._died_at(game)):
            self.ledger.problems.append(
                f"game {game.id} ({game.state}) in {game.channel_id} has no last words after "
                f"{game.message_id}"
            )

    def _last_words(self, game: Game) -> list[dict[int, int]]:
        """What may be a game's last words: those before the next game has begun, and a little
        after, for one may begin while another says them. Points by person."""
        later = [
            other.begin
            for other in self._stored.games
            if other.channel_id == game.channel_id and other.id > game.id
        ]
        until = min(later, default=float("inf")) + _SETTLED_S
        shown: list[dict[int, int]] = []
        for message in self._world.messages(game.channel_id, self._world.bot_id):
            message_id, text = int(message["id"]), str(message["content"])
            is_after = game.message_id is None or message_id > game.message_id
            if is_after and seconds_of(message_id) < until and text.startswith(_LAST_WORDS):
                found = _STANDING.findall(text)
                shown.append({int(who): int(points.replace(",", "")) for who, points in found})
        return shown

    def _died_at(self, game: Game) -> bool:
        """Whether the bot was killed when it had ended the game and was about to say so."""
        epoch = time.time() - time.monotonic()
        deaths = [away.begin + epoch for away in self._journal.away if away.is_death]
        return any(death - _LAST_WORDS_S <= game.end <= death + 1 for death in deaths)

    def _was_taken_away(self, game: Game) -> bool:
        """Whether somebody may have deleted a game's last words."""
        return any(
            game.end - _SETTLED_S <= seconds_of(gone) <= game.end + _LAST_WORDS_S
            for gone in self._journal.deleted_by_people
        )

    def _problem(self, turn: Turn, what: str) -> None:
        who = "reply" if turn.is_reply else "question"
        self.ledger.problems.append(f"{who} {turn.id} in {turn.channel_id} {what}")

    def _was_missed(self, at: float) -> bool:
        return self._journal.was_away(at, before_s=_SETTLED_S)


_LAST_WORDS = (
    "That was the last question.",
    "That was the end of the game.",
    "The game was stopped.",
    "Nobody answers any more",
    "Nobody guesses any more",
    "The game of ",
)


def _said(message: Json) -> str:
    """A message without what stands above and below a reply."""
    lines = str(message["content"]).split("\n")
    while lines and lines[-1].startswith("-# "):
        lines.pop()
    # All that stands in the message of a continuation that came to nothing.
    return "" if lines == [NOTHING_SAID] else "\n".join(lines)


def _end_in_common(text: str, other: str) -> str:
    """What stands before it, for a question may stand above what is the same."""
    both = enumerate(zip(reversed(text), reversed(other), strict=False))
    same = next((at for at, (one, two) in both if one != two), min(len(text), len(other)))
    at = len(text) - same
    return f"…{text[max(0, at - 60) : at + 20]!r} with {same:,} of {len(text):,} in common"


def seconds_of(snowflake: int) -> float:
    """Since 1970, of an id of Discord's."""
    return ((snowflake >> 22) + 1_420_070_400_000) / 1000


def _moment(snowflake: int) -> str:
    return datetime.fromtimestamp(seconds_of(snowflake), UTC).strftime("%H:%M:%S")


def squeezed(text: str) -> str:
    """Without white space and the marks of code, which are set anew at each cut."""
    return re.sub(r"\s|```(?:python)?", "", text)
