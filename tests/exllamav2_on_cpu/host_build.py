"""ExLlamaV2's own host-side C++ (sampler, weight reader, string matcher), built without CUDA.

The sources are those inside the installed wheel, unpatched; ``csrc`` adds bindings and empty CUDA
headers. It is compiled once, in about half a minute, and kept beside the library in the virtual
environment. Without a compiler, or with ``EXLLAMAV2_ON_CPU_PYTHON=1``, the Python versions of
:mod:`python_host` are used.
"""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import os
import platform
import shutil
import subprocess
import sysconfig
import tempfile
from pathlib import Path
from types import ModuleType

import torch
from torch.utils.cpp_extension import include_paths, library_paths

log = logging.getLogger(__name__)

_NAME = "exl2_host"
_OWN = Path(__file__).parent / "csrc"
_LIMIT_S = 600.0


def load() -> ModuleType | None:
    """The compiled module; ``None`` where there is no compiler that can make it."""
    if os.environ.get("EXLLAMAV2_ON_CPU_PYTHON") == "1":
        return None
    compiler = os.environ.get("CXX") or shutil.which("g++") or shutil.which("c++")
    if compiler is None:
        log.warning("no C++ compiler: ExLlamaV2's sampler runs in Python, slower")
        return None
    try:
        path = _build(compiler)
    except (OSError, subprocess.SubprocessError) as error:
        log.warning("ExLlamaV2's sampler could not be compiled, Python's is used: %s", error)
        return None
    spec = importlib.util.spec_from_file_location(_NAME, path)
    if spec is None or spec.loader is None:
        return None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _build(compiler: str) -> Path:
    library = _library()
    units = [_OWN / "exl2_host.cpp"]
    units += [
        library / "cpp" / f"{name}.cpp" for name in ("sampling", "sampling_avx2", "profiling")
    ]
    headers = [*_OWN.rglob("*.h"), *library.glob("*.cpp"), *(library / "cpp").iterdir()]
    out = _cache() / _key([*units, *sorted(headers)]) / (_NAME + _suffix())
    if not out.exists():
        out.parent.mkdir(parents=True, exist_ok=True)
        # Beside the result, so that it is put into place at once and whole.
        with tempfile.TemporaryDirectory(dir=out.parent) as work:
            made = Path(work) / out.name
            _link(compiler, _compile(compiler, library, units, Path(work)), made)
            made.replace(out)
    return out


def _library() -> Path:
    spec = importlib.util.find_spec("exllamav2")
    if spec is None or not spec.submodule_search_locations:
        raise OSError("exllamav2 is not installed")
    return Path(spec.submodule_search_locations[0]) / "exllamav2_ext"


def _cache() -> Path:
    if named := os.environ.get("EXLLAMAV2_ON_CPU_CACHE"):
        return Path(named)
    return Path(sysconfig.get_path("platlib")) / "exllamav2_on_cpu_build"


def _suffix() -> str:
    return str(sysconfig.get_config_var("EXT_SUFFIX"))


def _key(files: list[Path]) -> str:
    made_for = f"{torch.__version__} {platform.python_version()} {platform.machine()}"
    digest = hashlib.sha256(made_for.encode())
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _compile(compiler: str, library: Path, units: list[Path], work: Path) -> list[Path]:
    flags = ["-O2", "-fPIC", "-std=c++20", "-w", f"-DTORCH_EXTENSION_NAME={_NAME}"]
    flags += [f"-I{folder}" for folder in (_OWN / "stubs", library, library / "cpp")]
    flags += [f"-isystem{folder}" for folder in (*include_paths(), sysconfig.get_path("include"))]
    objects = [work / f"{unit.stem}.o" for unit in units]
    running = [
        subprocess.Popen(  # noqa: S603 - the compiler of this machine, on files of this project
            [compiler, "-c", str(unit), "-o", str(made), *flags],
            stderr=subprocess.PIPE,
            text=True,
        )
        for unit, made in zip(units, objects, strict=True)
    ]
    try:
        for process in running:
            _, said = process.communicate(timeout=_LIMIT_S)
            if process.returncode:
                raise subprocess.SubprocessError(said[-2000:])
    finally:
        for process in running:
            process.kill()
            process.wait()
    return objects


def _link(compiler: str, objects: list[Path], made: Path) -> None:
    folders = [f"-L{folder}" for folder in library_paths()]
    libraries = ["-lc10", "-ltorch_cpu", "-ltorch", "-ltorch_python", "-pthread"]
    subprocess.run(  # noqa: S603 - as above
        [compiler, "-shared", *map(str, objects), "-o", str(made), *folders, *libraries],
        check=True,
        capture_output=True,
        timeout=_LIMIT_S,
    )
