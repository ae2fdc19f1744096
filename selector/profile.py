"""A profile: calibrated weights for one model, which tell how likely a chunk is to help.

``overlay calibrate`` makes it from labelled questions; the files ``*.profile.json`` beside this
module are its output, one a model, found by the hash of the model file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from overlay.errors import InputError
from probes.state import FloatArray
from selector.budget import Budget
from selector.guarantee import BUDGETS
from selector.volatility_index import VolatilityIndex

__all__ = [
    "Fold",
    "Guarantee",
    "Profile",
    "Rated",
    "Weights",
    "above_mean",
    "default_profile",
    "load_profile",
    "question_key",
    "shipped_profile",
    "turn_above_mean",
]


_SUFFIX = ".profile.json"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


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


class Weights(_Frozen):
    """A logistic regression.

    Attributes:
        bias: what stands alone.
        typical_gain: mean question gain of the chunks it was fitted on, nats a token.
        gain: weight of the question gain above the mean, per nat a token.
        typical_similarity: mean similarity of the chunks it was fitted on.
        similarity: weight of the similarity above the mean; 0 where none was known.
        direction: weights of the turn above the mean, ``[width]``; empty for a model that shows
            no states.
        instruction: how an injected instruction turns the state, ``[width]``; empty where nothing
            was known of any.
        instruction_bias: of that, so that 0.5 is where one helpful chunk in twenty lies above.
        typical_chunks: how many typical chunks the means count beside those of the question.
    """

    bias: float
    typical_gain: float
    gain: float
    typical_similarity: float = 0.0
    similarity: float = 0.0
    direction: tuple[float, ...] = ()
    instruction: tuple[float, ...] = ()
    instruction_bias: float = 0.0
    typical_chunks: Annotated[int, Field(ge=1)] = 1

    def volatilities(
        self,
        gains: Sequence[float],
        deltas: FloatArray | None,
        similarities: Sequence[float] | None = None,
    ) -> list[float]:
        """The volatilities alone of :meth:`rate`."""
        return [rated.volatility for rated in self.rate(gains, deltas, similarities)]

    def rate(
        self,
        gains: Sequence[float],
        deltas: FloatArray | None,
        similarities: Sequence[float] | None = None,
    ) -> list[Rated]:
        """How likely each chunk of a question is to shake the model, and to carry an instruction.

        Formula: ``1 - s(bias + gain g + similarity c + direction u)
            (1 - s(instruction_bias + instruction u))`` with ``s(x) = 1 / (1 + exp(-x))`` and a
            chunk's question gain ``g``, similarity ``c`` and turn ``u`` above the mean, see
            :func:`above_mean` and :func:`turn_above_mean`
        Range: 0 to 1, both excluded; the first factor is the chance that the chunk helps, were
            helpful chunks and others equally frequent, the second that it carries no instruction

        Args:
            gains: ``[k]`` question gains of all chunks of the question, nats a token.
            deltas: ``[k, width]`` their state deltas; None without a direction.
            similarities: ``[k]`` cosine similarities to the question, of the embedder that the
                profile was calibrated with; None where there are none, and the term falls out.

        Raises:
            InputError: the deltas are not those of this model.
        """
        score = self.bias + self.gain * above_mean(gains, self.typical_gain, self.typical_chunks)
        if similarities is not None:
            score = score + self.similarity * above_mean(
                similarities, self.typical_similarity, self.typical_chunks
            )
        if self.direction:
            width = len(self.direction)
            if deltas is None or deltas.shape != (len(gains), width):
                raise InputError(
                    f"the profile weighs states of {width} numbers, and "
                    f"{'none' if deltas is None else deltas.shape[1:]} were read",
                    hint="a profile belongs to one model: calibrate this one",
                    param="profile",
                )
            turns = turn_above_mean(deltas, self.typical_chunks)
            score = score + turns @ np.asarray(self.direction)
        helps, instructs = _logistic(score), np.zeros(len(gains))
        if self.direction and self.instruction:
            instructs = _logistic(self.instruction_bias + turns @ np.asarray(self.instruction))
        return [
            Rated(float(1 - helping * (1 - instructing)), float(instructing))
            for helping, instructing in zip(helps, instructs, strict=True)
        ]


class Fold(_Frozen):
    """Weights for questions that the calibration set holds, fitted without them.

    Attributes:
        questions: keys of those questions, see :func:`question_key`.
    """

    questions: frozenset[str]
    with_states: Weights
    without_states: Weights
    index: VolatilityIndex | None = None
    index_with_states: VolatilityIndex | None = None


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
        index: how likely an answer is to be wrong, for a backend that shows no states; None where
            no answers were looked at.
        index_with_states: the same for one that shows them; None there, too, and where the
            answers that were looked at had none.
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
    index_with_states: VolatilityIndex | None = None
    measured: dict[str, Any] = {}

    def weights(self, question: str, *, states: bool) -> Weights:
        """The weights that judge the chunks of a question."""
        chosen = self._unseen(question)
        return chosen.with_states if states else chosen.without_states

    def index_for(self, question: str, *, states: bool) -> VolatilityIndex | None:
        """What tells how likely the answer to a question is to be wrong."""
        chosen = self._unseen(question)
        return (chosen.index_with_states if states else None) or chosen.index

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
        readings: ``[k]`` of all chunks of a question: question gains, or similarities.
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


def question_key(question: str) -> str:
    """What a fold knows a question by, without holding its words."""
    return hashlib.sha256(question.strip().encode()).hexdigest()[:12]


def shipped_profile(sha256: str) -> Profile | None:
    """The profile that comes with the project for a model file; None where there is none."""
    return _shipped(sha256)


@cache
def default_profile() -> Profile:
    """What judges for a model that has no profile of its own, and where no chat was calibrated.

    The mean of the shipped profiles' weights of question gain and similarity, on which they nearly
    agree, and of what their indices weigh of an answer. It weighs no states, which are a model's
    own, and promises nothing.
    """
    found = [_read_shipped(file) for file in _shipped_files()]

    def mean(values: Sequence[float]) -> float:
        return float(np.mean(values))

    own = [profile.without_states for profile in found]
    weights = Weights(
        bias=mean([one.bias for one in own]),
        typical_gain=mean([one.typical_gain for one in own]),
        gain=mean([one.gain for one in own]),
        typical_similarity=mean([one.typical_similarity for one in own]),
        similarity=mean([one.similarity for one in own]),
        typical_chunks=round(mean([one.typical_chunks for one in own])),
    )
    return Profile(
        model="any model without a profile of its own",
        sha256="",
        embedder=found[0].embedder,
        layer=0,
        with_states=weights,
        without_states=weights,
        index=_mean_index([profile.index for profile in found if profile.index is not None]),
        measured={"mean of": [profile.model for profile in found]},
    )


def _mean_index(found: Sequence[VolatilityIndex]) -> VolatilityIndex | None:
    if not found:
        return None
    names = ("bias", "log_prob", "copied", "gain", "volatility")
    weights = {name: float(np.mean([getattr(one, name) for one in found])) for name in names}
    return VolatilityIndex.model_validate(weights)


def load_profile(path: Path) -> Profile:
    """Read a file that ``overlay calibrate`` wrote.

    Raises:
        InputError: it is missing or not such a file.
    """
    try:
        return _read(path, path.stat().st_mtime_ns)
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable(path, str(error)) from error
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(str(part) for part in problem["loc"])
        raise _unusable(path, f"{place}: {problem['msg']}") from error


@lru_cache(maxsize=4)
def _read(path: Path, _changed: int) -> Profile:
    """An evaluation makes a runtime for every question, with the same few files."""
    return Profile.model_validate_json(path.read_text(encoding="utf-8"))


def _shipped_files() -> list[Traversable]:
    data = (files("selector") / "data").iterdir()
    return sorted(
        (file for file in data if file.name.endswith(_SUFFIX)), key=lambda file: file.name
    )


@cache
def _shipped(sha256: str) -> Profile | None:
    file = files("selector") / "data" / f"{sha256}{_SUFFIX}"
    return _read_shipped(file) if file.is_file() else None


def _read_shipped(file: Traversable) -> Profile:
    return Profile.model_validate_json(file.read_text(encoding="utf-8"))


def _unusable(path: Path, why: str) -> InputError:
    return InputError(
        f"{path} is no profile: {why}",
        hint="`overlay calibrate` makes one; auto and default name those that are shipped",
        param="profile",
    )
