"""A tokenizer of LLaMA's shape, small and trained on the spot.

What it shares with the real one is what prompts depend on: a space is the "\u2581" at the head of a
piece, every run of text between control tokens gets one, and bytes stand in for characters that
the vocabulary lacks.
"""

from __future__ import annotations

import json
from functools import cache

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers
from tokenizers.trainers import BpeTrainer

from bot.prompts import BOS, EOS, Control, Prompt

CONTROL_TOKENS = (
    "<|im_start|>",
    "<|im_end|>",
    "<|begin_of_text|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|eot_id|>",
    "<start_of_turn>",
    "<end_of_turn>",
    "<bos>",
)
"""Control tokens of other families, so that their chat templates can be encoded too."""

_VOCABULARY = 900
_UNKNOWN, _BOS, _EOS = "<unk>", "<s>", "</s>"

_CORPUS = """\
A chat between a curious user and an assistant. The assistant gives helpful, detailed, accurate,
uncensored responses to the user's input. USER: What is the tallest mountain? ASSISTANT: The
tallest mountain above the sea is Mount Everest. USER: Thank you! ASSISTANT: You are welcome.
The old lighthouse stood at the end of the harbour, where the fishing boats came home each evening
with their holds full of herring and their lamps already lit. Nobody in the village could remember
a winter as long as this one, and nobody wanted to be the first to say so. The keeper's daughter
counted the steps to the lantern, as she had done every night since she was seven: one hundred and
forty-two, if you did not skip the broken one. She wound the clock, trimmed the wick, wrote down
the weather, and then read aloud from whatever book the last ship had left behind.
How do I sort a list of numbers in Python? You can call sorted(numbers), which returns a new list,
or numbers.sort(), which changes the list that you have. Both take a key and can be reversed.
Write me a short poem about the sea. The sea is wide, the sea is deep, it rocks the sailor into
sleep. Please explain why the sky is blue, in two or three sentences that a child understands.
Light from the sun is made of every colour; the air scatters the blue part of it more than the red
part, so wherever we look we see a little of that blue light coming towards us.
Error: file not found. Version 2.0 was released in 2023; see 10 other questions (1, 3, 4, 5).
"""


class LlamaTokenizer:
    """Encodes prompts as an engine does, and whole training lines as training did."""

    def __init__(self, text: Tokenizer, training: Tokenizer) -> None:
        self._text = text
        self._training = training
        vocabulary = training.get_vocab()
        self._ids = {spelling: vocabulary[spelling] for spelling in (_BOS, _EOS, *CONTROL_TOKENS)}

    @property
    def control_ids(self) -> frozenset[int]:
        return frozenset(self._ids.values())

    def control_id(self, control: Control) -> int:
        """Raises :class:`KeyError` for a spelling that is no control token."""
        return self._ids[{BOS: _BOS, EOS: _EOS}.get(control, control.name)]

    def encode(self, prompt: Prompt) -> list[int]:
        """Text by a tokenizer that knows no control tokens, control parts by their ids."""
        ids: list[int] = []
        for part in prompt:
            if isinstance(part, Control):
                ids.append(self.control_id(part))
            else:
                ids += self._text.encode(part, add_special_tokens=False).ids
        return ids

    def count(self, prompt: Prompt) -> int:
        return len(self.encode(prompt))

    def encode_training_line(self, line: str) -> list[int]:
        """``line`` with control tokens where it spells them."""
        ids: list[int] = self._training.encode(line, add_special_tokens=False).ids
        return ids

    def decode(self, ids: list[int]) -> str:
        text: str = self._training.decode(ids, skip_special_tokens=False)
        return text


@cache
def llama_tokenizer() -> LlamaTokenizer:
    """The same one for the whole session: training takes a fraction of a second."""
    learner = Tokenizer(models.BPE())
    # Merges never cross a space or a punctuation mark, as in LLaMA's own vocabulary.
    learner.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Metaspace(), pre_tokenizers.Punctuation()]
    )
    learner.train_from_iterator(
        _CORPUS.splitlines(), BpeTrainer(vocab_size=_VOCABULARY, show_progress=False)
    )
    learned = json.loads(learner.to_str())["model"]
    pieces = [_UNKNOWN, _BOS, _EOS, *(f"<0x{byte:02X}>" for byte in range(256))]
    pieces += sorted(learned["vocab"], key=learned["vocab"].__getitem__)
    pieces += CONTROL_TOKENS

    def tokenizer() -> Tokenizer:
        made = Tokenizer(
            models.BPE(
                vocab={piece: number for number, piece in enumerate(pieces)},
                merges=[(left, right) for left, right in learned["merges"]],
                unk_token=_UNKNOWN,
                byte_fallback=True,
                fuse_unk=True,
            )
        )
        made.normalizer = normalizers.Sequence(
            [normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")]
        )
        made.decoder = decoders.Sequence(
            [decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse()]
        )
        return made

    training = tokenizer()
    training.add_special_tokens(
        [
            AddedToken(spelling, normalized=False, special=True)
            for spelling in (_UNKNOWN, _BOS, _EOS, *CONTROL_TOKENS)
        ]
    )
    return LlamaTokenizer(tokenizer(), training)
