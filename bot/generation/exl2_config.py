"""``config.json`` as ExLlamaV2 0.3.2 reads it, and where it would misread it.

Everything here restates that release's ``exllamav2/config.py`` and ``exllamav2/architecture.py``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.errors import ModelError
from bot.generation.completions import Json

_MAX_BYTES = 16_000_000
_MOST = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """How one architecture differs from Llama, as far as sizes go."""

    prefix: str = ""
    """Of the names of the language model's tensors."""
    needs_pixtral: bool = False
    """Only with a vision part of type pixtral."""
    is_vision: bool = False
    rope_theta: float = 10_000.0
    """Where config.json says none."""
    defaults: tuple[tuple[str, int], ...] = ()
    """What config.json may leave out."""


_LLAMA = Architecture()
_PIXTRAL = Architecture(prefix="language_model.", needs_pixtral=True, is_vision=True)

ARCHITECTURES: Mapping[str, Architecture] = dict.fromkeys(
    (
        "LlamaForCausalLM",
        # The spelling of the first conversions of LLaMA; unknown to ExLlamaV2, which takes
        # everything that is unknown to it for Llama. Here that is right.
        "LLaMAForCausalLM",
        "MistralForCausalLM",
        "MixtralForCausalLM",
        "YiForCausalLM",
        "OrionForCausalLM",
        "Qwen2ForCausalLM",
        "Qwen3ForCausalLM",
        "Qwen3MoeForCausalLM",
        "GemmaForCausalLM",
        "Gemma2ForCausalLM",
        "Starcoder2ForCausalLM",
        "GemmoeForCausalLM",
        "CohereForCausalLM",
        "Cohere2ForCausalLM",
        "DbrxForCausalLM",
        "Phi3ForCausalLM",
        "MiniCPMForCausalLM",
        "InternLM2ForCausalLM",
        "IndexForCausalLM",
        "GraniteForCausalLM",
        "Glm4ForCausalLM",
    ),
    _LLAMA,
) | {
    "LlavaForConditionalGeneration": _PIXTRAL,
    "Mistral3ForConditionalGeneration": _PIXTRAL,
    "Qwen2VLForConditionalGeneration": Architecture(is_vision=True),
    "Qwen2_5_VLForConditionalGeneration": Architecture(is_vision=True),
    "Gemma3ForConditionalGeneration": Architecture(
        prefix="language_model.",
        is_vision=True,
        rope_theta=1e6,
        defaults=(("vocab", 262_208), ("head_dim", 256), ("heads", 8), ("kv_heads", 4)),
    ),
    "GPTBigCodeForCausalLM": Architecture(defaults=(("kv_heads", 1),)),
    "GPT2LMHeadModel": Architecture(),
}
"""What ExLlamaV2 0.3.2 loads: the names that its ``architecture.py`` compares with."""

_ROPE_NEEDS = {
    "linear": ("factor",),
    "su": ("long_factor", "short_factor"),
    "longrope": ("long_factor", "short_factor"),
    "yarn": ("factor", "original_max_position_embeddings"),
    "llama3": (
        "factor",
        "low_freq_factor",
        "high_freq_factor",
        "original_max_position_embeddings",
    ),
    "mrope": ("mrope_section",),
    # Not read by ExLlamaV2, and without effect within the trained window.
    "default": (),
    "dynamic": (),
}


def read_json(path: Path) -> Mapping[str, Json]:
    """A JSON file of a model's folder that holds an object.

    Raises:
        ModelError: it cannot be read, or is something else.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ValueError("too large to be what it should be")
        values = json.loads(path.read_bytes())
        if not isinstance(values, dict):
            raise ValueError("not an object")  # noqa: TRY004 - the file's text is wrong
    except OSError as error:
        raise ModelError(
            f"{path.name} cannot be read ({error.strerror or error}). Give the bot the right to "
            "read the model's folder."
        ) from error
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path.name} is damaged. Download it again.") from error
    return values


def shown(text: object) -> str:
    """Something out of a model's files, fit for a sentence on a terminal."""
    plain = "".join(c if c.isprintable() else "?" for c in str(text))
    return plain if len(plain) <= 80 else plain[:79] + "…"


