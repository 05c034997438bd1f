"""Prompts for servers somewhere else: as token ids, or as text where ids cannot be had.

As ids, whatever a person types is text. As text, the server looks for control tokens in all of
it, so their spellings are broken in people's text, and in everything else that is no control
token, by a middle dot: those of the vocabulary where it is known, else whatever has their shape,
see :mod:`bot.generation.remote_marks`. A server puts the beginning-of-sequence token before a
text by itself where the model wants one, so it is left out there.

An engine's prompts are lists of integers, counted by their length. A text goes into such a list
in as many pieces as it has tokens, each the number that its UTF-8 bytes make behind a 1.
"""

from __future__ import annotations

import functools
import itertools
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bot.errors import EngineUnavailable, ModelError
from bot.generation.completions import Json
from bot.generation.gguf import GgufHeader
from bot.generation.llamacpp_tokens import LlamaTokenizer, TokenServer
from bot.generation.remote_dialects import Dialect
from bot.generation.remote_marks import SHAPES, broken, marks_in, starts_of
from bot.prompts import BOS, EOS, Control, Prompt
from bot.prompts.template_words import template_words

_COUNTED_TEXTS = 512

_DEFAULT_EOS = "</s>"
"""LLaMA's, for which the vicuna template is made."""

# A word has a token for three letters at least, anything else one for each of its bytes at most.
_WORD = re.compile(r" ?[A-Za-z]+")


class Tokenizer(Protocol):
    """A vocabulary that can be asked on this machine. Safe to use from any thread."""

    @property
    def control_tokens(self) -> frozenset[str]: ...

    def encode(self, prompt: Prompt) -> list[int]:
        """Raises :class:`ModelError` for a control token that the model does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """A tokenizer, and what the rest of the bot needs to know of it."""

    tokenizer: Tokenizer
    chat_template: str | None
    bos: str
    eos: str
    spellings: frozenset[str]
    """All that a server would take for a control token in a text."""


class IdEncoder:
    """Prompts as the token ids that the server gets."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.encode: Callable[[Prompt], list[int]] = vocabulary.tokenizer.encode

    def payload(self, prompt_ids: Sequence[int]) -> Sequence[int]:
        return prompt_ids


class TextEncoder:
    """Prompts as text, in pieces that count as its tokens do."""

    def __init__(self, vocabulary: Vocabulary | None, count: Callable[[str], int]) -> None:
        """
        Args:
            vocabulary: ``None`` where it is not known.
            count: tokens of a text, or more.
        """
        self.vocabulary = vocabulary
        self._count = count
        known = vocabulary.spellings if vocabulary else ()
        self._starts = starts_of(known) if known else SHAPES
        self._is_prepended = vocabulary and vocabulary.tokenizer.encode(Prompt([BOS])) != []
        self._eos = (vocabulary.eos if vocabulary else "") or _DEFAULT_EOS

    def encode(self, prompt: Prompt) -> list[int]:
        """
        Raises:
            ModelError: the model has no such control token.
            EngineFailed: a server counts the tokens and does not answer.
        """
        ids: list[int] = []
        for at, part in enumerate(prompt):
            if isinstance(part, str):
                text = broken(part.encode(errors="replace").decode(), self._starts)
                ids += pack(text, max(1, self._count(text)))
            else:
                ids += pack(self._spelling(part, is_first=at == 0), 1)
        return ids

    def payload(self, prompt_ids: Sequence[int]) -> str:
        return unpack(prompt_ids)

    def _spelling(self, control: Control, *, is_first: bool) -> str:
        if control == EOS:
            return self._eos
        bos = self.vocabulary.bos if self.vocabulary else ""
        if control == BOS or (is_first and self._is_prepended and control.name == bos):
            return ""
        if self.vocabulary is None or control.name not in self.vocabulary.spellings:
            raise ModelError(
                f"The model has no control token {control.name}, or it is not known here, so this "
                "prompt template does not suit it. Set TOKENIZER_PATH to its tokenizer.json."
            )
        return control.name


Encoder = IdEncoder | TextEncoder


