"""From timings to ratios, and to how the cost grows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from eval.bench.measure import Timing
from eval.metrics.interval import Interval, mean_interval

__all__ = ["Comparison", "Growth", "compare", "growth"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The overlay beside plain RAG on ``k`` chunks of ``length`` tokens.

    Attributes:
        mode: how the overlay answered, see :class:`eval.bench.measure.Timing`.
        accepted: mean number of chunks that the overlay let in.
        plain_evaluated, evaluated: median model-token evaluations.
        plain_first, plain_whole: plain RAG's median seconds to the first token, and to the last.
        evaluations, first, whole: mean ratio over the rounds, with its 95 % interval.
    """

    mode: str
    k: int
    length: int
    accepted: float
    plain_evaluated: float
    evaluated: float
    plain_first: float
    plain_whole: float
    evaluations: Interval
    first: Interval
    whole: Interval


@dataclass(frozen=True, slots=True)
class Growth:
    """How what the overlay evaluates beyond plain RAG grows.

    Attributes:
        along: ``k``, or ``length``.
        fixed: what the other one was.
        exponent: slope of the logarithms, fitted by least squares; 1 is linear.
    """

    along: str
    fixed: int
    exponent: float


def compare(timings: Sequence[Timing], *, seed: int) -> list[Comparison]:
    """One row for each way in which the overlay answered, number and length of chunks."""
    modes = [mode for mode in dict.fromkeys(t.mode for t in timings) if mode != "plain"]
    return [
        _compare(mode, k, length, [t for t in timings if (t.k, t.length) == (k, length)], seed)
        for mode in sorted(modes)
        for k, length in dict.fromkeys((t.k, t.length) for t in timings)
    ]


def growth(rows: Sequence[Comparison]) -> Iterator[Growth]:
    """The exponents of cold answers that can be fitted: where there are three points at least."""
    rows = [row for row in rows if row.mode == "overlay"]
    sides: tuple[tuple[str, Callable[[Comparison], int], Callable[[Comparison], int]], ...] = (
        ("k", lambda row: row.k, lambda row: row.length),
        ("length", lambda row: row.length, lambda row: row.k),
    )
    for name, along, other in sides:
        for fixed in sorted({other(row) for row in rows}):
            points = [
                (along(row), row.evaluated - row.plain_evaluated)
                for row in rows
                if other(row) == fixed and row.evaluated > row.plain_evaluated
            ]
            if len({x for x, _ in points}) >= 3:
                yield Growth(name, fixed, _slope(points))


def _compare(mode: str, k: int, length: int, timings: Sequence[Timing], seed: int) -> Comparison:
    plain = {t.repeat: t for t in timings if t.mode == "plain"}
    dosed = {t.repeat: t for t in timings if t.mode == mode}
    pairs = [(plain[repeat], own) for repeat, own in dosed.items() if repeat in plain]

    def ratio(value: Callable[[Timing], float]) -> Interval:
        ratios = [value(own) / max(value(base), 1e-9) for base, own in pairs]
        return mean_interval(ratios, seed=seed, bounds=None)

    return Comparison(
        mode=mode,
        k=k,
        length=length,
        accepted=sum(own.accepted for _, own in pairs) / len(pairs),
        plain_evaluated=median(base.evaluated for base, _ in pairs),
        evaluated=median(own.evaluated for _, own in pairs),
        plain_first=median(base.first for base, _ in pairs),
        plain_whole=median(base.whole for base, _ in pairs),
        evaluations=ratio(lambda t: t.evaluated),
        first=ratio(lambda t: t.first),
        whole=ratio(lambda t: t.whole),
    )


def _slope(points: Sequence[tuple[float, float]]) -> float:
    from scipy.stats import linregress

    xs, ys = zip(*points, strict=True)
    return float(linregress([math.log(x) for x in xs], [math.log(y) for y in ys]).slope)
