"""Prompts to token ids, with a model folder's ``tokenizer.json``.

Text goes through an encoder that knows none of the added tokens, so whatever a person types is
text; control tokens are put between by their ids. That equals encoding the whole spelled-out
line with control tokens recognised: the tokenizers library, too, cuts a line at its added tokens
and encodes the runs between them independently.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from tokenizers import Tokenizer

from bot.errors import ModelError
from bot.prompts import BOS, EOS, Control, Prompt
from bot.prompts.template_words import template_words

Json = Mapping[str, "Json"] | Sequence["Json"] | str | int | float | bool | None

_BYTE_PIECE = re.compile(r"<0x([0-9A-F]{2})>")
_SPACE = "\u2581"
"""What SentencePiece writes for a space."""


class FolderTokenizer:
    """The vocabulary of one model folder. Safe to use from any thread."""

    def __init__(self, folder: Path, eos_ids: Iterable[int]) -> None:
        """``eos_ids``: the tokens that end a reply, by the model's own files.

        Raises:
            ModelError: a file is missing or says nothing that can be used.
        """
        spec = _object(_read(folder / "tokenizer.json"))
        if not spec:
            raise ModelError(
                f"{folder.name} has no usable tokenizer.json. Download that file of the model too."
            )
        settings = _object(_read(folder / "tokenizer_config.json"))
        self._whole = _tokenizer(spec, folder)
        self._added = _added_tokens(spec)
        kept = _plain_added_tokens(spec, self._whole)
        plain = {**spec, "added_tokens": kept}
        self._first = _tokenizer(plain, folder)
        self._later = _tokenizer(_without_first_space(plain), folder)
        kept_ids = {_id_of(token) for token in kept}
        self._controls = {name: i for name, i in self._added.items() if i not in kept_ids}
        self._control_ids = frozenset(self._controls.values())
        self._typed = _spellings(self._controls)
        self.bytes_of = tuple(_bytes_of_tokens(spec, self._whole, frozenset(_specials(spec))))
        """By token id: the UTF-8 that the token stands for, which may be part of a character;
        empty for special tokens."""
        self.chat_template = _chat_template(folder, settings)
        self.bos = _spelling(settings.get("bos_token"))
        self.eos = _spelling(settings.get("eos_token"))
        named = self._added.get(self.eos)
        self.eos_ids = frozenset(eos_ids) | (frozenset() if named is None else {named})
        self.eos = self.eos or next((n for n, i in self._added.items() if i in self.eos_ids), "")
        self._bos_ids = self._prepended(settings)

    @property
    def control_tokens(self) -> frozenset[str]:
        """Spellings that are control tokens where the chat template writes them."""
        words = template_words(self.chat_template or "", bos=self.bos, eos=self.eos)
        named = {name for name in self._controls if name in words}
        return frozenset(named | {self.bos, self.eos}) - {""}

    def encode(self, prompt: Prompt) -> list[int]:
        """Token ids of ``prompt``.

        Raises:
            ModelError: the model has no such control token.
        """
        ids: list[int] = []
        is_first = True
        for part in prompt:
            if isinstance(part, str):
                ids += self._text(part, is_first=is_first)
                is_first = False
            elif part == BOS:
                ids += self._bos_ids
            else:
                ids.append(self._control(part))
                is_first = False
        return ids

    def _text(self, text: str, *, is_first: bool) -> list[int]:
        # A lone surrogate has no UTF-8.
        text = text.encode(errors="replace").decode()
        encoder = self._first if is_first else self._later
        ids: list[int] = encoder.encode(text, add_special_tokens=False).ids
        if self._control_ids.isdisjoint(ids):
            return ids
        # Some vocabularies find a control token's spelling in plain text: cut within it.
        cuts = [match.start() + 1 for match in self._typed.finditer(text)]
        spans = zip([0, *cuts], [*cuts, len(text)], strict=True)
        ids = []
        for start, end in spans:
            encoder = self._first if is_first and start == 0 else self._later
            ids += encoder.encode(text[start:end], add_special_tokens=False).ids
        return [token for token in ids if token not in self._control_ids]

    def _control(self, control: Control) -> int:
        if control == EOS:
            found = self._added.get(self.eos, min(self.eos_ids, default=None))
        else:
            found = self._controls.get(control.name)
        if found is None:
            what = "end-of-sequence token" if control == EOS else f"control token {control.name}"
            raise ModelError(
                f"The model has no {what}, so this prompt template does not suit it. "
                "Set PROMPT_TEMPLATE=model to use the model's own."
            )
        return found

    def _prepended(self, settings: Mapping[str, Json]) -> list[int]:
        """What the model wants at the beginning: one id for most models, none for some."""
        wanted = settings.get("add_bos_token")
        if wanted is False:
            return []
        alone = self._whole.encode("a", add_special_tokens=False).ids
        whole = self._whole.encode("a", add_special_tokens=True).ids
        before: list[int] = []
        for start in range(len(whole)):
            if whole[start : start + len(alone)] == alone:
                before = whole[:start]
                break
        if not before and wanted is True and self.bos in self._added:
            before = [self._added[self.bos]]
        return before


def _read(path: Path) -> Json:
    """The file's JSON; ``None`` where there is no such file."""
    try:
        parsed: Json = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{path.name} of {path.parent.name} cannot be read. Download it again."
        ) from error
    return parsed


