"""From timings to ratios, and to how the cost grows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean as mean
from statistics import median

from eval.bench.measure import REFERENCE, Timing
from selector.statistics.interval import Interval, mean_interval

__all__ = ["Comparison", "Growth", "compare", "growth"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One way to answer beside another, on ``k`` chunks of ``length`` tokens.

    Attributes:
        base: the other, see :class:`eval.bench.measure.Timing`.
        mode: the one.
        accepted: mean number of chunks that it let in.
        base_said, said: mean tokens of the answer.
        base_evaluated, evaluated: median model-token evaluations.
        phases: its mean model-token evaluations, by phase.
        base_first, base_whole: the other's median seconds to the first token, and to the last.
        evaluations, first, whole: mean ratio over the rounds, with its 95 % interval. For the whole
            answer it is reckoned at as many tokens as the other said, each taking the time that its
            own took.
        speed: ratio of the tokens a second behind the first one, likewise; None of the overlay,
            which has read an answer's first tokens before it says any.
    """

    base: str
    mode: str
    k: int
    length: int
    accepted: float
    base_said: float
    said: float
    base_evaluated: float
    evaluated: float
    phases: dict[str, float]
    base_first: float
    base_whole: float
    evaluations: Interval
    first: Interval
    whole: Interval
    speed: Interval | None


@dataclass(frozen=True, slots=True)
class Growth:
    """How the overlay's cost beyond plain RAG's own grows.

    That cost is the overlay's model-token evaluations less those of plain RAG on the same chunks
    and question, its reading of every chunk and its answer; medians over the rounds.

    Attributes:
        mode: how the overlay answered.
        along: ``k``, or ``length``.
        fixed: what the other one was.
        exponent: slope of the logarithms, fitted by least squares; 1 is linear.
    """

    mode: str
    along: str
    fixed: int
    exponent: float


def compare(timings: Sequence[Timing], *, seed: int) -> list[Comparison]:
    """One row for each other way to answer, number and length of chunks.

    They are compared with llama-cpp-python where it was measured, else with plain RAG.
    """
    found = list(dict.fromkeys(t.mode for t in timings))
    base = REFERENCE if REFERENCE in found else "plain"
    return [
        _compare(base, mode, [t for t in timings if (t.k, t.length) == (k, length)], seed)
        for mode in sorted(mode for mode in found if mode != base)
        for k, length in dict.fromkeys((t.k, t.length) for t in timings)
    ]


def growth(rows: Sequence[Comparison]) -> Iterator[Growth]:
    """The exponents that can be fitted: where three points at least cost more than plain RAG."""
    sides: tuple[tuple[str, Callable[[Comparison], int], Callable[[Comparison], int]], ...] = (
        ("k", lambda row: row.k, lambda row: row.length),
        ("length", lambda row: row.length, lambda row: row.k),
    )
    for mode in dict.fromkeys(row.mode for row in rows):
        own = [row for row in rows if row.mode == mode]
        for name, along, other in sides:
            for fixed in sorted({other(row) for row in own}):
                points = [
                    (along(row), row.evaluated - row.base_evaluated)
                    for row in own
                    if other(row) == fixed and row.evaluated > row.base_evaluated
                ]
                if len({x for x, _ in points}) >= 3:
                    yield Growth(mode, name, fixed, _slope(points))


def _compare(base_mode: str, mode: str, timings: Sequence[Timing], seed: int) -> Comparison:
    plain = {t.repeat: t for t in timings if t.mode == base_mode}
    dosed = {t.repeat: t for t in timings if t.mode == mode}
    pairs = [(plain[repeat], own) for repeat, own in dosed.items() if repeat in plain]

    def ratio(value: Callable[[Timing], float]) -> Interval:
        ratios = [value(own) / max(value(base), 1e-9) for base, own in pairs]
        return mean_interval(ratios, seed=seed, bounds=None)

    return Comparison(
        base=base_mode,
        mode=mode,
        k=timings[0].k,
        length=timings[0].length,
        accepted=mean(own.accepted for _, own in pairs),
        base_said=mean(base.said for base, _ in pairs),
        said=mean(own.said for _, own in pairs),
        base_evaluated=median(base.evaluated for base, _ in pairs),
        evaluated=median(own.evaluated for _, own in pairs),
        phases={
            phase: mean(own.cost[phase].evaluated if phase in own.cost else 0 for _, own in pairs)
            for phase in dict.fromkeys(phase for _, own in pairs for phase in own.cost)
        },
        base_first=median(base.first for base, _ in pairs),
        base_whole=median(base.whole for base, _ in pairs),
        evaluations=ratio(lambda t: t.evaluated),
        first=ratio(lambda t: t.first),
        whole=mean_interval(
            [_whole_at(own, base.said) / max(base.whole, 1e-9) for base, own in pairs],
            seed=seed,
            bounds=None,
        ),
        speed=ratio(_speed) if mode == "plain" else None,
    )


def _speed(timing: Timing) -> float:
    """Tokens a second behind the first one."""
    return (timing.said - 1) / max(timing.whole - timing.first, 1e-9)


def _whole_at(timing: Timing, said: int) -> float:
    """Seconds that an answer of ``said`` tokens would have taken."""
    return timing.first + (timing.whole - timing.first) * said / max(timing.said, 1)


def _slope(points: Sequence[tuple[float, float]]) -> float:
    from scipy.stats import linregress

    xs, ys = zip(*points, strict=True)
    return float(linregress([math.log(x) for x in xs], [math.log(y) for y in ys]).slope)
