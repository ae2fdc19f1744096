"""What an answer shows of being right: how likely the model took it to be, and what it rests on."""

from __future__ import annotations

from collections.abc import Sequence

from overlay.answer import Step
from probes.copied import copied_share
from probes.layers import answer_layer
from probes.protocol import Model, Session
from probes.subject import as_text
from selector.confidence import WINDOW, Signs
from selector.volatility_index import BEGINNING, volatility_index

__all__ = ["read_signs"]


def read_signs(
    model: Model,
    session: Session,
    *,
    start: int,
    question: str,
    answer: str,
    rests_on: Sequence[Step],
) -> Signs | None:
    """Read the answer's first tokens once more, and look up what it says in its chunks.

    Args:
        session: ends with the answer.
        start: where the answer begins there.
        answer: its whole text.
        rests_on: the steps whose chunks it was given from, with their drafts.

    Returns:
        None of an answer without a token.
    """
    said = session.tokens[start : start + WINDOW]
    if not said:
        return None
    states = model.capabilities.layer_states
    [twin] = session.fork(1)
    with twin:
        twin.rollback(start)
        read = twin.read(said, (answer_layer(model.info.layers),) if states else ())
    texts = [step.chunk.chunk.text for step in rests_on]
    utilities = [step.verdict.utility or 0.0 for step in rests_on]
    beginning = as_text(model, session.tokens[start : start + BEGINNING])
    return Signs(
        log_prob=read.mean_log_prob,
        copied=copied_share(answer, question, "\n".join(texts)),
        volatility=volatility_index(
            utilities,
            [
                copied_share(beginning, question, text, step.draft)
                for text, step in zip(texts, rests_on, strict=True)
            ],
        ),
        utility=max(utilities, default=0.0),
        state=read.hidden[0].mean(axis=0) if states else None,
    )
