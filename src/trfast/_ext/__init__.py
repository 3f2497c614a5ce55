"""Cython kernels: arithmetic only, no checks, no allocation of outputs.

The loops are compiled once an instruction set, as `_instruction_sets.h` says. All kernels use
the best set of the machine, or the one that the environment variable ``TRFAST_SIMD`` names.
"""

import os
import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec

import scipy

from trfast._ext import _instruction_set
from trfast.errors import ParameterError

_NAMES = ("portable", "avx2", "avx512")


def instruction_sets() -> tuple[str, ...]:
    """List the instruction sets that this machine has, the best last."""
    return _NAMES[: _instruction_set.BEST + 1]


def use_instruction_set(name: str, *, source: str = "the instruction set") -> str:
    """Let all kernels use one of `instruction_sets`, in this process; return the former.

    Raises
    ------
    ParameterError
        If this machine does not have it; the message calls the setting `source`.
    """
    if name not in instruction_sets():
        raise ParameterError(
            f"{source} must be one of {', '.join(instruction_sets())} on this machine, "
            f"got {name!r}; without it, all use the best, {instruction_sets()[-1]}"
        )
    return _NAMES[_instruction_set.choose(_NAMES.index(name))]


def _load_blas() -> None:
    """Load SciPy's BLAS, which kernels call, without the rest of `scipy.linalg`: it is a module of
    its own, and the package around it takes longer to load than all else that inference needs. If
    that fails, kernels load all of it."""
    package, name = "scipy.linalg", "scipy.linalg.cython_blas"
    if package in sys.modules or name in sys.modules:
        return
    spec = PathFinder.find_spec(name, [os.path.join(path, "linalg") for path in scipy.__path__])
    if spec is not None and spec.loader is not None:
        module = sys.modules[name] = module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        except ImportError:
            del sys.modules[name]


_load_blas()
if os.environ.get("TRFAST_SIMD"):
    use_instruction_set(os.environ["TRFAST_SIMD"], source="TRFAST_SIMD")
