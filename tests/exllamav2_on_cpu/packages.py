"""Install what the tests of ExLlamaV2 need, without gigabytes of CUDA.

``python tests/exllamav2_on_cpu/packages.py MARK`` installs into the Python that runs it and writes
the file MARK when everything is there. A torch that is there is kept. Else the CPU build is
wanted, and where it comes from differs:

* macOS and Windows: it is what ``pip install torch`` gives;
* Linux: pip gives the CUDA build, unless it is configured for an index of CPU builds. Then uv,
  which knows where they are, is asked, if it is installed (``pip install uv``).

Where neither has one, nothing is downloaded; the tests are skipped and say so.
"""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

TORCH = "torch==2.13.0"
"""The version that the tests were written with, by pip's and by uv's spelling."""

EXLLAMAV2 = "exllamav2==0.3.2"

_ROOT = Path(__file__).parents[2]
_LIMIT_S = 3600.0
_PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]

NO_CPU_BUILD = (
    "The tests of ExLlamaV2 are left out: pip would install the CUDA build of torch here, which "
    "is gigabytes. For its CPU build, 200 MB, run\n"
    "    .venv/bin/pip install uv\n"
    "    .venv/bin/uv pip install --python .venv --torch-backend cpu torch\n"
    "and then again: make test"
)


def main(mark: Path) -> None:
    """Install, or say what is left out."""
    if importlib.util.find_spec("torch") is None and not _install_cpu_torch():
        print(NO_CPU_BUILD)
        return
    _run([*_PIP, "install", "--quiet", "--editable", f"{_ROOT}[exl2-test]"])
    # It names packages for converting models, which are large and not needed to run one.
    _run([*_PIP, "install", "--quiet", "--no-deps", EXLLAMAV2])
    mark.touch()


def _install_cpu_torch() -> bool:
    if not brings_cuda(_planned()):
        _run([*_PIP, "install", "--quiet", TORCH])
        return True
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if uv is None:
        return False
    where = ["--python", sys.executable, "--torch-backend", "cpu"]
    return _run([uv, "pip", "install", "--quiet", *where, TORCH], may_fail=True)


def _planned() -> list[str]:
    """Names of what pip would install with torch. Downloads descriptions only."""
    plan = subprocess.run(  # noqa: S603 - nothing of it comes from outside
        [*_PIP, "install", "--dry-run", "--quiet", "--report", "-", TORCH],
        capture_output=True,
        text=True,
        check=True,
        timeout=_LIMIT_S,
    )
    # pip puts its warnings before the report.
    report = json.loads(plan.stdout[plan.stdout.index("{") :])
    return [str(item["metadata"]["name"]) for item in report["install"]]


def brings_cuda(names: list[str]) -> bool:
    """Whether packages of these names come with CUDA's libraries."""
    return any(name.casefold().startswith(("nvidia-", "cuda-")) for name in names)


def _run(command: list[str], *, may_fail: bool = False) -> bool:
    done = subprocess.run(  # noqa: S603 - nothing of it comes from outside
        command, cwd=_ROOT, check=not may_fail, timeout=_LIMIT_S
    )
    return done.returncode == 0


if __name__ == "__main__":
    main(Path(sys.argv[1]))
