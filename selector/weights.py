"""The weights that tell how likely a chunk is to help, and the readings that they weigh."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from overlay.errors import InputError
from probes.state import FloatArray

__all__ = ["Rated", "Weights", "above_mean", "turn_above_mean"]


class Rated(NamedTuple):
    """What the weights say of one chunk.

    Attributes:
        volatility: the chance that it shakes the model without helping, 0 to 1.
        instructs: how much it turns the model's state as injected instructions do, 0 to 1; 0.5
            where one helpful chunk in twenty lies above; 0 where that cannot be told.
    """

    volatility: float
    instructs: float

    @property
    def commands(self) -> bool:
        """Whether it is likelier than not to carry an injected instruction."""
        return self.instructs > 0.5


class Weights(BaseModel):
    """A logistic regression.

    Attributes:
        bias: what stands alone.
        typical_gain: mean question gain of the chunks it was fitted on, nats a token.
        gain: weight of the question gain above the mean, per nat a token.
        typical_similarity: mean similarity of the chunks it was fitted on.
        similarity: weight of the similarity above the mean; 0 where none was known.
        attention: weight of the attention above the mean, per nat; 0 where none was known. That of
            typical chunks is 0.
        direction: weights of the turn above the mean, ``[width]``; empty where it does not count,
            or a model shows no states.
        instruction: how an injected instruction turns the state, ``[width]``; empty where nothing
            was known of any.
        instruction_bias: of that, so that 0.5 is where one helpful chunk in twenty lies above.
        typical_chunks: how many typical chunks the means count beside those of the question.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    bias: float
    typical_gain: float
    gain: float
    typical_similarity: float = 0.0
    similarity: float = 0.0
    attention: float = 0.0
    direction: tuple[float, ...] = ()
    instruction: tuple[float, ...] = ()
    instruction_bias: float = 0.0
    typical_chunks: Annotated[int, Field(ge=1)] = 1

    def volatilities(
        self,
        gains: Sequence[float],
        deltas: FloatArray | None,
        similarities: Sequence[float] | None = None,
        attentions: Sequence[float | None] | None = None,
    ) -> list[float]:
        """The volatilities alone of :meth:`rate`."""
        ratings = self.rate(gains, deltas, similarities, attentions)
        return [rated.volatility for rated in ratings]

    def rate(
        self,
        gains: Sequence[float],
        deltas: FloatArray | None,
        similarities: Sequence[float] | None = None,
        attentions: Sequence[float | None] | None = None,
    ) -> list[Rated]:
        """How likely each chunk of a question is to shake the model, and to carry an instruction.

        Formula: ``1 - s(bias + gain g + similarity c + attention a + direction u)
            (1 - s(instruction_bias + instruction u))`` with ``s(x) = 1 / (1 + exp(-x))`` and a
            chunk's question gain ``g``, similarity ``c``, attention ``a`` and turn ``u`` above the
            mean, see :func:`above_mean` and :func:`turn_above_mean`
        Range: 0 to 1, both excluded; the first factor is the chance that the chunk helps, were
            helpful chunks and others equally frequent, the second that it carries no instruction

        Args:
            gains: ``[k]`` question gains of all chunks of the question, nats a token.
            deltas: ``[k, width]`` their state deltas; None where no turn counts.
            similarities: ``[k]`` cosine similarities to the question, of the embedder that the
                profile was calibrated with; None where there are none, and the term falls out.
            attentions: ``[k]``, see :func:`probes.attention.attention`; None, of a chunk or of all,
                counts as 0.

        Raises:
            InputError: the deltas are not those of this model.
        """
        score = self.bias + self.gain * above_mean(gains, self.typical_gain, self.typical_chunks)
        if similarities is not None:
            score = score + self.similarity * above_mean(
                similarities, self.typical_similarity, self.typical_chunks
            )
        if attentions is not None:
            known = [one or 0.0 for one in attentions]
            score = score + self.attention * above_mean(known, 0.0, self.typical_chunks)
        turned = self.direction or self.instruction
        if turned:
            width = len(turned)
            if deltas is None or deltas.shape != (len(gains), width):
                raise InputError(
                    f"the profile weighs states of {width} numbers, and "
                    f"{'none' if deltas is None else deltas.shape[1:]} were read",
                    hint="a profile belongs to one model: calibrate this one",
                    param="profile",
                )
            turns = turn_above_mean(deltas, self.typical_chunks)
        if self.direction:
            score = score + turns @ np.asarray(self.direction)
        helps, instructs = _logistic(score), np.zeros(len(gains))
        if self.instruction:
            instructs = _logistic(self.instruction_bias + turns @ np.asarray(self.instruction))
        return [
            Rated(float(1 - helping * (1 - instructing)), float(instructing))
            for helping, instructing in zip(helps, instructs, strict=True)
        ]


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
        readings: ``[k]`` of all chunks of a question: question gains, similarities, or attentions.
        typical: that of the chunks beside them.
        typical_chunks: n.

    Returns:
        ``[k]`` in their unit.
    """
    values = np.asarray(readings, dtype=np.float64)
    mean = (typical_chunks * typical + values.sum()) / (len(values) + typical_chunks)
    return np.asarray(values - mean)


def turn_above_mean(deltas: FloatArray, typical_chunks: int) -> NDArray[np.float64]:
    """How each chunk turns the model's state, apart from what all chunks of the question do.

    Formula: ``u_j - sum_i u_i / (k + n)`` with ``u = d / |d|``: the mean counts n more that turn
        nothing. What a whole collection has in common (its length, its style) falls out; with it
        the weights would learn which collection a chunk comes from.

    Args:
        deltas: ``[k, width]`` state deltas of all chunks of a question.
        typical_chunks: n.

    Returns:
        ``[k, width]``
    """
    rows = deltas.astype(np.float64)
    turns = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return np.asarray(turns - turns.sum(axis=0) / (len(turns) + typical_chunks))
