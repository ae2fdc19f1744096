"""Conformal risk control: the loosest step budget that keeps a promise about an expected loss."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overlay.errors import InputError

__all__ = [
    "BUDGETS",
    "Loss",
    "Promise",
    "harmful_accepted",
    "helpful_dropped",
    "loosest_budget",
    "loss_table",
    "promised_losses",
]

BUDGETS = tuple(step / 100 for step in range(101))
"""Step budgets that are tried."""

Loss = Callable[[Sequence[float], Sequence[bool], float], float | None]
"""Volatilities and labels of a question's chunks, and a step budget, to a loss from 0 to 1; None
for a question that can have none."""


def harmful_accepted(
    volatilities: Sequence[float], helpful: Sequence[bool], budget: float
) -> float | None:
    """Share of a question's chunks that do not help which a step budget lets in."""
    own = [v for v, helps in zip(volatilities, helpful, strict=True) if not helps]
    return sum(v <= budget for v in own) / len(own) if own else None


def helpful_dropped(
    volatilities: Sequence[float], helpful: Sequence[bool], budget: float
) -> float | None:
    """Share of a question's helpful chunks that a step budget keeps out."""
    own = [v for v, helps in zip(volatilities, helpful, strict=True) if helps]
    return sum(v > budget for v in own) / len(own) if own else None


@dataclass(frozen=True, slots=True)
class Promise:
    """A step budget under which the expected loss of a new question is at most alpha.

    Attributes:
        alpha: what is promised.
        budget: the step budget; None where no budget can promise that.
        lowest: what no promise from so many questions can go below, ``1 / (n + 1)``.
        questions: n.
    """

    alpha: float
    budget: float | None
    lowest: float
    questions: int


def loss_table(
    volatilities: Sequence[Sequence[float]], helpful: Sequence[Sequence[bool]], loss: Loss
) -> NDArray[np.float64]:
    """``[questions, budgets]``: the loss of each question under each of :data:`BUDGETS`.

    Questions that can have no loss are left out.

    Args:
        volatilities, helpful: of each question's chunks.
    """
    rows = [
        [loss(v, helps, budget) for budget in BUDGETS]
        for v, helps in zip(volatilities, helpful, strict=True)
        if loss(v, helps, 0.0) is not None
    ]
    return np.array(rows, dtype=np.float64).reshape(len(rows), len(BUDGETS))


def promised_losses(losses: NDArray[np.float64]) -> NDArray[np.float64]:
    """``[budgets]``: the loss that each step budget promises of the next question.

    Formula: ``(n R(b) + 1) / (n + 1)``, where ``R(b)`` is the mean loss of the n calibration
        questions under the budget b
    Range: 0 to 1
    Source: Angelopoulos et al., 2022, arXiv 2208.02814, eq. 4, with B = 1
    Needs: questions exchangeable with those to come, judged by weights that saw none of them.
        Against someone who writes chunks to get in, it promises nothing.

    Args:
        losses: ``[questions, budgets]``, see :func:`loss_table`.

    Raises:
        InputError: no question can have a loss.
    """
    n = len(losses)
    if not n:
        raise InputError(
            "no question has a chunk that the promise is about",
            hint="calibrate on questions with helpful chunks and others",
            param="files",
        )
    return np.asarray((losses.sum(axis=0) + 1) / (n + 1))


def loosest_budget(losses: NDArray[np.float64], alpha: float) -> Promise:
    """The loosest step budget that promises a loss of at most alpha.

    Formula: of the budgets whose promised loss is at most alpha, and that of all stricter ones
        likewise, the loosest; strict is small for harm let in, and large for help dropped
    Source: see :func:`promised_losses`

    Args:
        losses: ``[questions, budgets]``, rising or falling in the budget.
        alpha: between 0 and 1.

    Raises:
        InputError: alpha is out of range, or no question can have a loss.
    """
    if not 0 < alpha < 1:
        raise InputError(f"alpha is {alpha:g}", hint="between 0 and 1, such as 0.1", param="alpha")
    promised = promised_losses(losses)
    strict_first = range(len(BUDGETS))
    if promised[0] > promised[-1]:
        strict_first = strict_first[::-1]
    chosen = None
    for place in strict_first:
        if promised[place] > alpha:
            break
        chosen = BUDGETS[place]
    return Promise(alpha, chosen, 1 / (len(losses) + 1), len(losses))
