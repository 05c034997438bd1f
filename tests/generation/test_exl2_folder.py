"""Folders for ExLlamaV2: what is wrong with one is a sentence, what it takes is an estimate."""

from __future__ import annotations

import importlib.util
import json
import re
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.errors import ModelError
from bot.generation.exl2_config import ARCHITECTURES
from bot.generation.exl2_folder import check_folder, read_licence
from bot.generation.exl2_memory import estimate
from tests.support.exl2 import CONFIG, Shapes, exl2, fp16, packed, write_folder, write_tensors


def put(**values: object) -> Callable[[Path], None]:
    """Change config.json; ``None`` takes a key out."""

    def change(folder: Path) -> None:
        changed = {k: v for k, v in {**CONFIG, **values}.items() if v is not None}
        (folder / "config.json").write_text(json.dumps(changed))

    return change


def weights(shapes: Shapes) -> Callable[[Path], None]:
    return lambda folder: write_tensors(folder / "output.safetensors", shapes)


def write(name: str, text: str | bytes) -> Callable[[Path], None]:
    data = text.encode() if isinstance(text, str) else text
    return lambda folder: [(folder / name).write_bytes(data)].clear()


def header(entry: object) -> Callable[[Path], None]:
    text = json.dumps({"model.layers.0.q.weight": entry}).encode()
    return write("output.safetensors", struct.pack("<Q", len(text)) + text + bytes(40))


