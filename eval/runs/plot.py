"""The stability-accuracy plot: each policy a point, the overlay a curve over its budget."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from eval.runs.loading import Run
from eval.runs.summary import Row, summarise
from selector.statistics.interval import Interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw"]

_DPI = 150
_INK, _SOFT, _ACCENT = "#1c1d20", "#5b5f66", "#c0561a"
_MARKERS = "osD^vPX*<>hp"
# What stands for instability, the first that the run has measured.
_AXES = (
    ("flips, right or wrong", "answers that turn from right to wrong or back (share)"),
    ("flips", "answers that change (share)"),
    ("wrong given", "known wrong answers given (share)"),
)


@dataclass(frozen=True, slots=True)
class _Point:
    policy: str
    x: Interval
    y: Interval
    budget: float | None


def draw(run: Run, form: Literal["svg", "png"]) -> bytes | None:
    """The plot as a picture; None where the run measured no stability.

    Returns:
        SVG in UTF-8, without a header, to stand inside a page; or PNG.
    """
    rows = summarise(run.results, seed=run.seed)
    found = next(((name, label) for name, label in _AXES if _points(rows, name, run)), None)
    if found is None:
        return None
    figure = _figure(_points(rows, found[0], run), found[1], run.title)
    picture = io.BytesIO()
    if form == "png":
        figure.savefig(picture, format="png", dpi=_DPI, metadata={"Software": "Overlay"})
        return picture.getvalue()
    # Without the date, and with ids that do not change, the same run gives the same bytes.
    import matplotlib as mpl

    with mpl.rc_context({"svg.hashsalt": "overlay", "svg.fonttype": "none"}):
        figure.savefig(picture, format="svg", metadata={"Date": None})
    text = picture.getvalue().decode("utf-8")
    return re.sub(r"^.*?(?=<svg)", "", text, flags=re.DOTALL).encode("utf-8")


def _points(rows: Sequence[Row], axis: str, run: Run) -> list[_Point]:
    budgets = {
        _label(policy): policy.get("budget")
        for policy in run.identity["spec"]["policies"]
        if policy["kind"] == "overlay"
    }
    points = []
    for row in rows:
        x, y = row.values[axis], row.values["accuracy"]
        if isinstance(x, Interval) and isinstance(y, Interval):
            points.append(_Point(row.policy, x, y, budgets.get(row.policy)))
    return points


def _label(policy: dict[str, object]) -> str:
    from eval.policies.spec import PolicySpec

    return PolicySpec.model_validate(policy).label


def _figure(points: Sequence[_Point], label: str, title: str) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.5, 5.2), layout="constrained")
    axes = figure.add_subplot()
    curve = sorted((p for p in points if p.budget is not None), key=lambda p: p.budget or 0.0)
    axes.plot([p.x.value for p in curve], [p.y.value for p in curve], color=_ACCENT, lw=1.5)
    others = [p for p in points if p.budget is None]
    for place, point in enumerate(others):
        _draw_point(axes, point, _MARKERS[place % len(_MARKERS)], _INK)
    for point in curve:
        _draw_point(axes, point, "o", _ACCENT)
    _write_budgets(axes, curve)
    axes.set_xlabel(f"{label}; left is stabler", color=_SOFT)
    axes.set_ylabel("accuracy", color=_SOFT)
    axes.set_title(title, loc="left", color=_INK, fontsize=11)
    axes.grid(color="#dcdde0", lw=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(0.06)
    axes.legend(
        loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize=8, labelcolor=_INK
    )
    return figure


def _draw_point(axes: Axes, point: _Point, marker: str, colour: str) -> None:
    x, y = point.x, point.y
    axes.errorbar(
        x.value,
        y.value,
        xerr=[[max(x.value - x.low, 0)], [max(x.high - x.value, 0)]],
        yerr=[[max(y.value - y.low, 0)], [max(y.high - y.value, 0)]],
        fmt=marker,
        ms=6,
        color=colour,
        ecolor="#b9bcc2",
        elinewidth=0.8,
        label=point.policy,
    )


def _write_budgets(axes: Axes, curve: Sequence[_Point]) -> None:
    for point in curve:
        axes.annotate(
            f"{point.budget:g}",
            (point.x.value, point.y.value),
            xytext=(5, 5),
            textcoords="offset points",
            color=_ACCENT,
            fontsize=8,
        )
