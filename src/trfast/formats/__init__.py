"""Annotation formats: one a module, and `FORMATS`, the list of those that are files."""

from trfast.formats.files import find_problems, read_turns, write_turns
from trfast.formats.frames import from_arrow, from_pandas, to_arrow, to_pandas
from trfast.formats.pyannote import from_pyannote, to_pyannote
from trfast.formats.registry import FORMATS, Format, format_of
from trfast.formats.rttm import read_no_score, read_rttm, write_rttm
from trfast.formats.turns_json import json_schema
from trfast.formats.uem import read_uem, write_uem

__all__ = [
    "FORMATS",
    "Format",
    "find_problems",
    "format_of",
    "from_arrow",
    "from_pandas",
    "from_pyannote",
    "json_schema",
    "read_no_score",
    "read_rttm",
    "read_turns",
    "read_uem",
    "to_arrow",
    "to_pandas",
    "to_pyannote",
    "write_rttm",
    "write_turns",
    "write_uem",
]
