"""How good a ranking of passages is, and how much better than another."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import astuple, dataclass

from overlay.views.text_table import Table
from selector.statistics.interval import mean_interval

__all__ = ["CUT", "Scores", "score", "score_table"]

CUT = 10
_SHOWN = 5  # passages, as many as a model is commonly given


@dataclass(frozen=True, slots=True)
class Scores:
    """Of one question, each from 0 to 1.

    Attributes:
        ndcg: nDCG@10, every helpful passage gaining 1.
        recall: the share of the helpful passages that is among the first five.
        found: 1 where one of them is, else 0.
    """

    ndcg: float
    recall: float
    found: float


def score(ranking: Sequence[str], helpful: Collection[str]) -> Scores:
    """The scores of one ranking.

    Formula: sklearn's ``ndcg_score``; ``|first 5 and helpful| / min(5, |helpful|)``

    Args:
        ranking: different passages, best first; those left out come after all others.
        helpful: at least one.
    """
    from sklearn.metrics import ndcg_score

    first = len(set(ranking[:_SHOWN]) & set(helpful))
    # Those that were not found stand behind everything that counts.
    missed = [0] * CUT + [1] * len(set(helpful) - set(ranking))
    gains = [int(one in helpful) for one in ranking] + missed
    places = [-place for place in range(len(gains))]
    return Scores(
        ndcg=float(ndcg_score([gains], [places], k=CUT)),
        recall=first / min(_SHOWN, len(helpful)),
        found=float(first > 0),
    )


def score_table(
    results: Mapping[str, Mapping[str, Sequence[Scores]]], base: str, *, seed: int
) -> Table:
    """Mean scores of each set and way, and how much more than the base's they are.

    Args:
        results: of each set and way, the scores of its questions in the same order.
        base: the way that the others are compared with.
    """
    rows = []
    for name, ways in results.items():
        for way, scores in ways.items():
            cells = []
            for ours, theirs in zip(_columns(scores), _columns(ways[base]), strict=True):
                cells.append(f"{sum(ours) / len(ours):.3f}")
                cells.append("" if way == base else _difference(ours, theirs, seed))
            rows.append((f"{name}, {way}", str(len(scores)), *cells))
    more = f"more than {base}"
    return Table(
        "What each ranking finds",
        f"Means over the questions of a set. nDCG@{CUT}; recall@{_SHOWN}: the share of the helpful "
        f"passages among the first {_SHOWN}; found: the share of questions with one of them there. "
        "In brackets: 95 % bootstrap interval over questions of the difference.",
        ("", "questions", f"nDCG@{CUT}", more, f"recall@{_SHOWN}", more, "found", more),
        tuple(rows),
    )


def _columns(scores: Sequence[Scores]) -> list[list[float]]:
    return [list(column) for column in zip(*map(astuple, scores), strict=True)]


def _difference(ours: Sequence[float], theirs: Sequence[float], seed: int) -> str:
    apart = [one - other for one, other in zip(ours, theirs, strict=True)]
    return mean_interval(apart, seed=seed, bounds=(-1.0, 1.0)).signed(3)
