"""What servers call the same things: sampling, and constraints.

- llama-server: https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md
- vLLM: https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html
- TabbyAPI: https://theroyallab.github.io/tabbyAPI
- others: https://platform.openai.com/docs/api-reference/completions and nothing beside it
"""

from __future__ import annotations

import json
import re
from enum import StrEnum
from typing import Literal

from bot.errors import GenerationError
from bot.generation.completions import Json, Options
from bot.generation.constraint import Constraint, JsonSchema, Matches, OneOf, StartsWith
from bot.generation.engine import SamplingParams
from bot.generation.grammar import grammar_of
from bot.generation.json_grammar import schema_grammar
from bot.generation.pattern import pattern_grammar


class Dialect(StrEnum):
    LLAMA = "llama-server"
    VLLM = "vLLM"
    VLLM_GUIDED = "vLLM before 0.11"
    TABBY = "TabbyAPI"
    PLAIN = "a server of a kind that is not known"

    @property
    def takes_ids(self) -> bool:
        """Whether a prompt may be token ids. TabbyAPI takes text alone."""
        return self is not Dialect.TABBY


_PLAIN_STOPS = 4
"""OpenAI's limit, which others keep to: of more, each request would be refused."""

_STRUCTURED_SINCE = (0, 11)
"""The version of vLLM whose ``structured_outputs`` replaced its ``guided_*``."""


def vllm_dialect(version: str) -> Dialect:
    """``version`` as ``/version`` gives it; one that cannot be read is taken for a new one."""
    found = re.match(r"v?(\d+)\.(\d+)", version)
    old = found is not None and (int(found[1]), int(found[2])) < _STRUCTURED_SINCE
    return Dialect.VLLM_GUIDED if old else Dialect.VLLM


def request_options(dialect: Dialect, params: SamplingParams, *, room: int) -> Options:
    """The fields of a request beside its prompt. All that the server knows are said: its own
    defaults may be others than ours. Stop strings beyond what it takes are left to whoever shows
    the reply, see :mod:`bot.generation.stops`; it only writes a little longer.

    Args:
        room: tokens that the context window leaves to the reply.

    Raises:
        GenerationError: the server is of a kind that cannot be held to a constraint.
        ValueError: the constraint is none that can be held.
    """
    options: dict[str, Json] = {
        "max_tokens": max(1, min(params.max_new_tokens, room)),
        "temperature": params.temperature,
        "top_p": params.top_p,
    }
    if stop := [text for text in params.stop if text]:
        options["stop"] = stop[:_PLAIN_STOPS] if dialect is Dialect.PLAIN else stop
    if params.seed is not None:
        options["seed"] = params.seed
    if dialect is Dialect.LLAMA:
        options |= {
            "top_k": params.top_k,
            "min_p": params.min_p,
            "repeat_penalty": params.repetition_penalty,
            # How sums are rounded depends on what is cached.
            "cache_prompt": params.seed is None,
        }
    elif dialect is not Dialect.PLAIN:
        is_vllm = dialect is not Dialect.TABBY
        options |= {
            "top_k": -1 if is_vllm and params.top_k == 0 else params.top_k,
            "min_p": params.min_p,
            "repetition_penalty": params.repetition_penalty,
        }
    if params.constraint is not None:
        options |= _held(dialect, params.constraint)
    return options


def _held(dialect: Dialect, constraint: Constraint) -> dict[str, Json]:
    if dialect is Dialect.LLAMA:
        return {"grammar": grammar_of(constraint)}
    if dialect is Dialect.PLAIN:
        raise GenerationError(
            "This needs replies of a fixed form, and the server of the language model is of a "
            "kind that is not known to hold them. Please tell whoever runs this bot."
        )
    if isinstance(constraint, JsonSchema):
        schema_grammar(constraint.schema)  # what cannot be held anywhere is refused here too
        schema: Json = json.loads(constraint.schema)
        return _field(dialect, "json", schema)
    return _field(dialect, "regex", _pattern(constraint))


def _field(dialect: Dialect, kind: Literal["json", "regex"], value: Json) -> dict[str, Json]:
    if dialect is Dialect.VLLM:
        return {"structured_outputs": {kind: value}}
    if dialect is Dialect.VLLM_GUIDED:
        return {f"guided_{kind}": value}
    return {"json_schema" if kind == "json" else "regex_pattern": value}


def _pattern(constraint: OneOf | StartsWith | Matches) -> str:
    """As a regular expression, with the one space that a reply may begin with."""
    match constraint:
        case OneOf(choices):
            if not choices or not all(choices):
                raise ValueError("a choice is among at least one string, and none may be empty")
            return f" ?({'|'.join(_literal(choice) for choice in choices)})"
        case StartsWith(prefix):
            return rf" ?{_literal(prefix)}[\s\S]*"
        case Matches(pattern):
            pattern_grammar(pattern)
            return f" ?({pattern})"


def _literal(text: str) -> str:
    """``re.escape`` escapes more, which some engines of regular expressions do not take."""
    return re.sub(r"[\\.^$*+?()\[\]{}|]", r"\\\g<0>", text).replace("\n", r"\n")
