"""When ExLlamaV2 writes several replies at once, and what is said where it cannot."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.generation.exllamav2_attention import Machine, choose_attention

AMPERE = Machine(flash_attn="2.8.3", flash_attn_fault=None, capabilities=[(8, 6), (9, 0)])


def test_with_flash_attn_on_an_ampere_card_it_is_paged() -> None:
    choice = choose_attention(AMPERE)
    assert choice.paged
    assert choice.reason == "Attention is paged, with flash-attn 2.8.3."


def test_the_oldest_flash_attn_that_pages_is_2_5_7() -> None:
    assert choose_attention(replace(AMPERE, flash_attn="2.5.7")).paged
    assert choose_attention(replace(AMPERE, flash_attn="2.5.7.post1+cu124")).paged
    assert not choose_attention(replace(AMPERE, flash_attn="2.5.6")).paged


@pytest.mark.parametrize(
    ("machine", "why"),
    [
        (replace(AMPERE, flash_attn=None), "flash-attn is not installed"),
        (replace(AMPERE, flash_attn="2.4.2"), "flash-attn 2.4.2 is older than 2.5.7"),
        (
            replace(AMPERE, flash_attn_fault="ImportError: undefined symbol"),
            "flash-attn cannot be loaded (ImportError: undefined symbol)",
        ),
        (replace(AMPERE, capabilities=[(8, 6), (7, 5)]), "cards of the Ampere generation"),
        (replace(AMPERE, switched_off=True), "EXLLAMA_NO_FLASH_ATTN is set"),
    ],
)
def test_everywhere_else_one_reply_at_a_time_and_the_log_says_why(
    machine: Machine, why: str
) -> None:
    choice = choose_attention(machine)
    assert not choice.paged
    assert why in choice.reason
    assert "one reply at a time" in choice.reason
