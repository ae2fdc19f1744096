"""What a profile weighs of the chunks of one question, and what it makes of that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from overlay.injection import Dose
from probes.prompted import Prompted
from probes.protocol import Model
from probes.state import FloatArray
from selector.profile import Profile, Rated, Weights

__all__ = ["Weighing", "weigh"]


@dataclass(frozen=True, slots=True, eq=False)
class Weighing:
    """Readings of all chunks of a question.

    Attributes:
        weights: of the profile.
        gains, deltas, similarities: see :meth:`selector.profile.Weights.rate`.
        rated: what the weights make of them.
    """

    weights: Weights
    gains: Sequence[float]
    deltas: FloatArray | None
    similarities: Sequence[float] | None
    rated: Sequence[Rated]

    def with_other(self, place: int, other: Weighing, number: int) -> Weighing:
        """The same, with a text of another weighing in a chunk's place."""
        gains = [*self.gains[:place], other.gains[number], *self.gains[place + 1 :]]
        deltas = self.deltas
        if deltas is not None and other.deltas is not None:
            deltas = np.concatenate(
                [deltas[:place], other.deltas[number : number + 1], deltas[place + 1 :]]
            )
        rated = self.weights.rate(gains, deltas, self.similarities)
        return replace(self, gains=gains, deltas=deltas, rated=rated)


def weigh(
    model: Model,
    profile: Profile,
    question: str,
    doses: Sequence[Dose],
    prompted: Prompted,
    *,
    embedder: str,
) -> Weighing:
    """Read what the profile weighs of chunks that stand in the prompt.

    Args:
        question: decides which weights of the profile apply.
        embedder: the similarities are left out if it is not the profile's: another one has another
            scale.
    """
    weights = profile.weights(question, states=model.capabilities.layer_states)
    deltas = prompted.state_deltas(model, profile.layer) if weights.direction else None
    known = profile.embedder == embedder
    similarities = [dose.chunk.similarity for dose in doses] if known else None
    gains = tuple(prompted.question_gains)
    rated = weights.rate(gains, deltas, similarities)
    return Weighing(weights, gains, deltas, similarities, rated)
