"""What an answer shows of being right: how likely the model took it to be, and what it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from overlay.answer import Step
from probes.copied import copied_share
from probes.protocol import Model, Session
from probes.subject import as_text
from selector.confidence import WINDOW, Confidence
from selector.volatility_index import BEGINNING, volatility_index

__all__ = ["NO_SIGNS", "Signs", "read_signs"]


@dataclass(frozen=True, slots=True)
class Signs:
    """See :class:`overlay.answer.Answer`, which has them under the same names.

    Attributes:
        volatility: the volatility index.
    """

    log_prob: float | None
    copied: float | None
    volatility: float

    def confidence(self, weights: Confidence | None) -> float | None:
        """How likely the answer is to be right; None where nothing tells."""
        if weights is None or self.log_prob is None or self.copied is None:
            return None
        return weights.chance(self.log_prob, self.copied, self.volatility)


NO_SIGNS = Signs(log_prob=None, copied=None, volatility=0.0)
"""Of a plain answer, and of none."""


def read_signs(
    model: Model,
    session: Session,
    *,
    start: int,
    question: str,
    answer: str,
    rests_on: Sequence[Step],
) -> Signs:
    """Read the answer's first tokens once more, and look up what it says in its chunks.

    Args:
        session: ends with the answer.
        start: where the answer begins there.
        answer: its whole text.
        rests_on: the steps whose chunks it was given from, with their drafts.
    """
    said = session.tokens[start : start + WINDOW]
    if not said:
        return NO_SIGNS
    [twin] = session.fork(1)
    with twin:
        twin.rollback(start)
        log_prob = twin.read(said).mean_log_prob
    texts = [step.chunk.chunk.text for step in rests_on]
    beginning = as_text(model, session.tokens[start : start + BEGINNING])
    return Signs(
        log_prob=log_prob,
        copied=copied_share(answer, question, "\n".join(texts)),
        volatility=volatility_index(
            [step.verdict.utility or 0.0 for step in rests_on],
            [
                copied_share(beginning, question, text, step.draft)
                for text, step in zip(texts, rests_on, strict=True)
            ],
        ),
    )
