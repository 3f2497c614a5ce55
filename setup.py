"""Build the Cython kernels; everything else is in pyproject.toml.

Environment variables:

TRFAST_DEBUG=1    bounds checks and zero-division checks in the kernels
TRFAST_OPENMP=0   build without OpenMP (the default where the platform lacks it)
TRFAST_SANITIZE=1 AddressSanitizer and UndefinedBehaviorSanitizer; see `make sanitize`
"""

import os
import sys
from glob import glob

from Cython.Build import cythonize
from setuptools import Extension, setup

DEBUG = os.environ.get("TRFAST_DEBUG", "0") == "1"
SANITIZE = os.environ.get("TRFAST_SANITIZE", "0") == "1"
OPENMP = os.environ.get("TRFAST_OPENMP", "0" if sys.platform == "darwin" else "1") == "1"

KERNELS = [
    "_bic",
    "_cosine",
    "_divergence",
    "_evidence",
    "_gmm",
    "_instruction_set",
    "_ivector",
    "_linkage",
    "_mel",
    "_moments",
    "_normalization",
    "_triplet",
    "_union_find",
    "_viterbi",
]

DIRECTIVES = {
    "language_level": 3,
    "boundscheck": DEBUG,
    "wraparound": False,
    "initializedcheck": DEBUG,
    "cdivision": not DEBUG,
    "embedsignature": True,
}

if sys.platform == "win32":
    # /fp:fast, the only switch with which MSVC reorders sums, also drops NaN and infinity.
    compile_args = ["/O2", "/fp:precise"] + (["/openmp"] if OPENMP else [])
    link_args = []
else:
    # Sums may be reordered (that is what lets the compiler vectorize them); NaN and
    # infinity keep their meaning. SIMD above the baseline: _instruction_sets.h.
    compile_args = [
        "-O3",
        "-fno-math-errno",
        "-fno-trapping-math",
        "-fno-signed-zeros",
        "-fassociative-math",
        # Without it, the code before a loop decides whether it takes up to 20 % longer.
        "-falign-loops=32",
    ] + (["-fopenmp"] if OPENMP else [])
    link_args = ["-fopenmp"] if OPENMP else []
    if SANITIZE:
        found = ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"]
        compile_args += ["-O1", "-g", "-fno-omit-frame-pointer", *found]
        link_args += found

extensions = [
    Extension(
        f"trfast._ext.{name}",
        [f"src/trfast/_ext/{name}.pyx"],
        include_dirs=["src/trfast/_ext"],
        depends=glob("src/trfast/_ext/*.h"),
        extra_compile_args=compile_args,
        extra_link_args=link_args,
    )
    for name in KERNELS
]

setup(ext_modules=cythonize(extensions, compiler_directives=DIRECTIVES, build_dir="build/cython"))
