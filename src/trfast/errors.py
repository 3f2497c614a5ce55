"""The errors that trfast raises.

Every message says what was found, what was expected, and what to try.
"""

from typing import NamedTuple


class Problem(NamedTuple):
    """What is wrong in a file, and in which line; 0: in no single one.

    Examples
    --------
    >>> str(Problem(2, "3 fields, expected 10"))
    'line 2: 3 fields, expected 10'
    """

    line: int
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}" if self.line else self.message


class TrfastError(Exception):
    """Base of every error that trfast raises on purpose."""


class AudioError(TrfastError):
    """A recording that cannot be read, or whose samples make no sense."""


class AnnotationError(TrfastError):
    """A malformed annotation: RTTM, UEM, a turn that ends before it starts."""


class MalformedFileError(AnnotationError):
    """A file of turns with parts that cannot be read.

    Parameters
    ----------
    message : str
        Counts them, and lists the first ten.
    problems : tuple of Problem
        All of them.
    """

    def __init__(self, message: str, problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(message)
        self.problems = problems


class ModelError(TrfastError):
    """A model file that cannot be used, or a model that cannot be trained."""


class ParameterError(TrfastError, ValueError):
    """An argument outside what a function accepts."""


class ParameterTypeError(ParameterError, TypeError):
    """An argument of a type that a function does not take."""


class CollectionError(TrfastError):
    """A collection, on disk or as a folder, that cannot be used."""


class ExecutionError(TrfastError):
    """Worker processes that cannot start, or that die."""


class ResourceError(TrfastError):
    """Memory, disk, or a quota is used up; the message names which, and what to do."""


class MissingExtraError(TrfastError, ImportError):
    """An optional library is not installed; the message names the extra to install."""
