"""The Jinja that chat templates are written for: what transformers' ``chat_template_utils``
sets up, in Jinja's sandbox.

A chat template comes out of a model file and is a stranger's program. The sandbox keeps it from
Python's insides, it may write no more than :data:`MAX_WRITTEN` characters, and it may go round its
loops for no longer than :data:`MAX_S`.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping, Sequence, Sized
from datetime import datetime
from typing import NoReturn

import jinja2
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension, loopcontrols
from jinja2.nodes import Block, EnvironmentAttribute, ExprStmt, For, Macro, Node, Template
from jinja2.parser import Parser
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bot.errors import ModelError

MAX_WRITTEN = 1_000_000
"""Characters; also of any text, items of any list and bits of any number that it multiplies."""

MAX_S = 2.0
"""Seconds of processor time: a thousand messages take milliseconds."""

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
        environment = self._environment = _Sandbox(
            trim_blocks=True, lstrip_blocks=True, extensions=[_GenerationTag, loopcontrols]
        )
        environment.filters["tojson"] = _tojson
        environment.globals["raise_exception"] = _raise_exception
        environment.globals["strftime_now"] = _strftime_now
        environment.globals["bos_token"] = bos
        environment.globals["eos_token"] = eos
        try:
            tree = environment.parse(source)
            _watch(tree)
            self._template = environment.from_string(tree)
        except _FAULTS as fault:
            raise refusal(str(fault)) from fault

    def write(self, messages: Sequence[Mapping[str, str]]) -> str:
        """What the template writes for ``messages``, the words that ask for a reply included.

        Raises:
            ModelError: the template does not take these messages, or goes on without end.
        """
        chunks: list[str] = []
        size = 0
        self._environment.begin()
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


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's, with limits on what is computed."""

    intercepted_binops = frozenset({"*", "**"})

    def __init__(
        self, *, trim_blocks: bool, lstrip_blocks: bool, extensions: list[type[Extension]]
    ) -> None:
        super().__init__(
            trim_blocks=trim_blocks, lstrip_blocks=lstrip_blocks, extensions=extensions
        )
        self._limits = threading.local()

    def begin(self) -> None:
        """Give the template its time anew, in this thread."""
        self._limits.over = time.thread_time() + MAX_S

    @property
    def has_time(self) -> bool:
        """Raises :class:`SecurityError` when the template's time is over. Looked at by templates,
        see :func:`_watch`; a call through the sandbox would take ten times as long."""
        if time.thread_time() > self._limits.over:
            raise SecurityError(f"it computes for more than {MAX_S:g} seconds")
        return True

    def call_binop(self, context: Context, operator: str, left: object, right: object) -> object:
        match left, right:
            case int(), int():
                one, other = left.bit_length(), right.bit_length()
                size = one * right if operator == "**" else one + other
            case (int() as times, Sized() as many) | (Sized() as many, int() as times):
                size = len(many) * times
            case _:
                size = 0
        if size > MAX_WRITTEN:
            raise SecurityError(f"it multiplies to more than {MAX_WRITTEN}")
        return super().call_binop(context, operator, left, right)


def _watch(tree: Template) -> None:
    """Have the time looked at wherever a template can come by again and again."""
    rounds: list[For | Macro | Block]
    rounds = [*tree.find_all(For), *tree.find_all(Macro), *tree.find_all(Block)]
    for one in rounds:
        one.body.insert(0, ExprStmt(EnvironmentAttribute("has_time"), lineno=one.lineno))


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
