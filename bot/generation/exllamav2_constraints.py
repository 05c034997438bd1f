"""Constraints as ExLlamaV2 takes them: which tokens may come next.

Choices and prefixes are followed byte by byte here; regular expressions and JSON schemas by
lm-format-enforcer, whose own class for ExLlamaV2 does not work with its last release. One space
may come before a constrained reply: many models are trained to begin with one, and lose their
way without it.
"""

from __future__ import annotations

import json
import threading
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Protocol

from bot.errors import EngineUnavailable
from bot.generation.constraint import Constraint, JsonSchema, Matches, OneOf, StartsWith
from bot.generation.grammar import grammar_of


class TokenConstraint(Protocol):
    """Follows one reply. Used by one thread at a time."""

    @property
    def ended(self) -> bool:
        """Whether the reply is complete and nothing but its end may follow."""

    def allowed(self) -> Sequence[int] | None:
        """Ids of which the next token must be one, those that end a reply included; ``None``:
        any. Empty where the vocabulary cannot write what has to come."""

    def feed(self, token: int) -> None:
        """Take the token that was chosen."""


class Constraints:
    """Makes the constraints of requests for one vocabulary. Safe to use from any thread."""

    def __init__(self, bytes_of: Sequence[bytes], eos_ids: frozenset[int]) -> None:
        self._vocabulary = _Vocabulary(bytes_of, eos_ids)
        self._formats: _Formats | None = None
        self._lock = threading.Lock()

    def make(self, constraint: Constraint) -> TokenConstraint:
        """May take seconds the first time that a format is asked for.

        Raises:
            ValueError: it is none that every engine can hold; the text says what of it.
            EngineUnavailable: lm-format-enforcer is not installed.
        """
        # The same constraints are refused on every engine.
        grammar_of(constraint)
        match constraint:
            case OneOf(choices):
                return _Choice(self._vocabulary, choices)
            case StartsWith(prefix):
                return _Prefix(self._vocabulary, prefix)
            case Matches() | JsonSchema():
                with self._lock:
                    if self._formats is None:
                        self._formats = _Formats(self._vocabulary)
                    return self._formats.make(constraint)


class _Vocabulary:
    def __init__(self, bytes_of: Sequence[bytes], eos_ids: frozenset[int]) -> None:
        self.bytes_of = bytes_of
        self.eos_ids = sorted(eos_ids)
        self._ids: defaultdict[bytes, list[int]] = defaultdict(list)
        for token, piece in enumerate(bytes_of):
            if piece:
                self._ids[piece].append(token)
        self._pieces = sorted(self._ids)

    def within(self, rest: bytes) -> Iterable[int]:
        """Tokens with which ``rest`` begins."""
        for length in range(1, len(rest) + 1):
            yield from self._ids.get(rest[:length], ())

    def beyond(self, rest: bytes) -> Iterable[int]:
        """Tokens that begin with ``rest`` and go on."""
        for at in range(bisect_left(self._pieces, rest), len(self._pieces)):
            piece = self._pieces[at]
            if not piece.startswith(rest):
                return
            if len(piece) > len(rest):
                yield from self._ids[piece]


def _spaced(texts: Iterable[str]) -> list[bytes]:
    return [spaced.encode() for text in texts for spaced in (text, f" {text}")]


class _Choice:
    """The reply is one of several strings."""

    def __init__(self, vocabulary: _Vocabulary, choices: Iterable[str]) -> None:
        self._vocabulary = vocabulary
        self._left = _spaced(choices)
        """What may still come."""

    @property
    def ended(self) -> bool:
        return self._left == [b""]

    def allowed(self) -> Sequence[int]:
        ids = {token for rest in self._left for token in self._vocabulary.within(rest)}
        if b"" in self._left:
            ids.update(self._vocabulary.eos_ids)
        return sorted(ids)

    def feed(self, token: int) -> None:
        piece = self._vocabulary.bytes_of[token]
        rests = {rest[len(piece) :] for rest in self._left if rest.startswith(piece)}
        self._left = sorted(rests)


