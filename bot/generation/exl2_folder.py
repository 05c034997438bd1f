"""A model's folder for ExLlamaV2, checked before anything is loaded.

Only JSON files and the headers of the weights are read, and nothing of the folder is executed.
What is checked is what ExLlamaV2 0.3.2 would stumble over or, worse, misread in silence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.errors import ModelError
from bot.generation.exl2_config import Config, read_json, shown
from bot.generation.tensor_files import Tensor, read_tensors

_CARD_HEAD = 8_192
"""Characters of a model card that are looked at."""

_FLOATS = {"F16", "BF16", "F32"}
_DTYPES = {"I32", "I16", *_FLOATS}
"""What ``exllamav2/stloader.py`` can read."""

_VISION = (
    *("visual.", "vision_tower.", "vision_encoder.", "vision_language_adapter."),
    *("multi_modal_projector.", "patch_merger."),
)
_EMBEDDINGS = ("embed_tokens.weight", "wte.weight", "tok_embeddings.weight")
_LAYER = re.compile(r"(?:^|\.)(?:layers|blocks|h)\.(\d{1,6})\.")
_SHARD = re.compile(r"(.*)-(\d{5})-of-(\d{5})\.safetensors")
_OLD_WEIGHTS = (".bin", ".pt", ".pth")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFolder:
    """What a model's folder says of the model."""

    name: str
    """The folder's name."""
    architecture: str
    context_tokens: int
    """What the model was trained with; prompt and reply together."""
    quantisation: str
    """Shown to people: "EXL2 4.65 bpw", "GPTQ 4-bit", "fp16"."""
    weights_bytes: int
    """Of the language model, in the files."""
    gpu_weights_bytes: int
    """What of it lies on the GPU once it is loaded: all floats as fp16, no embeddings."""
    embedding_bytes: int
    """The embeddings as fp16, which ExLlamaV2 keeps in the computer's memory."""
    layers: int
    hidden_size: int
    intermediate_size: int
    heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int
    eos_ids: tuple[int, ...]
    """Of config.json, then of generation_config.json; ExLlamaV2 itself takes the first alone."""
    has_chat_template: bool


def check_folder(path: Path, *, named_by: str = "MODEL_PATH") -> ModelFolder:
    """Check a folder. Blocks: headers of a large model take some tens of milliseconds.

    Args:
        named_by: the setting or option that another folder would be named by.

    Raises:
        ModelError: ExLlamaV2 cannot load it, or would misread it.
    """
    try:
        names = _file_names(path, named_by)
        config = Config(read_json(path / "config.json"))
        config.check_positions()
        generation = (
            read_json(path / "generation_config.json") if "generation_config.json" in names else {}
        )
        if config.needs_preprocessor and "preprocessor_config.json" not in names:
            raise ModelError(
                f"{path.name} reads pictures, and ExLlamaV2 needs its preprocessor_config.json. "
                "Download that file too."
            )
        tensors = _text_tensors(path, names, config)
    except OSError as error:
        raise ModelError(
            f"The folder {path} cannot be read ({error.strerror or error}). Give the bot the right "
            "to read it."
        ) from error
    layers = config.size("layers", "num_hidden_layers", "n_layers", "n_layer")
    _check_layers(path, tensors, layers)
    hidden = config.size("hidden", "hidden_size", "d_model", "n_embd")
    heads = config.size("heads", "num_attention_heads", "n_heads", "n_head")
    embedding = sum(2 * t.elements for name, t in tensors.items() if name.endswith(_EMBEDDINGS))
    has_head = any(".lm_head." in f".{name}" or name.startswith("output.") for name in tensors)
    return ModelFolder(
        name=path.resolve().name,
        architecture=config.architecture,
        context_tokens=config.size(
            "context",
            "max_sequence_length",
            "model_max_length",
            "max_position_embeddings",
            "max_seq_len",
            "n_positions",
            default=2048,
        ),
        quantisation=_quantisation(config, tensors),
        weights_bytes=sum(tensor.stored_bytes for tensor in tensors.values()),
        gpu_weights_bytes=sum(
            2 * tensor.elements if tensor.dtype in _FLOATS else tensor.stored_bytes
            for name, tensor in tensors.items()
            if not name.endswith(_EMBEDDINGS)
        )
        # A head that is tied to the embeddings is a copy of them.
        + (0 if has_head else embedding),
        embedding_bytes=embedding,
        layers=layers,
        hidden_size=hidden,
        intermediate_size=config.size(
            "intermediate",
            "moe_intermediate_size",
            "intermediate_size",
            "ffn_config->ffn_hidden_size",
            "n_inner",
            default=4 * hidden,
        ),
        heads=heads,
        kv_heads=config.size(
            "kv_heads", "num_key_value_heads", "attn_config->kv_n_heads", default=heads
        ),
        head_dim=config.size("head_dim", "head_dim", default=hidden // heads or None),
        vocabulary=config.size("vocab", "vocab_size"),
        eos_ids=tuple(
            dict.fromkeys(
                [*_ids(config.find("eos_token_id")), *_ids(generation.get("eos_token_id"))]
            )
        ),
        has_chat_template=_has_template(path, names),
    )


def _ids(value: object) -> Iterator[int]:
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, int) and not isinstance(item, bool):
            yield item


