"""Where a reply ends: stop strings that are never seen, not even in part.

Engines stop at stop strings in ways of their own, and pieces break anywhere. So what a person
sees of any engine's reply has gone through a :class:`StopFilter`.
"""

from __future__ import annotations

from collections.abc import Sequence


class StopFilter:
    """Passes on the text of one reply up to its first stop string, without leading whitespace.

    The shown text is the same however the reply is cut into pieces: the first stop string is the
    one that begins first, and text is held back for as long as a stop string might have begun in
    it. Each character is looked at once per stop string (Knuth, Morris and Pratt), so a reply
    costs time linear in its length.
    """

    def __init__(self, stop: Sequence[str], *, begun: bool = False) -> None:
        """``begun``: the text goes on where another ended, and leading whitespace counts."""
        self._patterns = [_Pattern(text) for text in dict.fromkeys(stop) if text]
        self._held = ""
        self._released = 0
        """Where in the reply the held text begins."""
        self._position = 0
        """How many characters were looked at."""
        self._cut: int | None = None
        """Where the first stop string known so far begins."""
        self._begun = begun
        self._stopped = False

    @property
    def stopped(self) -> bool:
        """Whether the reply is over: nothing that is still fed will be shown."""
        return self._stopped

    def feed(self, text: str) -> str:
        """Take the next piece and return what of the reply can be shown now."""
        if self._stopped:
            return ""
        self._held += text
        for character in text:
            self._step(character)
            if self._stopped:
                break
        return self._release(self._first())

    def flush(self) -> str:
        """The reply is over: return what was held back and is no stop string after all."""
        end = self._position if self._cut is None else self._cut
        self._stopped = True
        return self._release(end)

    def _step(self, character: str) -> None:
        self._position += 1
        for pattern in self._patterns:
            if pattern.step(character):
                start = self._position - len(pattern.text)
                self._cut = start if self._cut is None else min(self._cut, start)
        if self._cut is not None:
            # A longer stop string that began before this one may still be under way.
            self._stopped = self._first() == self._cut

    def _first(self) -> int:
        """Where the first stop string begins that is there or may be under way."""
        first = self._position if self._cut is None else self._cut
        for pattern in self._patterns:
            first = min(first, self._position - pattern.matched)
        return first

    def _release(self, end: int) -> str:
        """Take what lies before ``end`` out of the held text."""
        count = end - self._released
        shown, self._held, self._released = self._held[:count], self._held[count:], end
        if not self._begun:
            shown = shown.lstrip()
            self._begun = bool(shown)
        return shown


class _Pattern:
    """One stop string and how much of it the text so far ends with."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.matched = 0
        self._fallback = [0] * (len(text) + 1)
        """By length of a match: the length of the next shorter one."""
        length = 0
        for index in range(1, len(text)):
            while length and text[index] != text[length]:
                length = self._fallback[length]
            length += text[index] == text[length]
            self._fallback[index + 1] = length

    def step(self, character: str) -> bool:
        """Take one character; whether the stop string is complete with it."""
        while self.matched and character != self.text[self.matched]:
            self.matched = self._fallback[self.matched]
        self.matched += character == self.text[self.matched]
        if self.matched == len(self.text):
            self.matched = self._fallback[self.matched]
            return True
        return False