class _Prefix:
    """The reply begins with a string and goes on freely."""

    ended = False

    def __init__(self, vocabulary: _Vocabulary, prefix: str) -> None:
        self._vocabulary = vocabulary
        self._left = _spaced([prefix])

    def allowed(self) -> Sequence[int] | None:
        if not self._left:
            return None
        ids = {token for rest in self._left for token in self._vocabulary.within(rest)}
        ids |= {token for rest in self._left for token in self._vocabulary.beyond(rest)}
        return sorted(ids)

    def feed(self, token: int) -> None:
        if not self._left:
            return
        piece = self._vocabulary.bytes_of[token]
        if any(piece.startswith(rest) for rest in self._left):
            self._left = []
        else:
            self._left = [rest[len(piece) :] for rest in self._left if rest.startswith(piece)]


class _Enforcer(Protocol):
    """lm-format-enforcer's ``TokenEnforcer``, as far as it is used."""

    def get_allowed_tokens(self, token_sequence: list[int]) -> _TokenList: ...


class _TokenList(Protocol):
    allowed_tokens: list[int]


class _Format:
    """The reply follows a grammar of lm-format-enforcer."""

    def __init__(self, enforcer: _Enforcer, eos_ids: Iterable[int]) -> None:
        self._enforcer = enforcer
        self._eos_ids = frozenset(eos_ids)
        self._tokens: list[int] = []
        self._allowed = self._next()

    @property
    def ended(self) -> bool:
        return bool(self._allowed) and self._eos_ids.issuperset(self._allowed)

    def allowed(self) -> Sequence[int]:
        return self._allowed

    def feed(self, token: int) -> None:
        self._tokens.append(token)
        self._allowed = self._next()

    def _next(self) -> list[int]:
        return sorted(self._enforcer.get_allowed_tokens(self._tokens).allowed_tokens)


class _Formats:
    """Builds grammars over one vocabulary, which lm-format-enforcer has to read once."""

    def __init__(self, vocabulary: _Vocabulary) -> None:
        try:
            # Only needed by games, and only installed with the GPU's packages.
            from lmformatenforcer import TokenEnforcer, TokenEnforcerTokenizerData  # noqa: PLC0415
        except ImportError as error:
            raise EngineUnavailable(
                "Constrained replies need lm-format-enforcer. Run: pip install lm-format-enforcer"
            ) from error
        self._eos_ids = vocabulary.eos_ids
        bytes_of = vocabulary.bytes_of

        def decode(ids: Iterable[int]) -> str:
            return b"".join(bytes_of[token] for token in ids).decode(errors="replace")

        words = [
            (token, text, text.startswith(" "))
            for token, piece in enumerate(bytes_of)
            if piece and (text := _whole_characters(piece))
        ]
        # It would let control characters into JSON's strings, which may hold none.
        json_words = [word for word in words if min(word[1]) >= " "]
        self._patterns, self._json = (
            TokenEnforcerTokenizerData(some, decode, list(self._eos_ids), False, len(bytes_of))
            for some in (words, json_words)
        )
        self._enforcer = TokenEnforcer

    def make(self, constraint: Matches | JsonSchema) -> TokenConstraint:
        from lmformatenforcer import JsonSchemaParser, RegexParser  # noqa: PLC0415 - as above

        if isinstance(constraint, Matches):
            parser = RegexParser(f" ?({constraint.pattern})")
            return _Format(self._enforcer(self._patterns, parser), self._eos_ids)
        schema = JsonSchemaParser(json.loads(constraint.schema))
        return _Format(self._enforcer(self._json, schema), self._eos_ids)


def _whole_characters(piece: bytes) -> str:
    try:
        return piece.decode()
    except UnicodeDecodeError:
        return ""