def _has_template(path: Path, names: set[str]) -> bool:
    if "chat_template.jinja" in names:
        return True
    if "tokenizer_config.json" not in names:
        return False
    return bool(read_json(path / "tokenizer_config.json").get("chat_template"))


def read_licence(path: Path) -> str:
    """The licence that the folder's model card names, which begins with lines of YAML as
    https://huggingface.co/docs/hub/model-cards has it. Empty where there is none."""
    try:
        with (path / "README.md").open(encoding="utf-8", errors="replace") as card:
            head = card.read(_CARD_HEAD)
    except OSError:
        return ""
    _, *blocks = re.split(r"^---\s*$", head, maxsplit=2, flags=re.MULTILINE)
    head = blocks[0] if blocks else ""
    said = dict(re.findall(r"^(license\w*):[ \t]*(\S[^\n]*)$", head, re.MULTILINE))
    return str(said.get("license_name") or said.get("license", "")).strip(" \"'")


def _file_names(path: Path, named_by: str) -> set[str]:
    """The names of the folder's files, when those that ExLlamaV2 needs are among them."""
    if not path.exists():
        raise ModelError(
            f"There is no folder {path}. Set {named_by} to the folder of a model for ExLlamaV2."
        )
    if not path.is_dir():
        raise ModelError(
            _is_gguf(path.name, named_by)
            if path.suffix.lower() == ".gguf"
            else f"{path} is a file. Set {named_by} to the folder that the model's files are in."
        )
    names = {entry.name for entry in path.iterdir() if entry.is_file()}
    weights = {name for name in names if name.endswith(".safetensors")}
    if not weights and (gguf := sorted(n for n in names if n.lower().endswith(".gguf"))):
        raise ModelError(_is_gguf(shown(gguf[0]), named_by))
    if not weights and "measurement.json" in names:
        raise ModelError(
            f"{path} has the measurements of a quantisation but no weights: those are in other "
            "branches of its repository. Name one: python -m bot model fetch "
            "hf:owner/repository@4.65bpw"
        )
    if "config.json" not in names:
        raise ModelError(
            f"{path} has no config.json, so it is not the whole folder of a model. Download all "
            "files of the model's repository."
        )
    if "tokenizer.json" not in names:
        raise ModelError(_NO_TOKENIZER if "tokenizer.model" in names else _NO_TOKENIZER_AT_ALL)
    if not weights:
        old = any(name.endswith(_OLD_WEIGHTS) for name in names)
        raise ModelError(
            f"{path} has no .safetensors files"
            + (", only weights in PyTorch's old format" if old else "")
            + ". Download the model's .safetensors files"
            + (", or convert them." if old else ".")
        )
    return names


def _is_gguf(name: str, named_by: str) -> str:
    # A draft model is of the same kind as the model that it helps.
    remedy = (
        "Set ENGINE=llamacpp and MODEL_PATH to it, or download"
        if named_by == "MODEL_PATH"
        else "Download"
    )
    return (
        f"{name} is a GGUF file, which ExLlamaV2 does not read. {remedy} an EXL2 quantisation of "
        "the model."
    )


_NO_TOKENIZER_AT_ALL = (
    "The folder has no tokenizer.json, which ExLlamaV2 needs. Download that file of the model too."
)
_NO_TOKENIZER = (
    "The folder has tokenizer.model but no tokenizer.json, which ExLlamaV2 needs. Take "
    "tokenizer.json from another repository of the same model, or make it: pip install "
    'transformers sentencepiece, then python -c "from transformers import AutoTokenizer as T; '
    "T.from_pretrained('FOLDER').save_pretrained('FOLDER')\""
)


