"""The Jinja that chat templates are written for: what transformers' ``chat_template_utils``
sets up, in Jinja's sandbox.

A chat template comes out of a model file and is a stranger's program. The sandbox keeps it from
Python's insides, and it may write no more than :data:`MAX_WRITTEN` characters.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NoReturn

import jinja2
from jinja2.ext import Extension, loopcontrols
from jinja2.nodes import Node
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bot.errors import ModelError

MAX_WRITTEN = 1_000_000

# What expressions can raise when they do not take the messages that they are given.
_FAULTS = (
    jinja2.TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
)


class ChatJinja:
    """One compiled chat template."""

    def __init__(self, source: str, *, bos: str, eos: str) -> None:
        """Raises :class:`ModelError`: this is no Jinja."""
        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=[_GenerationTag, loopcontrols]
        )
        environment.filters["tojson"] = _tojson
        environment.globals["raise_exception"] = _raise_exception
        environment.globals["strftime_now"] = _strftime_now
        environment.globals["bos_token"] = bos
        environment.globals["eos_token"] = eos
        try:
            self._template = environment.from_string(source)
        except _FAULTS as fault:
            raise refusal(str(fault)) from fault

    def write(self, messages: Sequence[Mapping[str, str]]) -> str:
        """What the template writes for ``messages``, the words that ask for a reply included.

        Raises:
            ModelError: the template does not take these messages, or writes without end.
        """
        chunks: list[str] = []
        size = 0
        try:
            for chunk in self._template.generate(
                messages=messages, tools=None, documents=None, add_generation_prompt=True
            ):
                chunks.append(chunk)
                size += len(chunk)
                if size > MAX_WRITTEN:
                    raise refusal(f"it writes more than {MAX_WRITTEN} characters")
        except _FAULTS as fault:
            raise refusal(str(fault)) from fault
        return "".join(chunks)


def refusal(why: str) -> ModelError:
    """The error for a chat template that cannot be used."""
    return ModelError(
        f"The model's own chat template cannot be used: {why[:200].rstrip('.')}. "
        "Set PROMPT_TEMPLATE=vicuna, or take another model."
    )


class _GenerationTag(Extension):
    """``{% generation %}``, with which some templates mark replies for training: no effect."""

    tags = {"generation"}  # noqa: RUF012 - declared by Jinja as it is

    def parse(self, parser: Parser) -> list[Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def _tojson(value: object, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _raise_exception(message: str) -> NoReturn:
    raise jinja2.TemplateError(message)


def _strftime_now(form: str) -> str:
    return datetime.now().astimezone().strftime(form)
