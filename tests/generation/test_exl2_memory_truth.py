"""The estimate of memory beside what ExLlamaV2 itself counts for the same folder."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from bot.generation.exl2_folder import check_folder
from bot.generation.exl2_memory import CACHE_TYPES, buffer_bytes, cache_bytes
from tests.support.exl2 import CONFIG, exl2, fp16, write_folder
from tests.support.exl2_engine import stand_in

stand_in()

import exllamav2  # noqa: E402 - exl2_engine skips this module where it is not installed

WIDE = {**CONFIG, "hidden_size": 128, "num_attention_heads": 4, "num_key_value_heads": 4}
GROUPED = {**WIDE, "num_key_value_heads": 2}
LONG = 1024
CACHES = {
    "fp16": exllamav2.ExLlamaV2Cache,
    "Q8": exllamav2.ExLlamaV2Cache_Q8,
    "Q6": exllamav2.ExLlamaV2Cache_Q6,
    "Q4": exllamav2.ExLlamaV2Cache_Q4,
}


@pytest.mark.parametrize("config", [WIDE, GROUPED], ids=["all heads", "grouped heads"])
@pytest.mark.parametrize("bits", [None, 4, 6.5], ids=["fp16", "EXL2 4", "EXL2 6.5"])
def test_the_library_counts_the_same_bytes(
    tmp_path: Path, config: dict[str, object], bits: float | None
) -> None:
    shapes = fp16(config) if bits is None else exl2(config, bits)
    path = write_folder(tmp_path / "model", shapes, config)
    folder = check_folder(path)
    theirs = exllamav2.ExLlamaV2Config(str(path))
    theirs.max_seq_len = theirs.max_input_len = LONG
    model = exllamav2.ExLlamaV2(theirs)

    embedding, *on_the_card = model.modules
    assert sum(module.weight_footprint() for module in on_the_card) == folder.gpu_weights_bytes
    assert embedding.weight_footprint() == folder.embedding_bytes
    for cache_type in CACHE_TYPES:
        cache = CACHES[cache_type](model, max_seq_len=LONG, lazy=True)
        assert cache_bytes(folder, LONG, cache_type) == _bytes_of(cache, folder.layers), cache_type


def test_the_librarys_buffers_are_in_the_overhead(tmp_path: Path) -> None:
    path = write_folder(tmp_path / "model", exl2(WIDE, 4), WIDE)
    folder = check_folder(path)
    for chunk in (512, LONG):
        theirs = exllamav2.ExLlamaV2Config(str(path))
        theirs.max_seq_len, theirs.max_input_len = LONG, chunk
        model = exllamav2.ExLlamaV2(theirs)
        buffers = max(module.scratch_space_fixed() for module in model.modules)
        # The library adds 128 bytes to each of its buffers.
        assert buffer_bytes(folder, chunk) == pytest.approx(buffers, abs=512)


def _bytes_of(cache: exllamav2.ExLlamaV2CacheBase, layers: int) -> int:
    pairs = math.prod(cache.shape_wk) + math.prod(cache.shape_wv)
    stored = int(layers * pairs * cache.dtype.itemsize)
    if not cache.has_scales:
        return stored
    scales = layers * 2 * math.prod(cache.shape_s) * 2
    unpacked = 2 * math.prod(cache.shape_basic) * 2
    return int(stored + scales + unpacked)
