"""The weights that tell how likely a chunk is to help, and the readings that they weigh."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from overlay.errors import InputError
from probes.state import FloatArray

__all__ = ["Rated", "Readings", "Weights", "above_mean", "directions"]


class Rated(NamedTuple):
    """What the weights say of one chunk.

    Attributes:
        volatility: the chance that it shakes the model without helping, 0 to 1.
        instructs: how much it moves the model's state as injected instructions do, 0 to 1; 0.5
            where one plain chunk in fifty lies above; 0 where that cannot be told.
    """

    volatility: float
    instructs: float

    @property
    def commands(self) -> bool:
        """Whether it is likelier than not to carry an injected instruction."""
        return self.instructs > 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """What is weighed of one chunk.

    Attributes:
        similarity: cosine similarity to the question; None of an embedder that nobody knows.
        attention: see :func:`probes.attention.attention`, nats; None counts as 0.
        state: ``[width]``, see :func:`probes.look.end_states`; None of a model that shows none.
    """

    similarity: float | None
    attention: float | None = None
    state: FloatArray | None = None


class Weights(BaseModel):
    """A logistic regression.

    Attributes:
        bias: what stands alone.
        typical_similarity: mean similarity of the chunks it was fitted on.
        similarity: weight of the similarity above the mean; 0 where none was known.
        attention: weight of the attention above the mean, per nat; 0 where none was known. That of
            typical chunks is 0.
        instruction: how an injected instruction moves the state at a chunk's end, ``[width]``;
            empty where nothing was known of any, or a model shows no states.
        typical_instruction: how far the states of plain chunks point that way.
        instruction_bias: of that, so that 0.5 is where one plain chunk in fifty lies above.
        typical_chunks: how many typical chunks the means count beside those of the question.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    bias: float
    typical_similarity: float = 0.0
    similarity: float = 0.0
    attention: float = 0.0
    instruction: tuple[float, ...] = ()
    typical_instruction: float = 0.0
    instruction_bias: float = 0.0
    typical_chunks: Annotated[int, Field(ge=1)] = 1

    def volatilities(self, readings: Sequence[Readings]) -> list[float]:
        """The volatilities alone of :meth:`rate`."""
        return [rated.volatility for rated in self.rate(readings)]

    def rate(self, readings: Sequence[Readings]) -> list[Rated]:
        """How likely each chunk of a question is to shake the model, and to carry an instruction.

        Formula: ``1 - s(bias + similarity c + attention a)
            (1 - s(instruction_bias + u))`` with ``s(x) = 1 / (1 + exp(-x))`` and a
            chunk's similarity ``c``, attention ``a`` and ``instruction`` times the direction of its
            state ``u``, see :func:`directions`, each above the mean, see :func:`above_mean`
        Range: 0 to 1, both excluded; the first factor is the chance that the chunk helps, were
            helpful chunks and others equally frequent, the second that it carries no instruction

        Where a chunk's similarity is not known, that of none counts; a chunk whose state was not
        read carries no instruction, as far as is known.

        Args:
            readings: ``[k]`` of all chunks of the question.

        Raises:
            InputError: the states are not those of this model.
        """
        score = np.full(len(readings), self.bias)
        similarities = [one.similarity for one in readings if one.similarity is not None]
        if len(similarities) == len(readings):
            score += self.similarity * above_mean(
                similarities, self.typical_similarity, self.typical_chunks
            )
        attentions = [one.attention or 0.0 for one in readings]
        score += self.attention * above_mean(attentions, 0.0, self.typical_chunks)
        pairs = zip(_logistic(score), self._instructs(readings), strict=True)
        return [
            Rated(float(1 - helps * (1 - instructs)), float(instructs))
            for helps, instructs in pairs
        ]

    def _instructs(self, readings: Sequence[Readings]) -> NDArray[np.float64]:
        """``[k]``, 0 to 1."""
        found = np.zeros(len(readings))
        places = [place for place, one in enumerate(readings) if one.state is not None]
        if not self.instruction or not places:
            return found
        states = np.stack([one.state for one in readings if one.state is not None])
        width = len(self.instruction)
        if states.shape[1:] != (width,):
            raise InputError(
                f"the profile weighs states of {width} numbers, and {states.shape[1:]} were read",
                hint="a profile belongs to one model: calibrate this one",
                param="profile",
            )
        along = directions(states) @ np.asarray(self.instruction)
        above = above_mean(along.tolist(), self.typical_instruction, self.typical_chunks)
        score = self.instruction_bias + above
        found[places] = _logistic(score)
        return found


def _logistic(score: NDArray[np.float64]) -> NDArray[np.float64]:
    # Beyond 37 it is 1 in double precision, and a budget of 0 would let the chunk in.
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(score, -30, 30))))


def above_mean(
    readings: Sequence[float], typical: float, typical_chunks: int
) -> NDArray[np.float64]:
    """How far a reading of each chunk lies above those of its rivals.

    Formula: ``g_j - (n typical + sum_i g_i) / (k + n)``: the mean counts n typical chunks beside
        the k there are, so that few chunks, or chunks of one sort, have something to be compared
        with

    Args:
        readings: ``[k]`` of all chunks of a question: similarities, or attentions.
        typical: that of the chunks beside them.
        typical_chunks: n.

    Returns:
        ``[k]`` in their unit.
    """
    values = np.asarray(readings, dtype=np.float64)
    mean = (typical_chunks * typical + values.sum()) / (len(values) + typical_chunks)
    return np.asarray(values - mean)


def directions(states: FloatArray) -> NDArray[np.float64]:
    """Where states point.

    Formula: ``h / |h|``

    Args:
        states: ``[k, width]``, at the ends of a question's chunks.

    Returns:
        ``[k, width]`` of length 1.
    """
    rows = states.astype(np.float64)
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12))