class Config:
    """One ``config.json``."""

    def __init__(self, values: Mapping[str, Json]) -> None:
        """
        Raises:
            ModelError: ExLlamaV2 does not load this architecture.
        """
        self.values = values
        match values.get("architectures"):
            case [str(name)]:
                self.architecture = name
            case _:
                raise ModelError(
                    "config.json does not name one architecture, so this is no language model "
                    "that ExLlamaV2 can load. Take config.json from the model's own repository."
                )
        known = ARCHITECTURES.get(self.architecture)
        if known is None or (known.needs_pixtral and self._vision_type() != "pixtral"):
            raise ModelError(
                f"ExLlamaV2 cannot load the architecture {shown(self.architecture)}. Choose "
                "another model, or a GGUF file of this one with ENGINE=llamacpp."
            )
        self.quirks = known

    def _vision_type(self) -> Json:
        vision = self.values.get("vision_config")
        return vision.get("model_type") if isinstance(vision, dict) else None

    @property
    def needs_preprocessor(self) -> bool:
        """Whether ExLlamaV2 insists on ``preprocessor_config.json``."""
        return self.quirks.is_vision and isinstance(self.values.get("vision_config"), dict)

    def find(self, *keys: str) -> Json:
        """The first of ``keys`` that is there, at the top and then in ``text_config``; ``a->b``
        is ``b`` in ``a``."""
        text = self.values.get("text_config")
        for where in (self.values, text if isinstance(text, dict) else {}):
            for key in keys:
                value: Json = where
                for step in key.split("->"):
                    value = value.get(step) if isinstance(value, dict) else None
                if value is not None:
                    return value
        return None

    def size(self, name: str, *keys: str, default: int | None = None) -> int:
        """A size under the first of ``keys`` that is there; ``name`` is the quirks' word for it.

        Raises:
            ModelError: it is missing, or no sensible number.
        """
        value = self.find(*keys)
        if value is None:
            value = dict(self.quirks.defaults).get(name, default)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= _MOST:
            said = "is missing" if value is None else f"is {shown(value)}, which is no size"
            raise ModelError(
                f"In config.json, {keys[0]} {said}. Take config.json from the model's own "
                "repository."
            )
        return value

    def check_positions(self) -> None:
        """Refuse a file whose rotary position embedding ExLlamaV2 would misread: the model would
        write nonsense, or nothing.

        Raises:
            ModelError: with the line that mends it, where there is one.
        """
        scaling = self.find("rope_scaling")
        if scaling is not None and not isinstance(scaling, dict):
            raise ModelError(_OTHER_CONFIG.format("rope_scaling is no object"))
        self._check_scaling(scaling or {})
        theta = self._number(self.find("rope_theta", "attn_config->rope_theta"))
        new = self.find("rope_parameters")
        if new is None:
            return
        # Transformers 5 writes both into rope_parameters, which ExLlamaV2 does not look at.
        if not isinstance(new, dict) or any(isinstance(value, dict) for value in new.values()):
            raise ModelError(_OTHER_CONFIG.format("its rope_parameters are not read by ExLlamaV2"))
        meant = self._number(new.get("rope_theta")) or theta
        kind = new.get("rope_type") or new.get("type") or "default"
        if kind not in ("default", "dynamic") and not scaling:
            raise ModelError(
                _OTHER_CONFIG.format(
                    f"it scales positions ({shown(kind)}) in rope_parameters, as transformers 5 "
                    "writes it, and ExLlamaV2 reads rope_scaling"
                )
            )
        if meant is not None and meant != (theta if theta is not None else self.quirks.rope_theta):
            raise ModelError(
                "ExLlamaV2 would misread config.json: it has rope_theta in rope_parameters, as "
                "transformers 5 writes it. Add this line right behind the first brace of "
                f'config.json: "rope_theta": {meant},'
            )

    @staticmethod
    def _number(value: Json) -> float | None:
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e30:
            raise ModelError(_OTHER_CONFIG.format(f"rope_theta is {shown(value)}"))
        return float(value)

    def _check_scaling(self, scaling: Mapping[str, Json]) -> None:
        old, new = scaling.get("type"), scaling.get("rope_type")
        if old and new:
            raise ModelError(
                "ExLlamaV2 refuses a config.json whose rope_scaling has both type and rope_type. "
                'Delete the line of "type" from rope_scaling in config.json.'
            )
        kind = old or new
        if not scaling or kind is None:
            return
        needs = _ROPE_NEEDS.get(kind) if isinstance(kind, str) else None
        if needs is None:
            raise ModelError(
                _OTHER_CONFIG.format(f"it scales positions by {shown(kind)}, which is unknown")
            )
        missing = [key for key in needs if scaling.get(key) is None]
        if kind in ("su", "longrope") and "original_max_position_embeddings" not in self.values:
            missing.append("original_max_position_embeddings")
        if missing:
            raise ModelError(_OTHER_CONFIG.format(f"its rope_scaling lacks {', '.join(missing)}"))


_OTHER_CONFIG = (
    "ExLlamaV2 would misread config.json: {}. Take config.json from the model's own repository, as "
    "transformers 4 wrote it."
)
