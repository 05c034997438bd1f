"""A model folder into memory, and generators on it. Everything here blocks and runs in the
engine's own thread, where torch and exllamav2 are imported too.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from bot.errors import AirocordError, EngineUnavailable, ModelError
from bot.generation.exl2_folder import check_folder
from bot.generation.exl2_memory import CacheType
from bot.generation.exllamav2_attention import (
    Attention,
    Machine,
    choose_attention,
    look_at_flash_attn,
)
from bot.generation.exllamav2_options import DEFAULT_CONTEXT_TOKENS, LoadOptions
from bot.generation.exllamav2_tokens import FolderTokenizer

if TYPE_CHECKING:
    from exllamav2 import ExLlamaV2, ExLlamaV2CacheBase, ExLlamaV2Config, ExLlamaV2Lora
    from exllamav2.generator import ExLlamaV2DynamicGenerator

log = logging.getLogger(__name__)

PAGE = 256
"""Tokens in a page of ExLlamaV2's cache."""

_UNPAGED_CHUNK = 512
"""Without flash-attn a chunk needs memory for itself times the context times the heads."""

_TOKENS_A_STEP = 8
"""The library's buffers hold this many tokens for each lane."""

_DRAFTED = 4
"""Tokens that speculation guesses ahead."""

_LOAD_SHARE = 0.95
"""How much of the progress is the weights; the rest is the warm-up."""


