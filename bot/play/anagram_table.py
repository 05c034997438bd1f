"""One game of anagrams in one channel."""

from __future__ import annotations

import discord

from bot.games.anagram_effects import (
    ClueShown,
    Effect,
    Found,
    Missed,
    PuzzleClosed,
    PuzzleOpened,
)
from bot.games.anagrams import AnagramGame
from bot.games.effects import GameOver, Outcome, Refused, SkipVoted
from bot.games.puzzles import Kind
from bot.play import anagram_buttons, anagram_words
from bot.play.anagram_words import Shown
from bot.play.board import Board
from bot.play.table import Table
from bot.storage import Gain, Games

Answer = Found | Missed | ClueShown | SkipVoted | Refused
"""What the person behind an event is told at once."""


class AnagramTable(Table[Effect, Answer]):
    def __init__(
        self,
        game_id: int,
        kind: Kind,
        game: AnagramGame,
        *,
        board: Board,
        games: Games,
        can_write: bool,
    ) -> None:
        """``can_write``: the bot reads what is written in the channel."""
        super().__init__(game_id, kind, game, board, games)
        self.kind = kind
        self.game = game
        self._can_write = can_write and kind is not Kind.CONUNDRUM
        self._shown: Shown | None = None

    @property
    def reads_along(self) -> bool:
        """A word written in the channel is a guess. Where there is only one try, it is not: it
        might have been meant for somebody else."""
        return self._can_write

    def guess(self, person: int, text: str) -> Answer | None:
        """Somebody gave a word; ``None``: it was not taken for a guess."""
        return self.take(self.game.guess(person, text, self.now))

    def answer(self, effect: Effect) -> Answer | None:
        return effect if isinstance(effect, Answer) else None

    def leave_off(self) -> None:
        """Nothing is held."""

    async def do(self, effect: Effect) -> None:
        if isinstance(effect, PuzzleOpened):
            self._shown = Shown(effect, self._can_write)
            await self.post(*self._open_state(self._shown))
        elif isinstance(effect, PuzzleClosed):
            await self._close_round(effect)
        elif isinstance(effect, GameOver):
            await self.finish(anagram_words.over(effect))
        elif self._shown is not None:
            await self.store(effect)
            self._change(self._shown, effect)

    async def store(self, effect: Effect) -> None:
        if isinstance(effect, PuzzleClosed):
            await self._keep_round(effect)
        elif isinstance(effect, Found) and (sums := self.game.sums):
            # At once: the person is told the points, and the round may go on for minutes.
            await self.keep(self.game.number, {who: Gain(*sum_) for who, sum_ in sums.items()})

    def _change(self, shown: Shown, effect: Effect) -> None:
        """Show what people are to know while the puzzle is open."""
        if isinstance(effect, ClueShown):
            shown.clues.append((effect.text, effect.is_words))
        elif isinstance(effect, Found):
            shown.found.append((effect.word, effect.person))
            shown.solvers += self.kind is not Kind.TWIST
        elif isinstance(effect, SkipVoted):
            shown.skip_votes = (effect.votes, effect.needed)
        else:
            return
        self.board.show(*self._open_state(shown))

    async def _keep_round(self, closed: PuzzleClosed) -> None:
        if closed.outcome is not Outcome.STOPPED or closed.gains:
            words = [person for _, person in closed.found]
            gains = {
                gain.person: Gain(gain.points, words.count(gain.person) or 1)
                for gain in closed.gains
            }
            await self.keep(closed.number, gains)

    async def _close_round(self, closed: PuzzleClosed) -> None:
        await self.store(closed)
        self._shown = None
        text = anagram_words.closed(closed, (closed.next_at or 0.0) - self.now)
        self.board.show(text, None)

    def _open_state(self, shown: Shown) -> tuple[str, discord.ui.View]:
        left = shown.opened.closes_at - self.now
        view = anagram_buttons.view_open(self.game_id, has_hints=self.kind is not Kind.TWIST)
        return anagram_words.puzzle(shown, left), view
