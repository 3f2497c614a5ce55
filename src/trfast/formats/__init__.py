"""Annotation formats: one a module."""

from trfast.formats.rttm import read_rttm, write_rttm
from trfast.formats.uem import read_uem, write_uem

__all__ = ["read_rttm", "read_uem", "write_rttm", "write_uem"]
