"""Readings to verdicts: the two axes against the budget."""

from __future__ import annotations

from probes.reading import Reading
from selector.axes import utility, volatility
from selector.budget import Budget
from selector.profile import Rated
from selector.thresholds import Thresholds
from selector.verdict import Verdict

__all__ = ["judge", "judge_rated"]


def judge(
    reading: Reading,
    thresholds: Thresholds,
    budget: Budget,
    *,
    spent: float,
    draft: str,
    marginal_drift: float | None = None,
) -> Verdict:
    """Judge one chunk.

    A step spends the volatility that its utility does not cover, ``volatility * (1 - utility)``:
    a new fact moves the model too, so a chunk is rejected for low utility with high volatility,
    not for drift alone. A step budget of 1 rejects nothing; one of 0 rejects everything.

    Args:
        spent: what the accepted steps before this one spent.
        draft: what the model would answer under this chunk alone, for the reason.
        marginal_drift: see :func:`selector.axes.volatility`.
    """
    u = utility(reading, thresholds)
    v = volatility(reading, thresholds, marginal_drift)
    cost = v * (1.0 - u)
    return _verdict(
        cost,
        budget,
        spent,
        axes=(u, v),
        failing="shakes the model",
        over=f"it shakes the model more than its evidence covers: volatility {v:.2f} at utility "
        f"{u:.2f} would spend {cost:.3f}, and a step may spend {budget.step:g}. "
        f"{_cause(reading, thresholds, draft)}",
        what=f"volatility {v:.2f} at utility {u:.2f}",
        within=f"it spends {cost:.2f} of a step's {budget.step:g}.",
    )


def judge_rated(rated: Rated, budget: Budget, *, spent: float, question_gain: float) -> Verdict:
    """Judge one chunk that a profile has rated.

    A step spends the chance that the chunk does not help, ``1 - utility``. The volatility is not
    judged: beyond what the profile weighs, it says nothing of help or harm.

    Args:
        rated: see :meth:`selector.profile.Weights.rate`.
        spent: what the accepted steps before this one spent.
        question_gain: of the chunk, for the reason.
    """
    u = rated.utility
    cost = 1.0 - u
    failing, why = _failing(rated, question_gain)
    return _verdict(
        cost,
        budget,
        spent,
        axes=(u, None),
        failing=failing,
        over=f"{why}: utility {u:.2f} would spend {cost:.2f}, and a "
        f"step may spend {budget.step:g}.",
        what=f"utility {u:.2f}",
        within=f"it spends {cost:.2f} of a step's {budget.step:g}; with it the question is "
        f"{question_gain:+.2f} nats a token likelier.",
    )


def _verdict(
    cost: float,
    budget: Budget,
    spent: float,
    *,
    axes: tuple[float, float | None],
    failing: str,
    over: str,
    what: str,
    within: str,
) -> Verdict:
    """What a step's cost comes to under the budget, and which of the reasons says so.

    Args:
        axes: utility and volatility.
        failing: ``over`` in a few words.
        over: the reason if a step may not spend that much.
        what: what would spend it, if the answer's budget is used up.
        within: the reason if it may.
    """
    u, v = axes
    if cost > budget.step:
        return Verdict(False, failing, over, utility=u, volatility=v, spent=0.0)
    if spent + cost > budget.answer:
        reason = (
            f"the answer's budget is used up: {what} would spend {cost:.3f}, and "
            f"{max(budget.answer - spent, 0):.3f} of {budget.answer:g} is left."
        )
        return Verdict(False, "budget used up", reason, utility=u, volatility=v, spent=0.0)
    return Verdict(True, f"spends {cost:.2f}", within, utility=u, volatility=v, spent=cost)


def _failing(rated: Rated, question_gain: float) -> tuple[str, str]:
    """Why a profile rates a chunk low: in a few words, and as a sentence begins."""
    if rated.instructs > 0.5:
        return (
            "an instruction",
            f"it turns the model as injected instructions do ({rated.instructs:.2f} of 1)",
        )
    return (
        "unlikely to help",
        (
            f"it is not likely to help (with it the question is {question_gain:+.2f} nats a token "
            "likelier)"
        ),
    )


def _cause(reading: Reading, thresholds: Thresholds, draft: str) -> str:
    """The plainest thing to say about why a chunk has little evidence."""
    said = f'"{draft}"' if draft else "nothing"
    support = reading.support_max
    if support is not None and support < thresholds.support_max.centre:
        why = f"which the other chunks support little ({support:+.2f} nats)"
    elif reading.information_gain < thresholds.information_gain.centre:
        why = f"hardly likelier than without it ({reading.information_gain:+.2f} nats)"
    else:
        why = f"of which it leaves the model unsure (entropy drop {reading.entropy_drop:+.2f})"
    return f"It makes the model say {said}, {why}."
