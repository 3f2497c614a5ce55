"""Pages to look at: who speaks when, in one self-contained HTML file."""

from trfast.report.of_collection import write_collection_report
from trfast.report.page import hours, write_report

__all__ = ["hours", "write_collection_report", "write_report"]