def _text_tensors(path: Path, names: set[str], config: Config) -> Mapping[str, Tensor]:
    """The tensors of the language model, from all files."""
    files = sorted(name for name in names if name.endswith(".safetensors"))
    _check_complete(path, names, files)
    # Mistral's repositories hold the weights a second time, under other names.
    own = [name for name in files if not name.startswith("consolidated")] or files
    tensors: dict[str, Tensor] = {}
    for name in own:
        tensors |= read_tensors(path / name)
    prefix = config.quirks.prefix
    return {
        name: tensor
        for name, tensor in tensors.items()
        if name.startswith(prefix) and not name.startswith(_VISION)
    }


def _check_complete(path: Path, names: set[str], files: list[str]) -> None:
    missing: set[str] = set()
    for name in files:
        if shard := _SHARD.fullmatch(name):
            begin, _, count = shard.groups()
            every = range(1, min(int(count), 9_999) + 1)
            missing |= {f"{begin}-{number:05}-of-{count}.safetensors" for number in every}
    if "model.safetensors.index.json" in names:
        index = read_json(path / "model.safetensors.index.json").get("weight_map")
        if not isinstance(index, dict) or not all(isinstance(n, str) for n in index.values()):
            raise ModelError("model.safetensors.index.json is damaged. Download it again.")
        named = {str(name) for name in index.values()}
        # ExLlamaV2's converter copies the index of the model that it converted, whose files are
        # not there any more: then it says nothing.
        if named & set(files):
            missing |= named
    missing -= names
    if missing:
        some = ", ".join(shown(name) for name in sorted(missing)[:3])
        raise ModelError(
            f"{len(missing)} of the model's files are missing: {some}"
            f"{', …' if len(missing) > 3 else ''}. Download them too."
        )


def _check_layers(path: Path, tensors: Mapping[str, Tensor], layers: int) -> None:
    there = {int(found[1]) for name in tensors if (found := _LAYER.search(name))}
    # By counting, for a damaged config.json may ask for a billion of them.
    count = sum(number < layers for number in there)
    if count < layers:
        raise ModelError(
            f"The weights in {path.name} have {count} of the {layers} layers that config.json "
            "speaks of. Download all files of the model again."
        )


def _quantisation(config: Config, tensors: Mapping[str, Tensor]) -> str:
    given = config.values.get("quantization_config")
    method = given.get("quant_method") if isinstance(given, dict) else None
    if method not in (None, "exl2", "gptq"):
        raise _unknown(method)
    inner = {name: t for name, t in tensors.items() if _LAYER.search(name)}
    if strange := sorted({t.dtype for t in inner.values()} - _DTYPES):
        raise _unknown(strange[0])
    if any(name.endswith(".q_weight") for name in inner):
        said = given.get("bits") if isinstance(given, dict) else None
        if isinstance(said, int | float) and 1 < said <= 16:
            return f"EXL2 {round(float(said), 2)} bpw"
        return f"EXL2 {_bits(inner)} bpw"
    if packed := [name for name in inner if name.endswith(".qweight")]:
        _check_gptq(inner, packed[0].removesuffix(".qweight"))
        return "GPTQ 4-bit"
    if any(name.endswith(".weight") and t.dtype in _FLOATS for name, t in inner.items()):
        return "fp16"
    raise _unknown(method or "none that is known")


def _bits(tensors: Mapping[str, Tensor]) -> float:
    """Bits a weight of what is quantised, from the shapes: ``q_weight`` has a column for each
    output, ``q_invperm`` an element for each input."""
    stored = elements = 0
    for name, tensor in tensors.items():
        base, _, part = name.rpartition(".")
        if part.startswith("q_"):
            stored += tensor.stored_bytes
        if part == "q_weight" and len(tensor.shape) == 2:
            inputs = tensors.get(f"{base}.q_invperm")
            elements += tensor.shape[1] * inputs.elements if inputs else 0
    return round(8 * stored / elements, 2) if elements else 0.0


def _check_gptq(tensors: Mapping[str, Tensor], layer: str) -> None:
    """ExLlamaV2 reads GPTQ of 4 bits alone: eight weights to a number, packed along the inputs.
    AWQ has the same names and packs along the outputs."""
    shapes = [
        tensors[name].shape if (name := f"{layer}.{part}") in tensors else ()
        for part in ("qweight", "qzeros", "scales")
    ]
    if any(len(shape) != 2 for shape in shapes):
        raise _unknown("GPTQ without zeros or scales")
    outputs = shapes[2][1]
    if shapes[0][1] != outputs:
        raise _unknown("awq")
    if shapes[1][1] * 8 != outputs:
        raise _unknown("GPTQ of other than 4 bits")


def _unknown(method: object) -> ModelError:
    return ModelError(
        f"ExLlamaV2 cannot read this quantisation ({shown(method)}). It reads EXL2, GPTQ with 4 "
        "bits and fp16: download one of these."
    )
