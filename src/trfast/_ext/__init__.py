"""Cython kernels: arithmetic only, no checks, no allocation of outputs."""
