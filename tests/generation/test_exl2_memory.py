"""How much of a card's memory a model takes, held to figures that are known."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.generation.exl2_folder import ModelFolder, check_folder
from bot.generation.exl2_memory import CACHE_TYPES, CARD_GIB, cache_bytes, estimate
from tests.support.exl2 import CONFIG, Shapes, exl2, fp16, write_folder

GIB = 1 << 30

LLAMA_7B = {**CONFIG, "vocab_size": 32_000, "hidden_size": 4096, "intermediate_size": 11_008}
LLAMA_7B |= {"num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 32}
LLAMA_13B = {**LLAMA_7B, "hidden_size": 5120, "intermediate_size": 13_824}
LLAMA_13B |= {"num_hidden_layers": 40, "num_attention_heads": 40, "num_key_value_heads": 40}
LLAMA_3_8B = {**LLAMA_7B, "vocab_size": 128_256, "intermediate_size": 14_336}
LLAMA_3_8B |= {"num_key_value_heads": 8, "max_position_embeddings": 8192}
YI_34B = {**LLAMA_7B, "vocab_size": 64_000, "hidden_size": 7168, "intermediate_size": 20_480}
YI_34B |= {"num_hidden_layers": 60, "num_attention_heads": 56, "num_key_value_heads": 8}


def made(path: Path, config: dict[str, object], shapes: Shapes | None = None) -> ModelFolder:
    return check_folder(write_folder(path, shapes or fp16(config), config))


@pytest.mark.parametrize(
    ("config", "parameters"),
    [(LLAMA_7B, 6_738_415_616), (LLAMA_13B, 13_015_864_320), (LLAMA_3_8B, 8_030_261_248)],
    ids=["LLaMA 7B", "LLaMA 13B", "Llama 3 8B"],
)
def test_a_models_published_number_of_parameters_comes_out(
    tmp_path: Path, config: dict[str, object], parameters: int
) -> None:
    folder = made(tmp_path, config)
    assert folder.weights_bytes == 2 * parameters
    assert folder.gpu_weights_bytes + folder.embedding_bytes == 2 * parameters


def test_the_cache_of_known_models_is_as_large_as_it_is_known_to_be(tmp_path: Path) -> None:
    seven, thirteen = made(tmp_path / "7", LLAMA_7B), made(tmp_path / "13", LLAMA_13B)
    grouped = made(tmp_path / "8", LLAMA_3_8B)
    assert cache_bytes(seven, 2048, "fp16") == GIB
    assert cache_bytes(thirteen, 2048, "fp16") == 2048 * 800 * 1024
    assert cache_bytes(grouped, 8192, "fp16") == GIB
    unpacked = 2 * 2 * 2048 * 5120
    for cache, bits in (("Q8", 8.5), ("Q6", 6.5), ("Q4", 4.5)):
        packed_bytes = cache_bytes(thirteen, 2048, cache) - unpacked  # type: ignore[arg-type]
        assert packed_bytes == 2048 * 800 * 1024 * bits / 16


def test_13b_at_4_65_bits_fits_12_gb_and_not_8(tmp_path: Path) -> None:
    folder = made(tmp_path, LLAMA_13B, exl2(LLAMA_13B, 4.65))
    # 12.69 billion weights in layers, 0.16 in the head at 6 bits.
    assert folder.weights_bytes - folder.embedding_bytes == pytest.approx(7.55e9, rel=0.02)
    need = estimate(folder, context_tokens=2048, cache="fp16")
    assert [card for card in CARD_GIB if need.fits(card)] == [12, 16, 24]
    assert need.system_memory == 32_000 * 5120 * 2


def test_more_of_anything_never_takes_less(tmp_path: Path) -> None:
    folder = made(tmp_path / "a", CONFIG, exl2(CONFIG, 4))
    totals = [
        [
            estimate(folder, context_tokens=tokens, cache=cache, lanes=lanes).total
            for tokens in (1, 256, 257, 9999)
        ]
        for cache in reversed(CACHE_TYPES)
        for lanes in (1, 3)
    ]
    assert all(row == sorted(row) for row in totals)
    assert totals[-1][-1] > totals[0][-1]
    whole = estimate(folder, context_tokens=1000, cache="fp16", lanes=3)
    assert whole.cache_tokens == 3 * 1024


def test_a_draft_model_is_counted_with_a_cache_of_its_own(tmp_path: Path) -> None:
    folder, draft = made(tmp_path / "a", LLAMA_7B), made(tmp_path / "b", CONFIG)
    alone = estimate(folder, context_tokens=512, cache="Q6")
    both_ = estimate(folder, context_tokens=512, cache="Q6", draft=draft)
    assert both_.total - alone.total == draft.gpu_weights_bytes + cache_bytes(draft, 512, "Q6")


SIZES = re.findall(
    r"^\| (7B|13B|34B) \| ([\d.]+) \| ([\d.]+) GB \| ([\d.]+) \| ([\d.]+) \| (.+) \|$",
    (Path(__file__).parents[2] / "docs" / "exllamav2.md").read_text(encoding="utf-8"),
    re.MULTILINE,
)


def test_the_documentation_has_sizes() -> None:
    assert len(SIZES) > 10


@pytest.mark.parametrize("row", SIZES, ids=lambda row: f"{row[0]}-{row[1]}")
def test_the_sizes_of_the_documentation_are_those_of_the_estimate(
    tmp_path: Path, row: tuple[str, ...]
) -> None:
    name, bits, download, one, four, card = row
    config = {"7B": LLAMA_7B, "13B": LLAMA_13B, "34B": YI_34B}[name]
    folder = made(tmp_path, config, exl2(config, float(bits)))
    alone = estimate(folder, context_tokens=2048, cache="Q6")
    several = estimate(folder, context_tokens=2048, cache="Q6", lanes=4)
    fitting = [f"{size} GB" for size in CARD_GIB if several.fits(size)]
    assert download == f"{folder.weights_bytes / 1e9:.1f}"
    assert (one, four) == (f"{alone.total / GIB:.1f}", f"{several.total / GIB:.1f}")
    assert card == (fitting or ["two cards"])[0]
