"""Pages and pictures to look at: who speaks when, and how well speakers are told apart."""

from trfast.report.of_collection import write_collection_report
from trfast.report.page import hours, write_report
from trfast.report.plots import draw_timelines, plot_det, plot_timeline, save_plot

__all__ = [
    "draw_timelines",
    "hours",
    "plot_det",
    "plot_timeline",
    "save_plot",
    "write_collection_report",
    "write_report",
]
