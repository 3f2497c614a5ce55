"""Slow, obvious NumPy twins of the kernels."""
