"""Text to :class:`Prompt`. Pure: no I/O, no Discord, no database, no other room."""

from bot.prompts.prompt import BOS, EOS, Control, Part, Prompt

__all__ = ["BOS", "EOS", "Control", "Part", "Prompt"]
