"""A profile: what was calibrated for one model. ``overlay calibrate`` makes it."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from selector.budget import Budget
from selector.guarantee import BUDGETS
from selector.order import Order
from selector.volatility_index import VolatilityIndex
from selector.weights import Weights

__all__ = ["Fold", "Guarantee", "Profile", "question_key"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Fold(_Frozen):
    """Weights for questions that the calibration set holds, fitted without them.

    Attributes:
        questions: keys of those questions, see :func:`question_key`.
        dataset: whose questions these are, where it was left out as a whole; empty where not.
    """

    dataset: str = ""
    questions: frozenset[str]
    with_states: Weights
    without_states: Weights
    index: VolatilityIndex | None = None


class Guarantee(_Frozen):
    """What a budget promises of the next question, in expectation (conformal risk control).

    Attributes:
        harm: share of the chunks that do not help which are let in, at most.
        loss: share of the helpful chunks that are kept out, at most; None where the budget of the
            answer, or a majority, may keep chunks out that the step budget would let in.
    """

    harm: float
    loss: float | None


class Profile(_Frozen):
    """What was calibrated for one model.

    Attributes:
        model: its name.
        sha256: of its file.
        embedder: the setting of that name, whose similarities the weights take; empty for none.
        layer: whose state delta the weights take; 0 is the first transformer block.
        with_states: weights of question gain and state delta.
        without_states: weights of question gain alone, for a backend that shows no states.
        folds: for the questions that it was calibrated on. Whoever measures on them measures
            weights that have not seen them.
        harm: the share of chunks that do not help which each of
            :data:`selector.guarantee.BUDGETS` lets in at most of the next question, in expectation.
        loss: the share of helpful chunks that it keeps out at most, likewise.
        index: how likely an answer is to be wrong; None where no answers were looked at.
        order: in which chunks enter the context.
        first_dose: how many chunks, the most similar ones, are read before the others; 0 for all
            at once.
        measured: on what and when, and how well it did on questions that it had not seen.
    """

    model: str
    sha256: str
    embedder: str = ""
    layer: Annotated[int, Field(ge=0)]
    with_states: Weights
    without_states: Weights
    folds: tuple[Fold, ...] = ()
    harm: tuple[float, ...] = ()
    loss: tuple[float, ...] = ()
    index: VolatilityIndex | None = None
    order: Order = Order.SIMILAR_LAST
    first_dose: Annotated[int, Field(ge=0)] = 0
    measured: dict[str, Any] = {}

    def weights(self, question: str, *, states: bool) -> Weights:
        """The weights that judge the chunks of a question."""
        chosen = self._unseen(question)
        return chosen.with_states if states else chosen.without_states

    def index_for(self, question: str) -> VolatilityIndex | None:
        """What tells how likely the answer to a question is to be wrong."""
        return self._unseen(question).index

    def _unseen(self, question: str) -> Fold | Profile:
        """What was fitted without the question."""
        key = question_key(question)
        return next((fold for fold in self.folds if key in fold.questions), self)

    def guarantee(self, budget: Budget, chunks: int) -> Guarantee | None:
        """What a budget promises of a question with so many chunks.

        Between two step budgets that were looked at, each promise is the weaker of theirs. A budget
        of the answer lets in fewer chunks, which breaks no promise about what is let in.

        Returns:
            None where the file says nothing of it.
        """
        step = budget.step
        if not self.harm or not self.loss:
            return None
        above = next((n for n, budget in enumerate(BUDGETS) if budget >= step), len(BUDGETS) - 1)
        below = above if BUDGETS[above] <= step else max(above - 1, 0)
        unlimited = budget.answer >= step * chunks
        return Guarantee(harm=self.harm[above], loss=self.loss[below] if unlimited else None)

    def as_json(self) -> str:
        """What stands in its file; equal profiles give equal text."""
        data: dict[str, Any] = self.model_dump(mode="json")
        for fold in data["folds"]:
            fold["questions"].sort()
        return json.dumps(data) + "\n"

    @property
    def digest(self) -> str:
        """Tells two profiles apart."""
        return hashlib.sha256(self.as_json().encode()).hexdigest()


def question_key(question: str) -> str:
    """What a fold knows a question by, without holding its words."""
    return hashlib.sha256(question.strip().encode()).hexdigest()[:12]
