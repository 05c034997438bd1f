"""The real exllamav2 0.3.2 on CPU tensors, for tests on machines without a GPU.

:func:`install` comes before the first import of exllamav2. What runs then is the library's own
Python, unchanged, with its own C++ for everything that is host code (:mod:`host_build`). Replaced
is what needs a card, and nothing else:

* in the module ``exllamav2_ext``, the CUDA kernels that an unquantised model calls, by torch code
  (:mod:`kernels`). Any other function of it raises :class:`NotImplementedError` with its name, so
  that no test passes on something that was never computed;
* ``flash_attn`` 2.5.7 or later, on which the paged mode stands, by torch code;
* CUDA streams, synchronisation and copies between devices, which have no meaning here.

Where CUDA is there it does nothing: tests then run on the card.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import io
import sys
import types
from collections import Counter
from collections.abc import Callable
from typing import Any, NoReturn

import torch

from tests.exllamav2_on_cpu import host_build, kernels, python_host

WRITTEN_FOR = "0.3.2"

Function = Callable[..., Any]

HOST_FUNCTIONS = (
    "apply_rep_penalty",
    "sample_basic",
    "logit_filter_exclusive",
    "fast_fill_cpu_ones_bool",
    "fast_fadd_cpu",
    "fast_copy_cpu",
    "partial_strings_match",
    "stloader_read",
    "count_match",
)
KERNELS = (
    "rms_norm",
    "layer_norm",
    "head_norm",
    "softcap_",
    "rope_",
    "cache_rotate",
    "fp16_to_q_kv",
    "q_to_fp16_kv",
)


class StandIn(types.ModuleType):
    """Takes the place of ``exllamav2_ext``, and lets tests look on and interfere."""

    def __init__(self) -> None:
        super().__init__("exllamav2_ext")
        self.calls: Counter[str] = Counter()
        """How often each function was called."""
        self.before: dict[str, Callable[[], None]] = {}
        """By a function's name: what is called first. What it raises, the library sees as if the
        function had raised it."""
        self.host_is_compiled = False

    def __getattr__(self, name: str) -> Function:
        if name.startswith("__"):
            raise AttributeError(name)

        def missing(*_args: object, **_named: object) -> NoReturn:
            raise NotImplementedError(
                f"exllamav2_ext.{name} is a CUDA kernel without a stand-in: quantised weights, "
                "tensor parallelism, 8-bit float caches and conversion need a GPU"
            )

        return missing

    def put(self, name: str, function: Function) -> Function:
        """Make ``function`` available under ``name``, counted and open to faults."""

        def called(*args: object, **named: object) -> object:
            self.calls[name] += 1
            if name in self.before:
                self.before[name]()
            return function(*args, **named)

        setattr(self, name, called)
        return called


def install() -> StandIn | None:
    """Put the stand-in in place; ``None`` where CUDA is there and nothing was done.

    Raises:
        RuntimeError: exllamav2 is of another version, or was imported already.
    """
    if torch.cuda.is_available():
        return None
    there = sys.modules.get("exllamav2_ext")
    if isinstance(there, StandIn):
        return there
    if "exllamav2" in sys.modules:
        raise RuntimeError("the stand-in has to be installed before exllamav2 is imported")
    version = importlib.metadata.version("exllamav2").partition("+")[0]
    if version != WRITTEN_FOR:
        raise RuntimeError(f"the stand-in is written for exllamav2 {WRITTEN_FOR}, not {version}")
    extension = _extension()
    sys.modules["exllamav2_ext"] = extension
    _without_cuda()
    sys.modules["flash_attn"] = _flash_attn(extension)
    sys.modules["flash_attn_2_cuda"] = types.ModuleType("flash_attn_2_cuda")
    # It prints that there is no CUDA and that no card suits flash-attn.
    with contextlib.redirect_stdout(io.StringIO()):
        importlib.import_module("exllamav2.generator")
    # exllamav2 has the names that it needs; transformers must not find them.
    del sys.modules["flash_attn"], sys.modules["flash_attn_2_cuda"]
    _on_the_cpu()
    return extension


def _extension() -> StandIn:
    extension = StandIn()
    host = host_build.load()
    extension.host_is_compiled = host is not None
    for name in HOST_FUNCTIONS:
        extension.put(name, getattr(python_host if host is None else host, name))
    for name in KERNELS:
        extension.put(name, getattr(kernels, name))
    return extension


def _flash_attn(extension: StandIn) -> types.ModuleType:
    module = types.ModuleType("flash_attn")
    named: dict[str, object] = {
        "__version__": "2.7.4",
        # Not wrapped: exllamav2 reads its signature.
        "flash_attn_func": kernels.flash_attn_func,
        "flash_attn_varlen_func": kernels.flash_attn_varlen_func,
        "flash_attn_with_kvcache": extension.put(
            "flash_attn_with_kvcache", kernels.flash_attn_with_kvcache
        ),
    }
    vars(module).update(named)
    return module


def _without_cuda() -> None:
    def nothing(*_args: object, **_named: object) -> None:
        """Stands in for what has no meaning on a CPU."""

    vars(torch.cuda).update(synchronize=nothing, set_stream=nothing)


def _on_the_cpu() -> None:
    """Let the library take the CPU for its first card."""

    def torch_device(_index: int) -> str:
        return "cpu"

    def safe_move_tensor(tensor: object, _device: object, non_blocking: bool = False) -> object:
        return tensor

    def set_device_streams() -> None:
        """There are none."""

    # Modules of the library have these under names of their own.
    replacements: dict[str, Function] = {
        "_torch_device": torch_device,
        "safe_move_tensor": safe_move_tensor,
        "set_device_streams": set_device_streams,
    }
    vars(sys.modules["exllamav2.device"])["global_streams"][0] = None
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "exllamav2":
            found = vars(module).keys() & replacements.keys()
            vars(module).update({one: replacements[one] for one in found})