class LoadedModel:
    """A model in memory."""

    def __init__(self, options: LoadOptions, on_progress: Callable[[float], None]) -> None:
        """Load it. ``on_progress`` is called in this thread, with 0.0 to 1.0; to break off it
        raises :class:`asyncio.CancelledError`, which comes out of here.

        Raises:
            ModelError: the folder cannot be used, or the model does not fit.
            EngineUnavailable: exllamav2 cannot be started here.
        """
        self._options = options
        self._on_progress = on_progress
        folder = check_folder(options.folder)
        if isinstance(options.draft, Path):
            check_folder(options.draft, named_by="DRAFT")
        self.tokenizer = FolderTokenizer(options.folder, folder.eos_ids)
        self.attention = options.attention or choose_attention(_machine())
        if not self.attention.paged and options.attention is None:
            # Read when exllamav2 is imported, where a broken flash-attn would end the import.
            os.environ["EXLLAMA_NO_FLASH_ATTN"] = "1"
        _import_library()
        self._model: ExLlamaV2 | None = None
        self._cache: ExLlamaV2CacheBase | None = None
        self._draft: tuple[ExLlamaV2, ExLlamaV2CacheBase] | None = None
        self._lora: ExLlamaV2Lora | None = None
        fault = self._try_to_load()
        if fault is not None:
            # Only now, without the exception and the frames that it kept, is memory freed.
            self.free()
            raise fault
        log.info("%s", self.attention.reason)

    @property
    def lanes(self) -> int:
        """How many replies can be written at once."""
        return self._options.lanes if self.attention.paged else 1

    @property
    def drafted(self) -> int:
        """How many tokens are guessed ahead."""
        return _DRAFTED if self._options.draft else 0

    @property
    def _step_tokens(self) -> int:
        return self.lanes * _TOKENS_A_STEP

    def new_generator(self) -> ExLlamaV2DynamicGenerator:
        """A generator that knows of no job and trusts no page of the cache."""
        # Not at the top: see _import_library.
        from exllamav2.generator import ExLlamaV2DynamicGenerator  # noqa: PLC0415

        drafting: dict[str, object] = {}
        if self._options.draft == "ngram":
            drafting = {"use_ngram_draft": True}
        elif self._draft is not None:
            drafting = {"draft_model": self._draft[0], "draft_cache": self._draft[1]}
        generator = ExLlamaV2DynamicGenerator(
            model=self._model,
            cache=self._cache,
            tokenizer=_NoText(len(self.tokenizer.bytes_of)),
            # The library's default takes a buffer of a quarter million vocabularies.
            max_batch_size=self.lanes,
            max_chunk_size=self._chunk,
            max_sampling_threads=self.lanes,
            num_draft_tokens=_DRAFTED,
            paged=self.attention.paged,
            # A fault in a thread of the library's would be nobody's.
            filter_background_eval=False,
            **drafting,
        )
        if self._lora is not None:
            generator.set_loras(self._lora)
        return generator

    def free(self) -> None:
        """Give the memory back."""
        draft = self._draft
        for model in (self._model, draft[0] if draft else None):
            if model is not None:
                model.unload()
        self._model = self._cache = self._draft = self._lora = None
        release_memory()

    def fault_of(self, error: Exception) -> ModelError:
        """What an error of the library's means for whoever runs the bot; the log gets it all."""
        log.error("%s could not be loaded", self._options.folder.name, exc_info=error)
        return _as_model_error(error, self._options.folder)

    def _try_to_load(self) -> AirocordError | asyncio.CancelledError | None:
        try:
            self._load()
        except (AirocordError, asyncio.CancelledError) as error:
            return error.with_traceback(None)
        except Exception as error:  # noqa: BLE001 - the library raises anything
            return self.fault_of(error)
        return None

    def _load(self) -> None:
        options = self._options
        config = _config(options.folder)
        self.context_tokens = self._window(config.max_seq_len)
        draft = _config(options.draft) if isinstance(options.draft, Path) else None
        configs = [config] if draft is None else [config, draft]
        for one in configs:
            self._suit_attention(one)
        for one in configs:
            self._prepare(one)
        if draft is not None:
            # The draft goes first, so that the model's share is what is left.
            self._draft = self._weights(draft, (), lambda share: None)
        self._model, self._cache = self._weights(
            config, options.gpu_split, lambda share: self._on_progress(share * _LOAD_SHARE)
        )
        if options.lora is not None:
            self._lora = _lora(self._model, options.lora)

    def _window(self, trained: int) -> int:
        wanted = self._options.context_tokens or DEFAULT_CONTEXT_TOKENS
        if wanted > trained and self._options.context_tokens:
            log.warning(
                "CONTEXT_TOKENS=%d is more than the %d that %s was trained with: taking %d",
                wanted,
                trained,
                self._options.folder.name,
                trained,
            )
        return min(wanted, trained)

    def _suit_attention(self, config: ExLlamaV2Config) -> None:
        """Some architectures need more than the flash-attn that is there, or other attention."""
        config.arch_compat_overrides(quiet=True)
        if self.attention.paged and config.no_flash_attn:
            self.attention = Attention(
                False,
                f"Attention is not paged, for flash-attn cannot compute {config.architecture}'s. "
                "It writes one reply at a time.",
            )

    def _prepare(self, config: ExLlamaV2Config) -> None:
        """Set what the library reads while it loads."""
        # Speculation looks a few positions past the end of the window.
        config.max_seq_len = _pages(self.context_tokens + self.drafted)
        config.no_flash_attn = not self.attention.paged
        # The library's fallback by torch's attention lets tokens see those after them.
        config.no_sdpa = not self.attention.paged
        most = self._options.chunk_tokens if self.attention.paged else _UNPAGED_CHUNK
        chunk = max(_pages(min(self._options.chunk_tokens, most)), _pages(self._step_tokens))
        self._chunk = min(chunk, config.max_seq_len)
        config.max_input_len = self._chunk
        # A prompt's tokens need no logits, which would take memory for a whole chunk of them.
        config.max_output_len = self._step_tokens
        config.max_attention_size = self._chunk**2

    def _weights(
        self,
        config: ExLlamaV2Config,
        gpu_split: Sequence[float],
        on_progress: Callable[[float], None],
    ) -> tuple[ExLlamaV2, ExLlamaV2CacheBase]:
        from exllamav2 import ExLlamaV2  # noqa: PLC0415 - as above

        def callback(done: int, total: int) -> None:
            on_progress(done / total)

        model = ExLlamaV2(config)
        make_cache = _cache_class(self._options.cache_type)
        size = config.max_seq_len * self.lanes
        try:
            if gpu_split:
                model.load(list(gpu_split), callback=callback)
                return model, make_cache(model, max_seq_len=size)
            cache = make_cache(model, max_seq_len=size, lazy=True)
            model.load_autosplit(cache, callback=callback)
        except BaseException:
            model.unload()
            raise
        return model, cache


