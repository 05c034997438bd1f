"""Prompts to token ids, with the tokenizer of a llama.cpp server.

Each text part goes to ``/tokenize`` on its own with special tokens off, and the control tokens'
ids are put between. That equals tokenizing the whole spelled-out line with special tokens on:
llama.cpp cuts a line at its special tokens and encodes the runs between them independently. With
a SentencePiece vocabulary it puts the customary space before the first run *and* before each run
after a special token; ``/tokenize`` does the same with each text part, for a part always begins
the sequence or follows a control token. (Only where a vocabulary says that a special token
swallows the whitespace beside it, as Phi-3's do, does the line differ; the template decides
there.)
"""

from __future__ import annotations

import re
import threading
from array import array
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from bot.errors import EngineFailed, ModelError
from bot.generation.completions import Json
from bot.generation.gguf import GgufHeader
from bot.prompts import BOS, EOS, Control, Prompt
from bot.prompts.template_words import template_words

_CACHED_TEXTS = 512


class TokenServer(Protocol):
    """A llama.cpp server, wherever it runs. Safe to use from any thread."""

    def call(self, path: str, body: Json = None, *, limit_s: float = 30.0) -> Json:
        """One request outside of generation; POST where there is a body.

        Raises:
            EngineFailed: no answer, or not one in JSON.
        """


class LlamaTokenizer:
    """The vocabulary of one loaded model. Safe to use from any thread; every call may block."""

    def __init__(self, server: TokenServer, header: GgufHeader, *, longest_cached: int) -> None:
        """``longest_cached``: texts of more tokens than this are not kept."""
        self.server = server
        self._cache = _Cache(_CACHED_TEXTS, longest=longest_cached)
        props = server.call("/props")
        self.bos, self.eos = _spelling(props, "bos_token"), _spelling(props, "eos_token")
        self._bos_ids = self._prepended()
        words = template_words(header.chat_template or "", bos=self.bos, eos=self.eos)
        controls = self._controls_in(words)
        marks = self._marks_in(words, header.user_defined)
        self.control_tokens = frozenset(controls | marks | {self.bos, self.eos}) - {""}
        self._marks = marks
        self._mark_starts = _starts_of(marks)
        self._ids: dict[str, int] = {}

    def encode(self, prompt: Prompt) -> list[int]:
        """Token ids of ``prompt``.

        Raises:
            ModelError: the model has no such control token.
            EngineFailed: the server does not answer.
        """
        ids: list[int] = []
        for part in prompt:
            if isinstance(part, str):
                ids.extend(self._text(part))
            elif part == BOS:
                ids.extend(self._bos_ids)
            else:
                ids.append(self._control(part))
        return ids

    def _text(self, text: str) -> Sequence[int]:
        # A lone surrogate has no UTF-8.
        text = text.encode(errors="replace").decode()
        if (known := self._cache.get(text)) is not None:
            return known
        ids = array("i", self._tokenize(self._fragments(text)))
        self._cache.put(text, ids)
        return ids

    def _fragments(self, text: str) -> list[str]:
        """``text`` cut inside every spelling of a turn mark that llama.cpp would find in it even
        with special tokens off."""
        if self._mark_starts is None:
            return [text]
        cuts = [match.start() + 1 for match in self._mark_starts.finditer(text)]
        return [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]

    def _control(self, control: Control) -> int:
        name = self.eos if control == EOS else control.name
        if name not in self._ids:
            found = self._tokenize(name, special=True)
            typed = name not in self._marks and self._tokenize(name) == found
            if len(found) != 1 or typed:
                what = "end-of-sequence token" if control == EOS else f"control token {name}"
                raise ModelError(
                    f"The model has no {what}, so this prompt template does not suit it. "
                    "Set PROMPT_TEMPLATE=model to use the model's own."
                )
            self._ids[name] = found[0]
        return self._ids[name]

    def _prepended(self) -> list[int]:
        """What the model wants at the beginning: one id for most models, none for some."""
        alone, whole = self._tokenize("a"), self._tokenize("a", add_special=True)
        for start in range(len(whole)):
            if whole[start : start + len(alone)] == alone:
                return whole[:start]
        return []

    def _controls_in(self, words: str) -> set[str]:
        """Spellings in ``words`` that are control tokens: text alone never gives their ids."""
        typed = set(self._tokenize(words))
        return {
            piece
            for token, piece in self._pieces(words)
            if token not in typed and self._tokenize(piece) != [token]
        }

    def _marks_in(self, words: str, user_defined: frozenset[str]) -> set[str]:
        """Spellings in ``words`` that llama.cpp finds in any text. Runs of spaces and line
        breaks are such tokens in some vocabularies: those are nobody's turn marks."""
        return {
            spelling
            for spelling in user_defined
            if len(spelling) > 1 and not spelling.isspace() and spelling in words
        }

    def _pieces(self, text: str) -> set[tuple[int, str]]:
        answer = self._ask(text, special=True, with_pieces=True)
        pairs = ((one.get("id"), one.get("piece")) for one in answer if isinstance(one, dict))
        return {
            (token, piece)
            for token, piece in pairs
            if isinstance(token, int) and isinstance(piece, str)
        }

    def _tokenize(
        self, content: str | list[str], *, special: bool = False, add_special: bool = False
    ) -> list[int]:
        answer = self._ask(content, special=special, add_special=add_special)
        return [token for token in answer if isinstance(token, int)]

    def _ask(
        self,
        content: str | list[str],
        *,
        special: bool,
        add_special: bool = False,
        with_pieces: bool = False,
    ) -> Sequence[Json]:
        body: Mapping[str, Json] = {
            "content": content,
            "parse_special": special,
            "add_special": add_special,
            "with_pieces": with_pieces,
        }
        answer = self.server.call("/tokenize", body)
        tokens = answer.get("tokens") if isinstance(answer, dict) else None
        if not isinstance(tokens, list):
            raise EngineFailed("The language model gave no token ids. Please try again.")
        return tokens


class _Cache:
    """Token ids of the texts used last: a conversation's history is encoded anew each turn."""

    def __init__(self, size: int, *, longest: int) -> None:
        self._size = size
        self._longest = longest
        self._texts: OrderedDict[str, array[int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, text: str) -> array[int] | None:
        with self._lock:
            ids = self._texts.get(text)
            if ids is not None:
                self._texts.move_to_end(text)
            return ids

    def put(self, text: str, ids: array[int]) -> None:
        if len(ids) > self._longest:
            return
        with self._lock:
            self._texts[text] = ids
            if len(self._texts) > self._size:
                self._texts.popitem(last=False)


def _starts_of(spellings: Iterable[str]) -> re.Pattern[str] | None:
    """Matches, without a length, wherever one of ``spellings`` begins."""
    either = "|".join(map(re.escape, spellings))
    return re.compile(f"(?={either})") if either else None


def _spelling(props: Json, name: str) -> str:
    value = props.get(name) if isinstance(props, dict) else None
    return value if isinstance(value, str) else ""
