"""Fits a profile's weights, and says how well they do on questions that they have not seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold

from overlay.calibration.observe import Observed, Twins
from overlay.calibration.parts import Part, parts
from overlay.errors import InputError
from selector.profile import Fold, question_key
from selector.statistics.regression import regress
from selector.weights import Weights, above_mean, turn_above_mean

__all__ = ["Fitted", "fit"]

_FOLDS = 5
# Inverse strength of the L2 penalty, on standardised values: hundreds of directions from hundreds
# of chunks need much, two numbers little. Between 1e-4 and 3e-3 the AUROC changed by 0.003.
_C_DIRECTION = 1e-3
_C_SCORES = 0.3
_C_INSTRUCTION = 0.03
_TYPICAL_CHUNKS = 3
"""With one, a lone chunk has half of its reading for a mean; with more, chunks are compared with
others more than with each other, which holds less for collections of another kind."""
# Data sets from which on whole ones are left out, and folds of them at most.
_FEWEST_SETS, _MOST_SETS = 3, 10
_MISTAKEN = 0.05
"""Share of helpful chunks that lie where an instruction is likelier than none."""

_Array = NDArray[np.float64]
_Truth = NDArray[np.bool_]
_Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """Weights, and what they say of the chunks that they were not fitted on.

    Attributes:
        with_states, without_states: from all questions.
        folds: each for a fifth of the questions, from the others.
        volatilities: of each of the :func:`overlay.calibration.parts.parts` that a question has,
            from its fold's weights, with states where there are any.
        elsewhere: likewise, but from weights fitted on the other data sets: what to expect of
            questions of another kind; empty where there is one data set only.
    """

    with_states: Weights
    without_states: Weights
    folds: tuple[Fold, ...]
    volatilities: list[dict[Part, list[float]]]
    elsewhere: list[dict[Part, list[float]]]


def fit(observed: Sequence[Observed], twins: Sequence[Twins] = ()) -> Fitted:
    """Fit a logistic regression of "helps" on question gain, similarity, attention and state delta.

    Two stages, as in stacking (Wolpert, 1992, Neural Networks 5(2)): the direction of the state
    delta is fitted first; a second regression then weighs the scores that it gives to data sets
    left out of its fit (to questions, where there are fewer than three sets), beside the question
    gain and, where all questions know them, the similarity and the attention. Both count helpful
    chunks and others as if they were equally many. Both are linear, so their product is one vector
    in the units of the readings.
    Each question is fitted on as it is, and with the chunks of either sort alone, see
    :class:`overlay.calibration.parts.Part`.

    What an injected instruction does to the state is fitted apart, on passages beside their clean
    twins only: fitted on other chunks it learns what those look like, and finds none in a
    collection of another kind.

    Raises:
        InputError: too few questions, or chunks of one sort only.
    """
    helpful = np.concatenate([one.helpful for one in observed]) if observed else np.empty(0)
    if len(observed) < 2 * _FOLDS or not 0 < helpful.sum() < len(helpful):
        raise InputError(
            f"{len(observed)} questions with {int(helpful.sum())} helpful chunks of "
            f"{len(helpful)} cannot be fitted",
            hint=f"give {2 * _FOLDS} questions or more, some chunks of which help and some do not",
            param="files",
        )
    with_states, without_states = _fit_both(observed, twins)
    # Questions, not chunks: chunks of one question tell of each other. The same question can
    # stand in two files.
    keys = [question_key(one.question) for one in observed]
    folds = []
    volatilities: list[dict[Part, list[float]]] = [{} for _ in observed]
    for train, test in GroupKFold(_FOLDS, shuffle=True, random_state=0).split(keys, groups=keys):
        questions = frozenset(keys[n] for n in test)
        own, own_without = _fit_both(
            [observed[n] for n in train],
            [pair for pair in twins if question_key(pair.question) not in questions],
        )
        folds.append(Fold(questions=questions, with_states=own, without_states=own_without))
        for n in test:
            volatilities[n] = _volatilities(observed[n], own, own_without)
    return Fitted(
        with_states, without_states, tuple(folds), volatilities, _elsewhere(observed, twins)
    )


def _elsewhere(
    observed: Sequence[Observed], twins: Sequence[Twins]
) -> list[dict[Part, list[float]]]:
    """Volatilities of each question from weights fitted on the other data sets."""
    names = [one.dataset for one in observed]
    found: list[dict[Part, list[float]]] = [{} for _ in observed]
    for name in dict.fromkeys(names):
        others = [one for one in observed if one.dataset != name]
        helpful = [helps for one in others for helps in one.helpful]
        if len(set(helpful)) < 2 or len(others) < 2 * _FOLDS:
            return []
        weights = _fit_both(others, [pair for pair in twins if pair.dataset != name])
        for n, one in enumerate(observed):
            if one.dataset == name:
                found[n] = _volatilities(one, *weights)
    return found


def _volatilities(
    one: Observed, with_states: Weights, without_states: Weights
) -> dict[Part, list[float]]:
    weights = without_states if one.deltas is None else with_states
    return {
        part: weights.volatilities(some.gains, some.deltas, some.similarities, some.attentions)
        for part, some in parts(one).items()
    }


def _fit_both(questions: Sequence[Observed], twins: Sequence[Twins]) -> tuple[Weights, Weights]:
    sets = [list(parts(one).values()) for one in questions]
    groups = np.repeat(np.arange(len(sets)), [sum(len(some.gains) for some in own) for own in sets])
    observed = [some for own in sets for some in own]
    helpful = np.concatenate([np.asarray(some.helpful, dtype=bool) for some in observed])
    names, scores, typical = _scores(questions, observed)
    coefficients, bias = _balanced(scores, helpful, _C_SCORES)
    alone = _weights(dict(zip(names, coefficients.tolist(), strict=True)), bias, typical)
    if any(some.deltas is None for some in observed):
        return alone, alone
    deltas = np.concatenate(
        [turn_above_mean(one.deltas, _TYPICAL_CHUNKS) for one in observed if one.deltas is not None]
    )
    projected = np.empty(len(helpful))
    for train, test in _left_out(questions, groups):
        direction, _ = _balanced(deltas[train], helpful[train], _C_DIRECTION)
        projected[test] = deltas[test] @ direction
    direction, _ = _balanced(deltas, helpful, _C_DIRECTION)
    instruction, instruction_bias = _fit_instruction(twins, deltas[helpful])
    coefficients, bias = _balanced(np.column_stack([scores, projected]), helpful, _C_SCORES)
    *others, turned = coefficients.tolist()
    whole = _weights(dict(zip(names, others, strict=True)), bias, typical)
    states = {
        "direction": _rounded(turned * direction),
        "instruction": _rounded(instruction),
        "instruction_bias": instruction_bias,
    }
    return whole.model_copy(update=states), alone


def _scores(
    questions: Sequence[Observed], observed: Sequence[Observed]
) -> tuple[list[str], _Array, dict[str, float]]:
    """What is weighed beside the direction, where all questions know it.

    Args:
        observed: the parts of the questions.

    Returns:
        The names of the weights, ``[chunks, names]`` readings above the mean, and what is typical.
    """
    gain = _mean([one.gains for one in questions])
    typical = {"typical_gain": gain}
    columns = {"gain": _above_mean([some.gains for some in observed], gain)}
    similarities = [some.similarities for some in observed if some.similarities is not None]
    if len(similarities) == len(observed):
        alike = _mean([one.similarities or () for one in questions])
        typical["typical_similarity"] = alike
        columns["similarity"] = _above_mean(similarities, alike)
    attentions = [some.attentions for some in observed if some.attentions is not None]
    if len(attentions) == len(observed):
        columns["attention"] = _above_mean(attentions, 0.0)
    return list(columns), np.column_stack(list(columns.values())), typical


def _mean(readings: Sequence[Sequence[float]]) -> float:
    """Over the chunks of all questions."""
    return float(np.mean(np.concatenate(readings)))


def _left_out(questions: Sequence[Observed], groups: _Places) -> Iterator[tuple[_Places, _Places]]:
    """Chunks to fit a direction on, and the others, which it is to tell of.

    A direction says more of questions from the data sets that it was fitted on than of others, so
    whole sets are left out where there are enough.

    Args:
        groups: ``[chunks]`` which question each belongs to.
    """
    sets, own = np.unique([one.dataset for one in questions], return_inverse=True)
    folds = _FOLDS
    if len(sets) >= _FEWEST_SETS:
        folds, groups = min(len(sets), _MOST_SETS), own[groups]
    yield from GroupKFold(folds).split(groups, groups=groups)


def _above_mean(readings: Sequence[Sequence[float]], typical: float) -> _Array:
    """``[chunks]`` of all sets."""
    return np.concatenate([above_mean(own, typical, _TYPICAL_CHUNKS) for own in readings])


def _weights(scores: dict[str, float], bias: float, typical: dict[str, float]) -> Weights:
    """Weights without states."""
    return Weights.model_validate(
        {"bias": bias, "typical_chunks": _TYPICAL_CHUNKS, **typical, **scores}
    )


def _fit_instruction(twins: Sequence[Twins], helpful: _Array) -> tuple[_Array, float]:
    """How an instruction turns the state, and the bias; nothing where there are no twins.

    Args:
        helpful: ``[chunks, width]`` turns above the mean of chunks that help.
    """
    if not twins:
        return np.empty(0), 0.0
    turns = np.concatenate([turn_above_mean(pair.deltas, _TYPICAL_CHUNKS) for pair in twins])
    instructs = np.tile([True, False], len(twins))
    direction, _ = _balanced(turns, instructs, _C_INSTRUCTION)
    return direction, float(-np.quantile(helpful @ direction, 1 - _MISTAKEN))


def _rounded(values: _Array) -> tuple[float, ...]:
    return tuple(float(f"{value:.6g}") for value in values)


def _balanced(values: _Array, truth: _Truth, c: float) -> tuple[_Array, float]:
    return regress(values, truth, c, class_weight="balanced")
