"""The command line as somebody runs it who may not read or write everything: root may."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@contextmanager
def closed(place: Path) -> Iterator[Path]:
    """A file or folder that nobody but root may use."""
    mode = place.stat().st_mode
    place.chmod(0)
    try:
        yield place
    finally:
        place.chmod(mode)


def run_bot(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """``python -m bot`` in ``folder``, without root's rights; ``settings`` by their variables'
    names."""
    if os.name != "posix":
        pytest.skip("rights as POSIX has them")
    prefix = []
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("root's rights cannot be given up without setpriv")
        prefix = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]
    return subprocess.run(  # noqa: S603 - our own program
        [*prefix, sys.executable, "-m", "bot", *arguments],
        # So wide that no sentence is broken.
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "COLUMNS": "400", **settings},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
