"""Arrays as statistics take them: one value an item, checked once, errors that name the one."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overlay.errors import InputError

__all__ = [
    "BoolArray",
    "Float64Array",
    "IntArray",
    "check_lengths",
    "cluster_sums",
    "flags",
    "numbers",
    "owners",
    "probabilities",
]

Float64Array = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]


def numbers(name: str, values: ArrayLike) -> Float64Array:
    """Finite numbers in a row.

    Raises:
        InputError: there are none, or one is missing, infinite or not a number.
    """
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} must be numbers: {error}", param=name) from error
    _check_row(name, array)
    if not np.isfinite(array).all():
        raise InputError(f"{name} holds {array[~np.isfinite(array)][0]}", param=name)
    return array


def probabilities(name: str, values: ArrayLike) -> Float64Array:
    """Numbers from 0 to 1 in a row.

    Raises:
        InputError: as for :func:`numbers`, or one is below 0 or above 1.
    """
    array = numbers(name, values)
    outside = array[(array < 0) | (array > 1)]
    if outside.size:
        raise InputError(f"{name} holds {outside[0]}, which is not from 0 to 1", param=name)
    return array


def flags(name: str, values: ArrayLike) -> BoolArray:
    """Truth values in a row; 0 and 1 are such too.

    Raises:
        InputError: there are none, or one is neither true nor false.
    """
    array = np.asarray(values)
    _check_row(name, array)
    # `in` would let a string array through numpy's comparison, hence the test of the kind too.
    if array.dtype.kind not in "biuf" or not np.isin(array, (0, 1)).all():
        raise InputError(f"{name} must be true or false, each of them", param=name)
    return array.astype(np.bool_)


def check_lengths(**arrays: Sequence[Any] | NDArray[Any]) -> None:
    """Hold the arrays to one length.

    Raises:
        InputError: they differ; it gives every length.
    """
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise InputError(f"one value an item is needed, not {told}", param=next(iter(lengths)))


def owners(clusters: Sequence[Hashable] | None, count: int) -> IntArray:
    """For each item the number of its cluster, from 0 on; without clusters each is its own.

    Raises:
        InputError: there is not one cluster an item.
    """
    if clusters is None:
        return np.arange(count)
    check_lengths(values=range(count), clusters=clusters)
    number = {cluster: place for place, cluster in enumerate(dict.fromkeys(clusters))}
    return np.array([number[cluster] for cluster in clusters], dtype=np.int64)


def _check_row(name: str, array: NDArray[Any]) -> None:
    if array.ndim != 1:
        raise InputError(f"{name} must be one row, not {array.shape}", param=name)
    if not array.size:
        raise InputError(f"{name} is empty", param=name)


def cluster_sums(owner: IntArray, values: Float64Array) -> Float64Array:
    """``[clusters]``: the values of each cluster added up."""
    return np.bincount(owner, weights=values).astype(np.float64)