def remove(*names: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        for name in names:
            (folder / name).unlink()

    return change


def rename(name: str, other: str) -> Callable[[Path], None]:
    return lambda folder: [(folder / name).rename(folder / other)].clear()


def both(*changes: Callable[[Path], None]) -> Callable[[Path], None]:
    def all_of_them(folder: Path) -> None:
        for change in changes:
            change(folder)

    return all_of_them


def index(*files: str) -> Callable[[Path], None]:
    weight_map = {f"model.layers.{number}": name for number, name in enumerate(files)}
    return write("model.safetensors.index.json", json.dumps({"weight_map": weight_map}))


# -- folders that are whole ------------------------------------------------------------------


def test_a_whole_folder_says_what_model_it_holds(tmp_path: Path) -> None:
    path = write_folder(tmp_path / "small-4.65bpw")
    put(quantization_config={"quant_method": "exl2", "bits": 4.65}, eos_token_id=[2, 7])(path)
    write("generation_config.json", '{"eos_token_id": [7, 9]}')(path)
    write("tokenizer_config.json", '{"chat_template": "{{ x }}"}')(path)
    folder = check_folder(path)
    assert folder.name == "small-4.65bpw"
    assert folder.architecture == "LlamaForCausalLM"
    assert folder.quantisation == "EXL2 4.65 bpw"
    assert folder.context_tokens == 2048
    assert (folder.layers, folder.heads, folder.kv_heads, folder.head_dim) == (2, 4, 2, 16)
    assert (folder.hidden_size, folder.intermediate_size, folder.vocabulary) == (64, 160, 320)
    assert folder.eos_ids == (2, 7, 9)
    assert folder.has_chat_template
    assert folder.embedding_bytes == 320 * 64 * 2
    assert folder.weights_bytes == folder.gpu_weights_bytes + folder.embedding_bytes


@pytest.mark.parametrize(
    ("card", "licence"),
    [
        ("---\nlicense: cc-by-nc-4.0\ndatasets:\n- x\n---\n# Model\n", "cc-by-nc-4.0"),
        ("---\nlicense: other\nlicense_name: 'llama2'\n---\n", "llama2"),
        ("---\ntags: [a]\n---\nlicense: mit\n", ""),
        ("license: mit\n", ""),
        ("---\nlicense:\nlanguage: en\n---\n", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_the_licence_is_read_from_the_model_card(
    tmp_path: Path, card: str | None, licence: str
) -> None:
    if card is not None:
        (tmp_path / "README.md").write_text(card, encoding="utf-8")
    assert read_licence(tmp_path) == licence


@pytest.mark.parametrize(
    ("shapes", "quantisation"),
    [
        (exl2({**CONFIG, "hidden_size": 1024, "intermediate_size": 2048}, 5), "EXL2 5.05 bpw"),
        (packed(CONFIG), "GPTQ 4-bit"),
        (fp16(CONFIG), "fp16"),
        (fp16(CONFIG, dtype="BF16"), "fp16"),
        (fp16(CONFIG, dtype="F32"), "fp16"),
    ],
)
def test_the_quantisation_is_seen_in_the_weights(
    tmp_path: Path, shapes: Shapes, quantisation: str
) -> None:
    assert check_folder(write_folder(tmp_path, shapes)).quantisation == quantisation


@pytest.mark.parametrize("dtype", ["F16", "BF16", "F32"])
def test_floats_count_as_they_are_loaded_and_a_tied_head_is_a_copy(
    tmp_path: Path, dtype: str
) -> None:
    whole = check_folder(write_folder(tmp_path / "a", fp16(CONFIG, dtype=dtype)))
    tied = check_folder(write_folder(tmp_path / "b", fp16(CONFIG, dtype=dtype, tied=True)))
    half = check_folder(write_folder(tmp_path / "c", fp16(CONFIG)))
    assert whole.gpu_weights_bytes == tied.gpu_weights_bytes == half.gpu_weights_bytes


def test_an_index_left_over_from_before_the_conversion_says_nothing(tmp_path: Path) -> None:
    path = write_folder(tmp_path)
    index("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")(path)
    assert check_folder(path).layers == 2


def test_what_a_vision_model_reads_pictures_with_is_not_counted(tmp_path: Path) -> None:
    text = {f"language_model.{name}": shape for name, shape in fp16(CONFIG).items()}
    pictures: Shapes = {"vision_tower.layers.0.q.weight": ("F16", (999, 999))}
    path = write_folder(tmp_path, {**text, **pictures})
    vision = {"vision_config": {"model_type": "pixtral"}}
    put(architectures=["LlavaForConditionalGeneration"], **vision)(path)
    write("preprocessor_config.json", "{}")(path)
    alone = check_folder(write_folder(tmp_path / "text", fp16(CONFIG)))
    assert check_folder(path).weights_bytes == alone.weights_bytes


def test_the_same_weights_under_mistrals_names_are_not_counted(tmp_path: Path) -> None:
    path = write_folder(tmp_path)
    before = check_folder(path).weights_bytes
    write_tensors(path / "consolidated.safetensors", {"layers.0.wq.weight": ("F16", (99, 99))})
    assert check_folder(path).weights_bytes == before


@pytest.mark.parametrize(
    "values",
    [
        {"rope_theta": 5e5, "rope_parameters": {"rope_theta": 5e5, "rope_type": "default"}},
        {"rope_parameters": {"rope_theta": 10000, "rope_type": "default"}},
        {"rope_scaling": {"type": "linear", "factor": 4}},
        {"rope_scaling": {"rope_type": "default"}},
        {"text_config": {"num_hidden_layers": 2}, "num_hidden_layers": None},
        {"num_hidden_layers": 2.0},
        {"architectures": ["LLaMAForCausalLM"]},
        {"num_key_value_heads": None},
    ],
)
def test_what_exllamav2_reads_right_is_let_through(
    tmp_path: Path, values: dict[str, object]
) -> None:
    path = write_folder(tmp_path)
    put(**values)(path)
    assert check_folder(path).layers == 2


# -- folders that are not --------------------------------------------------------------------

OUTPUT = "output.safetensors"


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (remove("config.json"), "has no config.json.* Download all files"),
        (write("config.json", "{"), r"config\.json is damaged\. Download it again"),
        (write("config.json", "[]"), r"config\.json is damaged"),
        (write("config.json", b"\xff\xfe"), r"config\.json is damaged"),
        (write("config.json", "[" * 100_000), r"config\.json is damaged"),
        (remove("tokenizer.json"), r"no tokenizer\.json.* Download that file"),
        (
            both(remove("tokenizer.json"), write("tokenizer.model", "x")),
            r"tokenizer\.model but no tokenizer\.json.* or make it",
        ),
        (remove(OUTPUT), r"no \.safetensors files\. Download"),
        (both(remove(OUTPUT), write("pytorch_model.bin", "x")), "old format.* convert them"),
        (both(remove(OUTPUT), write("a.Q4_K.gguf", "GGUF")), r"a\.Q4_K\.gguf is a GGUF file.* ENG"),
        (both(remove(OUTPUT), write("measurement.json", "{}")), r"other branches.*@4\.65bpw"),
        (index(OUTPUT, "b.safetensors"), r"1 of the model's files are missing: b\.safetensors"),
        (
            rename(OUTPUT, "output-00002-of-00003.safetensors"),
            r"2 of the model's files are missing: output-00001-of-00003\.safetensors, output-00003",
        ),
        (write("model.safetensors.index.json", "[1]"), r"index\.json is damaged"),
        (write("model.safetensors.index.json", '{"weight_map": 3}'), r"index\.json is damaged"),
        (write("generation_config.json", "{"), r"generation_config\.json is damaged"),
        (write(OUTPUT, ""), r"no whole \.safetensors file"),
        (write(OUTPUT, struct.pack("<Q", 1 << 60) + b"{}"), r"no whole \.safetensors file"),
        (write(OUTPUT, struct.pack("<Q", 2) + b"[]"), r"no whole \.safetensors file"),
        (header({"dtype": "F16", "shape": [-1], "data_offsets": [0, 0]}), "no whole"),
        (header({"dtype": "F16", "shape": [9**99], "data_offsets": [0, 0]}), r"no whole"),
        (header({"dtype": "F16", "shape": [2], "data_offsets": [4, 0]}), r"no whole"),
        (header({"dtype": "F16", "shape": [2]}), r"no whole \.safetensors"),
        (
            # ExLlamaV2 would write 36 bytes past the room it makes for two numbers.
            header({"dtype": "F16", "shape": [2], "data_offsets": [0, 40]}),
            r"no whole \.safetensors",
        ),
        (write(OUTPUT, "version https://git-lfs.github.com/spec/v1\n"), "git lfs pull"),
        (
            lambda path: write_tensors(path / OUTPUT, exl2(CONFIG, 4), missing_bytes=1),
            r"cut short: [\d,]+ bytes of [\d,]+\. Download it again",
        ),
        (weights(packed(CONFIG, like_awq=True)), r"cannot read this quantisation \(awq\)"),
        (weights(packed(CONFIG, bits=8)), "GPTQ of other than 4 bits.* download one of these"),
        (weights(fp16(CONFIG, dtype="F8_E4M3")), r"quantisation \(F8_E4M3\)"),
        (weights({"model.layers.0.a": ("I32", (1,)), "layers.1.a": ("I32", (1,))}), "none that is"),
        (put(quantization_config={"quant_method": "exl3"}), r"quantisation \(exl3\)"),
        (put(quantization_config={"quant_method": ["\x1b[2J"]}), r"quantisation \(\['.?.?x1b"),
        (put(num_hidden_layers=3), "have 2 of the 3 layers"),
        (put(num_hidden_layers=10**9), "have 2 of the 1000000000 layers"),
        (put(num_hidden_layers=0), "num_hidden_layers is 0, which is no size"),
        (put(hidden_size=None), "hidden_size is missing"),
        (put(vocab_size="many"), "vocab_size is many, which is no size"),
        (put(architectures=["FalconForCausalLM"]), "architecture FalconForCausalLM.* ENGINE=llama"),
        (put(architectures=["LlavaForConditionalGeneration"]), "architecture Llava"),
        (put(architectures=["LlamaForCausalLM"] * 2), "does not name one architecture"),
        (put(architectures=None), "does not name one architecture"),
        (
            put(architectures=["Qwen2VLForConditionalGeneration"], vision_config={}),
            r"reads pictures.* preprocessor_config\.json",
        ),
        (
            put(rope_parameters={"rope_theta": 500000.0, "rope_type": "default"}),
            r'rope_parameters.* Add this line.*: "rope_theta": 500000\.0,$',
        ),
        (
            put(rope_parameters={"rope_theta": 1e4, "rope_type": "llama3", "factor": 8}),
            r"scales positions \(llama3\) in rope_parameters",
        ),
        (put(rope_parameters={"full_attention": {"rope_theta": 1}}), "not read by ExLlamaV2"),
        (put(rope_parameters=[1]), "not read by ExLlamaV2"),
        (put(rope_parameters={"rope_theta": -1}), "rope_theta is -1"),
        (put(rope_scaling={"type": "linear", "rope_type": "linear", "factor": 2}), "both type and"),
        (put(rope_scaling={"rope_type": "yarn", "factor": 2}), "lacks original_max_position_embed"),
        (put(rope_scaling={"type": "su", "long_factor": [], "short_factor": []}), "lacks original"),
        (put(rope_scaling={"type": "xpos"}), "scales positions by xpos"),
        (put(rope_scaling=[1]), "rope_scaling is no object"),
    ],
)  # fmt: skip
def test_what_exllamav2_would_stumble_over_is_a_sentence(
    tmp_path: Path, spoil: Callable[[Path], None], sentence: str
) -> None:
    path = write_folder(tmp_path)
    check_folder(path)
    spoil(path)
    with pytest.raises(ModelError, match=sentence) as caught:
        check_folder(path)
    assert str(caught.value).isprintable()


def test_what_is_no_folder_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"There is no folder .* Set MODEL_PATH"):
        check_folder(tmp_path / "none")
    write("a.gguf", "GGUF")(tmp_path)
    with pytest.raises(
        ModelError, match=r"a\.gguf is a GGUF file.* ENGINE=llamacpp and MODEL_PATH"
    ):
        check_folder(tmp_path / "a.gguf")
    write("a.safetensors", "")(tmp_path)
    with pytest.raises(ModelError, match=r"is a file\. Set MODEL_PATH to the folder"):
        check_folder(tmp_path / "a.safetensors")


GARBAGE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
CONFIG_KEYS = [*CONFIG, "rope_scaling", "rope_parameters", "rope_theta", "text_config", "head_dim"]
CONFIG_KEYS += ["vision_config", "quantization_config", "model_max_length"]
ODD_ROPE = st.dictionaries(
    st.sampled_from(["type", "rope_type", "rope_theta", "factor", "mrope_section"]),
    st.sampled_from(["linear", "default", "yarn"]) | GARBAGE,
    max_size=4,
)
FILES = ["config.json", "generation_config.json", "tokenizer_config.json"]
FILES += ["model.safetensors.index.json", OUTPUT]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(tmp_path_factory.mktemp("model"))


def survives(path: Path) -> None:
    """A folder is refused with a sentence or estimated, and nothing else happens."""
    try:
        folder = check_folder(path)
    except ModelError:
        return
    assert estimate(folder, context_tokens=folder.context_tokens, cache="Q4").total > 0


@given(st.dictionaries(st.sampled_from(CONFIG_KEYS), GARBAGE | ODD_ROPE, min_size=1, max_size=3))
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_config_breaks_the_check(model: Path, values: dict[str, object]) -> None:
    (model / "config.json").write_text(json.dumps({**CONFIG, **values}))
    survives(model)
    (model / "config.json").write_text(json.dumps(CONFIG))


@given(
    st.sampled_from(FILES),
    GARBAGE | st.builds(lambda v: {"weight_map": v, "x": v}, GARBAGE),
    st.binary(max_size=9),
)
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_file_breaks_the_check(model: Path, name: str, value: object, tail: bytes) -> None:
    path = model / name
    before = path.read_bytes() if path.exists() else None
    text = json.dumps(value).encode() + tail
    path.write_bytes(struct.pack("<Q", len(text)) + text if name == OUTPUT else text)
    survives(model)
    if before is None:
        path.unlink()
    else:
        path.write_bytes(before)


ENTRY = st.fixed_dictionaries(
    {
        "dtype": st.sampled_from(["F16", "I32", "", 3]),
        "shape": GARBAGE | st.lists(st.integers(0, 9)),
        "data_offsets": GARBAGE | st.lists(st.integers(-1, 40), min_size=2, max_size=2),
    }
)


@given(
    st.dictionaries(
        st.sampled_from([*exl2(CONFIG, 4), *packed(CONFIG), "é"]), ENTRY | GARBAGE, max_size=30
    )
)
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_header_breaks_the_check(model: Path, header: dict[str, object]) -> None:
    before = (model / OUTPUT).read_bytes()
    text = json.dumps(header).encode()
    (model / OUTPUT).write_bytes(struct.pack("<Q", len(text)) + text + bytes(40))
    survives(model)
    (model / OUTPUT).write_bytes(before)


def test_the_architectures_are_those_of_the_library() -> None:
    """Where the library is installed, its own source is asked."""
    source = importlib.util.find_spec("exllamav2")
    if source is None or source.origin is None:
        pytest.skip("exllamav2 is not installed")
    text = (Path(source.origin).parent / "architecture.py").read_text(encoding="utf-8")
    named = set(re.findall(r'"(\w+(?:ForCausalLM|ForConditionalGeneration|LMHeadModel))"', text))
    assert named == ARCHITECTURES.keys() - {"LLaMAForCausalLM"}
