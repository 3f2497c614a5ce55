"""Work over recordings: in processes of this machine, or on any executor."""

from trfast.execution.dask import DaskExecutor
from trfast.execution.processes import Outcome, map_recordings
from trfast.execution.progress import Progress
from trfast.execution.recordings import DiarizesOne, diarize_all, make_jobs

__all__ = [
    "DaskExecutor",
    "DiarizesOne",
    "Outcome",
    "Progress",
    "diarize_all",
    "make_jobs",
    "map_recordings",
]