def _object(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}


def _tokenizer(spec: Mapping[str, Json], folder: Path) -> Tokenizer:
    try:
        return Tokenizer.from_str(json.dumps(spec))
    except Exception as error:  # tokenizers raises nothing more specific
        raise ModelError(
            f"tokenizer.json of {folder.name} is of a kind that the tokenizers library does not "
            "know. Update that library, or take another model."
        ) from error


def _entries(spec: Mapping[str, Json]) -> Iterator[Mapping[str, Json]]:
    added = spec.get("added_tokens")
    for token in added if isinstance(added, list) else []:
        if isinstance(token, Mapping):
            yield token


def _id_of(token: Mapping[str, Json]) -> int:
    value = token.get("id")
    return value if isinstance(value, int) else -1


def _added_tokens(spec: Mapping[str, Json]) -> dict[str, int]:
    return {_spelling(token): _id_of(token) for token in _entries(spec)}


def _specials(spec: Mapping[str, Json]) -> Iterator[int]:
    return (_id_of(token) for token in _entries(spec) if token.get("special"))


def _plain_added_tokens(spec: Mapping[str, Json], whole: Tokenizer) -> list[Mapping[str, Json]]:
    """Added tokens that are no control tokens: runs of spaces and line breaks, which some
    vocabularies have as such."""
    vocabulary = whole.get_vocab(with_added_tokens=False)
    return [
        token
        for token in _entries(spec)
        if not token.get("special")
        and _spelling(token).isspace()
        and vocabulary.get(_spelling(token)) == _id_of(token)
    ]


def _without_first_space(spec: Mapping[str, Json]) -> Mapping[str, Json]:
    """For text after a control token, where a vocabulary puts a space before the very first
    text only."""
    pre = spec.get("pre_tokenizer")
    return {**spec, "pre_tokenizer": _never_first(pre)} if isinstance(pre, Mapping) else spec


def _never_first(pre: Mapping[str, Json]) -> Mapping[str, Json]:
    parts = pre.get("pretokenizers")
    if isinstance(parts, list):
        changed = [_never_first(part) if isinstance(part, Mapping) else part for part in parts]
        return {**pre, "pretokenizers": changed}
    if pre.get("prepend_scheme") == "first":
        return {**pre, "prepend_scheme": "never"}
    return pre


def _spellings(controls: Mapping[str, int]) -> re.Pattern[str]:
    """Matches, without a length, wherever a control token's spelling begins."""
    either = "|".join(re.escape(name) for name in controls) or r"\b\B"
    return re.compile(f"(?={either})")


def _bytes_of_tokens(
    spec: Mapping[str, Json], whole: Tokenizer, special: frozenset[int]
) -> Iterator[bytes]:
    by_character = _byte_level() if "ByteLevel" in json.dumps(spec.get("decoder")) else None
    added = {i: name for name, i in _added_tokens(spec).items()}
    for token in range(max(whole.get_vocab().values(), default=-1) + 1):
        piece = whole.id_to_token(token)
        if token in special or piece is None:
            yield b""
        elif token in added:
            yield added[token].encode()
        elif by_character is not None:
            yield bytes(by_character[character] for character in piece if character in by_character)
        elif byte := _BYTE_PIECE.fullmatch(piece):
            yield bytes([int(byte[1], 16)])
        else:
            yield piece.replace(_SPACE, " ").encode()


def _byte_level() -> dict[str, int]:
    """The printable character that stands for each byte in byte-level vocabularies: Latin-1's
    printable ones for themselves, the others from U+0100 on (GPT-2's ``bytes_to_unicode``)."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    table = {chr(byte): byte for byte in printable}
    others = (byte for byte in range(0x100) if byte not in printable)
    return table | {chr(0x100 + n): byte for n, byte in enumerate(others)}


def _spelling(token: Json) -> str:
    """A token of ``tokenizer_config.json`` is its spelling, or an object that has it."""
    value = token.get("content") if isinstance(token, Mapping) else token
    return value if isinstance(value, str) else ""


def _chat_template(folder: Path, settings: Mapping[str, Json]) -> str | None:
    # Newer folders keep it in a file of its own, which then counts.
    alone = folder / "chat_template.jinja"
    if alone.is_file():
        return alone.read_text(encoding="utf-8", errors="replace")
    found = settings.get("chat_template")
    if found is None:
        found = _object(_read(folder / "chat_template.json")).get("chat_template")
    if isinstance(found, list):
        named = {_spelling(_object(one).get("name")): _object(one) for one in found}
        found = named.get("default", {}).get("template")
    return found if isinstance(found, str) else None