class _NoText:
    """The tokenizer that generators get: it turns no token into text.

    The library looks for stop strings and incomplete characters in the text of each token, and
    is stuck when a model writes U+FFFD itself. Without text it passes on every token at once, and
    text is made of them elsewhere.
    """

    def __init__(self, vocabulary: int) -> None:
        self._pieces = [""] * vocabulary

    def get_id_to_piece_list(self, include_special_tokens: bool = False) -> list[str]:
        return self._pieces

    def get_vocab_size(self) -> int:
        return len(self._pieces)


def release_memory() -> None:
    """Free what nothing refers to any more, on the card too."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the card, or the machine, had no memory left."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or any(
        words in str(error) for words in ("out of memory", "Insufficient VRAM")
    )


def _machine() -> Machine:
    if not torch.cuda.is_available():
        # AMD's build of torch has no version of CUDA either, but one of HIP.
        is_for_cards = torch.version.cuda or torch.version.hip
        why = "" if is_for_cards else ", for this torch is its build for the processor"
        raise EngineUnavailable(
            f"ExLlamaV2 finds no graphics card here{why}. docs/exllamav2.md says what it needs. "
            "Without a card, set ENGINE=llamacpp and MODEL_PATH to a GGUF file."
        )
    version, fault = look_at_flash_attn()
    cards = range(torch.cuda.device_count())
    return Machine(
        flash_attn=version,
        flash_attn_fault=fault,
        capabilities=[torch.cuda.get_device_capability(card) for card in cards],
        switched_off="EXLLAMA_NO_FLASH_ATTN" in os.environ,
    )


def _import_library() -> None:
    try:
        import exllamav2.generator  # noqa: F401, PLC0415 - see top
    except Exception as error:
        log.exception("exllamav2 cannot be imported")
        raise EngineUnavailable(
            f"ExLlamaV2 is installed but does not start ({type(error).__name__}). Install the "
            'build that matches this torch, CUDA and Python, and try: python -c "import '
            'exllamav2". Until then, set ENGINE=llamacpp.'
        ) from error


def _config(folder: Path) -> ExLlamaV2Config:
    from exllamav2 import ExLlamaV2Config  # noqa: PLC0415 - as above

    return ExLlamaV2Config(str(folder))


def _cache_class(cache_type: CacheType) -> type[ExLlamaV2CacheBase]:
    import exllamav2  # noqa: PLC0415 - as above

    classes: dict[CacheType, type[ExLlamaV2CacheBase]] = {
        "fp16": exllamav2.ExLlamaV2Cache,
        "Q8": exllamav2.ExLlamaV2Cache_Q8,
        "Q6": exllamav2.ExLlamaV2Cache_Q6,
        "Q4": exllamav2.ExLlamaV2Cache_Q4,
    }
    return classes[cache_type]


def _lora(model: ExLlamaV2, folder: Path) -> ExLlamaV2Lora:
    from exllamav2 import ExLlamaV2Lora  # noqa: PLC0415 - as above

    try:
        return ExLlamaV2Lora.from_directory(model, str(folder))
    except Exception as error:
        log.exception("the LoRA could not be loaded")
        raise ModelError(
            f"The LoRA in {folder} cannot be used with this model. LORA_PATH names a folder with "
            "adapter_config.json and adapter_model.safetensors made for it."
        ) from error


def _as_model_error(error: Exception, folder: Path) -> ModelError:
    if is_out_of_memory(error):
        return ModelError(
            f"{folder.name} does not fit the graphics card's memory. Set CONTEXT_TOKENS or LANES "
            "lower, CACHE_TYPE=Q4, or take a smaller quantisation."
        )
    return ModelError(
        f"{folder.name} cannot be loaded by ExLlamaV2 ({type(error).__name__}); the log says "
        f"more. Check the folder with: python -m bot model check {folder}"
    )


def _pages(tokens: int) -> int:
    """``tokens`` rounded up to whole pages."""
    return -(-tokens // PAGE) * PAGE
