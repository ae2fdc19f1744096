"""Fits a profile's weights, and says how well they do on questions that they have not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import KFold

from overlay.calibration.observe import Observed, Twins
from overlay.calibration.parts import Part, parts
from overlay.errors import InputError
from overlay.labelled.items import Kind
from probes.state import FloatArray
from selector.profile import Fold, question_key
from selector.statistics.regression import regress
from selector.weights import Weights, above_mean, directions

__all__ = ["Fitted", "fit"]

_FOLDS = 5
_DATASETS = 3
"""From so many on, each is left out as a whole: what is fitted must hold for another collection."""
# Inverse strength of the L2 penalty, on standardised values: hundreds of numbers of a state from
# hundreds of chunks need much, two numbers little.
_C_SCORES = 0.3
_C_INSTRUCTION = 0.03
_TYPICAL_CHUNKS = 3
"""With one, a lone chunk has half of its reading for a mean; with more, chunks are compared with
others more than with each other, which holds less for collections of another kind."""
_MISTAKEN = 0.02
"""Share of chunks of other collections that lie where an instruction is likelier than none."""

_Array = NDArray[np.float64]
_Truth = NDArray[np.bool_]
_Asked = TypeVar("_Asked", Observed, Twins)


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """Weights, and what they say of the chunks that they were not fitted on.

    Attributes:
        with_states, without_states: from all questions.
        folds: each for one data set, from the others, where there are three or more; or else for a
            fifth of the questions.
        volatilities: of each of the :func:`overlay.calibration.parts.parts` that a question has,
            from its fold's weights, with states where there are any.
    """

    with_states: Weights
    without_states: Weights
    folds: tuple[Fold, ...]
    volatilities: list[dict[Part, list[float]]]


def fit(observed: Sequence[Observed], twins: Sequence[Twins] = ()) -> Fitted:
    """Fit a logistic regression of "helps" on similarity and attention, where they are known.

    Both sorts keep their frequencies: what comes out is a chance, not a rank. Each question is
    fitted on as it is, and with the chunks of either sort alone, see
    :class:`overlay.calibration.parts.Part`.
    What a chunk does alone, its question gain and the turn of the state, adds nothing beside these
    two (docs/elsewhere.md).

    How an injected instruction moves the state is fitted apart, see :func:`_fit_instruction`.

    Raises:
        InputError: too few questions, or chunks of one sort only.
    """
    if not _enough(observed):
        helpful = [helps for one in observed for helps in one.helpful]
        raise InputError(
            f"{len(observed)} questions with {sum(helpful)} helpful chunks of "
            f"{len(helpful)} cannot be fitted",
            hint=f"give {2 * _FOLDS} questions or more, some chunks of which help and some do not",
            param="files",
        )
    with_states, without_states = _fit_both(observed, twins)
    folds = []
    volatilities: list[dict[Part, list[float]]] = [{} for _ in observed]
    for dataset, questions in _left_out(observed, twins):
        own, own_without = _fit_both(_others(observed, questions), _others(twins, questions))
        folds.append(
            Fold(dataset=dataset, questions=questions, with_states=own, without_states=own_without)
        )
        for n, one in enumerate(observed):
            if question_key(one.question) in questions:
                volatilities[n] = _volatilities(one, own, own_without)
    return Fitted(with_states, without_states, tuple(folds), volatilities)


def _left_out(
    observed: Sequence[Observed], twins: Sequence[Twins]
) -> list[tuple[str, frozenset[str]]]:
    """The data set and the questions of each fold; no data set where folds hold some of several.

    Questions, not chunks: chunks of one question tell of each other. A question that stands in two
    data sets is left out with either.
    """
    named: dict[str, set[str]] = {}
    asked = [(one.dataset, one.question) for one in observed]
    for dataset, question in asked + [(pair.dataset, pair.question) for pair in twins]:
        named.setdefault(dataset, set()).add(question_key(question))
    folds = [(name, frozenset(keys)) for name, keys in named.items()]
    if len(folds) >= _DATASETS and all(_enough(_others(observed, keys)) for _, keys in folds):
        return folds
    keys = np.array(list(dict.fromkeys(question_key(one.question) for one in observed)))
    split = KFold(_FOLDS, shuffle=True, random_state=0).split(keys)
    return [("", frozenset(keys[test].tolist())) for _, test in split]


def _others(some: Sequence[_Asked], questions: frozenset[str]) -> list[_Asked]:
    return [one for one in some if question_key(one.question) not in questions]


def _enough(observed: Sequence[Observed]) -> bool:
    """Whether weights can be fitted on them."""
    sorts = {helps for one in observed for helps in one.helpful}
    return len(observed) >= 2 * _FOLDS and len(sorts) == 2


def _volatilities(
    one: Observed, with_states: Weights, without_states: Weights
) -> dict[Part, list[float]]:
    weights = without_states if one.states is None else with_states
    return {part: weights.volatilities(some.readings) for part, some in parts(one).items()}


def _fit_both(questions: Sequence[Observed], twins: Sequence[Twins]) -> tuple[Weights, Weights]:
    observed = [some for one in questions for some in parts(one).values()]
    helpful = np.concatenate([np.asarray(some.helpful, dtype=bool) for some in observed])
    names, scores, typical = _scores(questions, observed)
    coefficients, bias = regress(scores, helpful, _C_SCORES)
    chosen = dict(zip(names, coefficients.tolist(), strict=True))
    alone = Weights.model_validate(
        {"bias": bias, "typical_chunks": _TYPICAL_CHUNKS, **typical, **chosen}
    )
    if not twins or any(one.states is None for one in questions):
        return alone, alone
    return alone.model_copy(update=_fit_instruction(questions, twins)), alone


def _scores(
    questions: Sequence[Observed], observed: Sequence[Observed]
) -> tuple[list[str], _Array, dict[str, float]]:
    """What is weighed, where all questions know it.

    Args:
        observed: the parts of the questions.

    Returns:
        The names of the weights, ``[chunks, names]`` readings above the mean, and what is typical.

    Raises:
        InputError: they know neither similarity nor attention.
    """
    typical, columns = {}, {}
    similarities = [some.similarities for some in observed if some.similarities is not None]
    if len(similarities) == len(observed):
        alike = _mean([one.similarities or () for one in questions])
        typical["typical_similarity"] = alike
        columns["similarity"] = _above_mean(similarities, alike)
    attentions = [some.attentions for some in observed if some.attentions is not None]
    if len(attentions) == len(observed):
        columns["attention"] = _above_mean(attentions, 0.0)
    if not columns:
        raise InputError(
            "neither the similarity of the passages nor the model's attention is known",
            hint="name an embedder, or a model that shows its attention",
            param="embedder",
        )
    return list(columns), np.column_stack(list(columns.values())), typical


def _mean(readings: Sequence[Sequence[float]]) -> float:
    """Over the chunks of all questions."""
    return float(np.mean(np.concatenate(readings)))


def _above_mean(readings: Sequence[Sequence[float]], typical: float) -> _Array:
    """``[chunks]`` of all sets."""
    return np.concatenate([above_mean(own, typical, _TYPICAL_CHUNKS) for own in readings])


def _fit_instruction(
    questions: Sequence[Observed], twins: Sequence[Twins]
) -> dict[str, tuple[float, ...] | float]:
    """How an injected instruction moves the state, by the names of the weights.

    Fitted on injected passages beside their clean twins and, so that it does not take another
    collection's style for an instruction, on the chunks of all questions, which count as much as
    the twins together. What it says of collections that it has not seen sets the bias, a fifth of
    them at a time; of questions, where there is one collection.
    """
    names = [one.dataset for one in questions]
    sets = {name: f"{number % _FOLDS}" for number, name in enumerate(dict.fromkeys(names))}
    names = [sets[name] for name in names]
    if len(sets) == 1:
        names = [f"{number % _FOLDS}" for number in range(len(questions))]
    found = _direction(questions, twins)
    unseen = []
    for name in dict.fromkeys(names):
        theirs = [one for one, own in zip(questions, names, strict=True) if own == name]
        others = [one for one, own in zip(questions, names, strict=True) if own != name]
        elsewhere = _direction(others, twins)
        for one in theirs:
            along = directions(_known(one.states)) @ elsewhere.direction
            above = above_mean(along.tolist(), elsewhere.typical, _TYPICAL_CHUNKS)
            unseen += above[_plain(one)].tolist()
    return {
        "instruction": _rounded(found.direction),
        "typical_instruction": float(f"{found.typical:.6g}"),
        "instruction_bias": float(-np.quantile(unseen, 1 - _MISTAKEN)),
    }


class _Direction(NamedTuple):
    """How an injected instruction moves the state, and how far plain chunks point that way."""

    direction: _Array
    typical: float


def _direction(questions: Sequence[Observed], twins: Sequence[Twins]) -> _Direction:
    plain = [directions(_known(one.states))[_plain(one)] for one in questions]
    typical = np.concatenate(plain).mean(axis=0)

    def above(states: FloatArray) -> _Array:
        rows = directions(states)
        count = len(rows) + _TYPICAL_CHUNKS
        return np.asarray(rows - (_TYPICAL_CHUNKS * typical + rows.sum(axis=0)) / count)

    pairs = np.stack([above(states)[pair.place] for pair in twins for states in pair.states])
    # Behind an instruction, other chunks' ends are moved by it, too.
    beside = [np.delete(above(pair.states[0]), pair.place, axis=0) for pair in twins]
    others = [above(_known(one.states))[_plain(one)] for one in questions]
    rows = np.concatenate([pairs, *others, *beside])
    truth = np.zeros(len(rows), dtype=bool)
    truth[: len(pairs) : 2] = True
    counts = np.full(len(rows), len(twins) / max(len(rows) - len(pairs), 1))
    counts[: len(pairs)] = 1
    found, _ = regress(rows, truth, _C_INSTRUCTION, counts=counts)
    return _Direction(found, float(typical @ found))


def _plain(one: Observed) -> _Truth:
    """Which chunks carry no instruction, as far as is known."""
    return np.array([kind != Kind.INJECTED for kind in one.kinds], dtype=bool)


def _known(states: FloatArray | None) -> FloatArray:
    assert states is not None  # noqa: S101 - asked for only where states can be read
    return states


def _rounded(values: _Array) -> tuple[float, ...]:
    return tuple(float(f"{value:.6g}") for value in values)
