"""Removal on a kept KV cache: what an answer loses when spans of its context are masked.

Nothing but the prompt behind the context and the answer is evaluated again for a span, so the
tokens between keep what they took from it. How far that is from a true removal is measured by
``overlay lab faithfulness``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from probes.influence import removal
from probes.loss_sensitivity import loss_sensitivity
from probes.protocol import Session
from probes.subject import Span, Subject
from probes.trajectory import Trajectory

__all__ = ["Masker"]

Float64Array = NDArray[np.float64]

# Forks that are scored in one batch: a model has 64 sequences for everything that is open.
_FORKS = 24


class Masker:
    """Scores the answer of a trajectory with parts of the whole context changed.

    Args:
        context: a session that holds prefix and all sources; it stays as it is.
    """

    def __init__(self, subject: Subject, trajectory: Trajectory, context: Session) -> None:
        self._model = subject.model
        self._tail = subject.tail
        self._answer = trajectory.answer
        self._log_prob = trajectory.log_prob
        self._context = context

    def removal(self, spans: Sequence[Span]) -> Float64Array:
        """What the answer's log-probability loses without each span.

        Returns:
            ``[spans]`` nats.
        """
        scores: list[float] = []
        [ahead] = self._context.fork(1)
        with ahead:
            # The last token of a session cannot be masked, and a span may be at the end.
            ahead.extend(self._tail[:1])
            for start in range(0, len(spans), _FORKS):
                forks = [ahead.fork_masked(*span) for span in spans[start : start + _FORKS]]
                try:
                    for fork in forks:
                        fork.extend(self._tail[1:])
                    scores += self._score(forks)
                finally:
                    for fork in forks:
                        fork.close()
        return removal(self._log_prob, np.asarray(scores) * len(self._answer))

    def mutation(self, position: int) -> tuple[int, float]:
        """Replace one token by the likeliest other one in its place.

        Returns:
            The other token, and the loss sensitivity in nats per token of the answer.
        """
        token, *behind = self._context.tokens[position:]
        [twin] = self._context.fork(1)
        with twin:
            twin.rollback(position)
            log_probs = twin.read([token]).log_probs[0].copy()
            log_probs[token] = -np.inf
            other = int(np.argmax(log_probs))
            twin.extend([other, *behind, *self._tail])
            [score] = self._score([twin])
        return other, loss_sensitivity(self._log_prob / len(self._answer), score)

    def _score(self, sessions: Sequence[Session]) -> list[float]:
        """Mean log-probability of the answer under each session, nats per token."""
        return self._model.score_many([(session, self._answer) for session in sessions])