def pack(text: str, count: int) -> list[int]:
    """``text`` in ``count`` numbers, see above; those of no text are 1."""
    data = text.encode()
    cuts = [len(data) * n // count for n in range(count + 1)]
    return [int.from_bytes(b"\x01" + data[a:b]) for a, b in itertools.pairwise(cuts)]


def unpack(numbers: Iterable[int]) -> str:
    """The text of :func:`pack`'s numbers, one call's or several in a row."""
    pieces = (number.to_bytes((number.bit_length() + 7) // 8)[1:] for number in numbers)
    return b"".join(pieces).decode(errors="replace")


def estimate(text: str) -> int:
    """Tokens of a text where no vocabulary is known: more than it has, half as many again for
    English prose, and never fewer for anything but strings of letters that are no words."""
    words = 0
    for match in _WORD.finditer(text):
        words += -(-len(match[0].strip()) // 3)
    rest = _WORD.sub("", text)
    return words + len(rest.encode())


def counter(server: TokenServer, dialect: Dialect, model: str) -> Callable[[str], int]:
    """How tokens of a text are counted: by a server that can, else by an estimate."""
    asks: dict[Dialect, Callable[[str], tuple[str, Json, str]]] = {
        dialect: lambda text: (
            "/tokenize",
            {"model": model, "prompt": text, "add_special_tokens": False},
            "count",
        )
        for dialect in (Dialect.VLLM, Dialect.VLLM_GUIDED)
    }
    asks[Dialect.TABBY] = lambda text: (
        "/v1/token/encode",
        {"text": text, "add_bos_token": False},
        "length",
    )
    ask = asks.get(dialect)
    if ask is None:
        return estimate

    def count(text: str) -> int:
        path, body, field = ask(text)
        answer = server.call(path, body)
        found = answer.get(field) if isinstance(answer, dict) else None
        return found if isinstance(found, int) and found >= 0 else estimate(text)

    return functools.lru_cache(_COUNTED_TEXTS)(count)


def folder_vocabulary(path: Path) -> Vocabulary:
    """The vocabulary of a model's folder, or of its ``tokenizer.json``. Blocks for a second.

    Raises:
        EngineUnavailable: the tokenizers library is not installed.
        ModelError: a file is missing or cannot be used.
    """
    try:
        # Not at the top: it takes half a second, and is not installed everywhere.
        from bot.generation.exllamav2_tokens import FolderTokenizer  # noqa: PLC0415
    except ImportError as error:
        raise EngineUnavailable(
            'TOKENIZER_PATH needs the tokenizers library. Run: pip install -e ".[remote]"'
        ) from error
    folder = path if path.is_dir() else path.parent
    if path.is_file() and path.name != "tokenizer.json":
        raise ModelError(
            f"TOKENIZER_PATH names {path.name}. Set it to the model's tokenizer.json, or to the "
            "folder that has it."
        )
    tokenizer = FolderTokenizer(folder, _eos_ids(folder))
    return Vocabulary(
        tokenizer=tokenizer,
        chat_template=tokenizer.chat_template,
        bos=tokenizer.bos,
        eos=tokenizer.eos,
        spellings=_spellings(folder) | ({tokenizer.bos, tokenizer.eos} - {""}),
    )


def llama_vocabulary(
    server: TokenServer, chat_template: str | None, *, longest_cached: int
) -> Vocabulary:
    """The vocabulary of a llama-server, which is asked for every text. Blocks.

    Raises:
        EngineFailed: the server does not answer.
    """
    # Which tokens it finds in any text only the model's file says; marks that it finds so are.
    marks = {
        mark
        for mark in marks_in(template_words(chat_template or ""))
        if _tokens(server, mark) == 1 and _tokens(server, f"a{mark}") <= 2
    }
    header = GgufHeader(
        context_tokens=None, chat_template=chat_template, user_defined=frozenset(marks)
    )
    tokenizer = LlamaTokenizer(server, header, longest_cached=longest_cached)
    return Vocabulary(
        tokenizer=tokenizer,
        chat_template=chat_template,
        bos=tokenizer.bos,
        eos=tokenizer.eos,
        spellings=tokenizer.control_tokens,
    )


def _tokens(server: TokenServer, text: str) -> int:
    body: Json = {"content": text, "parse_special": False, "add_special": False}
    answer = server.call("/tokenize", body)
    tokens = answer.get("tokens") if isinstance(answer, dict) else None
    return len(tokens) if isinstance(tokens, list) else 0


def _spellings(folder: Path) -> frozenset[str]:
    """All that one of the files of a tokenizer names as an added token: a server may go by any."""
    listed = _field(folder / "tokenizer.json", "added_tokens")
    by_id = _field(folder / "tokenizer_config.json", "added_tokens_decoder")
    entries = [
        *(listed if isinstance(listed, list) else []),
        *(by_id.values() if isinstance(by_id, dict) else []),
    ]
    by_name: list[Json] = [*_object(folder / "added_tokens.json")]
    found = by_name + [one.get("content") for one in entries if isinstance(one, dict)]
    return frozenset(text for text in found if isinstance(text, str) and text.strip())


def _eos_ids(folder: Path) -> set[int]:
    found: set[int] = set()
    for name in ("config.json", "generation_config.json"):
        value = _field(folder / name, "eos_token_id")
        ids = value if isinstance(value, list) else [value]
        found |= {one for one in ids if isinstance(one, int)}
    return found


def _field(path: Path, name: str) -> Json:
    return _object(path).get(name)


def _object(path: Path) -> Mapping[str, Json]:
    """What a file that may be missing says."""
    try:
        read: Json = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return read if isinstance(read, dict) else {}
