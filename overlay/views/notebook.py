"""A probe report in a notebook."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from probes.report import ProbeReport

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["ProbeView"]


class ProbeView:
    """Shows ``report`` as the last expression of a notebook cell, or printed with Rich.

    Args:
        report: what to show.
        height: of the frame in the notebook, pixels; it scrolls.
    """

    def __init__(self, report: ProbeReport, *, height: int = 800) -> None:
        self.report = report
        self.height = height

    def _repr_html_(self) -> str:
        """The page in a frame of its own: its styles and the notebook's don't mix."""
        from overlay.views.html import render_html

        page = escape(render_html(self.report))
        return (
            f'<iframe title="Probe report" sandbox="" srcdoc="{page}" loading="lazy" '
            f'style="width:100%;height:{self.height}px;border:1px solid #ccc"></iframe>'
        )

    def __rich__(self) -> RenderableType:
        from overlay.views.terminal import report_view

        return report_view(self.report)
