"""What the support matrix says of chunks: information gain, support, conflict loss, agreement.

``M[i, j]`` is the mean natural log-probability, per token, of the draft made under chunk ``j``
when it is scored under context ``i``. Row 0 is the baseline without any chunk; row ``j + 1``
is chunk ``j``. All values are in nats per token.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from overlay.errors import InputError

__all__ = ["agreement", "conflict_loss", "information_gain", "support_max", "support_mean"]

Matrix = NDArray[np.float64]

# Nats a token. A draft that owes its chunk less than this has little to agree about.
_LEAST_GAIN = 0.05


def information_gain(matrix: Matrix) -> Matrix:
    """How much each chunk raises its own draft over the baseline.

    Formula: ``M[j, j] - M[0, j]``
    Unit: nats per token
    Range: unbounded; 0 where the chunk changes nothing
    Source: this project
    Needs: log-probabilities; both backends

    Args:
        matrix: ``[k + 1, k]``.

    Returns:
        ``[k]`` nats per token.

    Raises:
        InputError: the matrix has another shape.
    """
    lift = _lift(matrix)
    return np.diagonal(lift).copy()


def support_max(matrix: Matrix) -> Matrix:
    """How much the most favourable other chunk raises each draft.

    Formula: ``max over i != j of M[i, j] - M[0, j]``
    Unit: nats per token
    Range: unbounded; negative where every other chunk lowers the draft
    Source: this project
    Needs: log-probabilities; both backends

    Args:
        matrix: ``[k + 1, k]``.

    Returns:
        ``[k]`` nats per token; NaN where there is no other chunk.

    Raises:
        InputError: the matrix has another shape.
    """
    return _over_others(matrix, np.max)


def support_mean(matrix: Matrix) -> Matrix:
    """How much the other chunks raise each draft on average.

    Formula: ``mean over i != j of M[i, j] - M[0, j]``
    Unit: nats per token
    Range: unbounded; negative where the other chunks lower the draft
    Source: this project
    Needs: log-probabilities; both backends

    Args:
        matrix: ``[k + 1, k]``.

    Returns:
        ``[k]`` nats per token; NaN where there is no other chunk.

    Raises:
        InputError: the matrix has another shape.
    """
    return _over_others(matrix, np.mean)


def conflict_loss(matrix: Matrix) -> Matrix:
    """How much each chunk lowers the drafts of the others, on average.

    Formula: ``mean over j != i of max(0, M[0, j] - M[i, j])`` for chunk ``i``
    Unit: nats per token
    Range: at least 0, without upper bound
    Source: this project
    Needs: log-probabilities; both backends

    Args:
        matrix: ``[k + 1, k]``.

    Returns:
        ``[k]`` nats per token, at least 0; NaN where there is no other chunk.

    Raises:
        InputError: the matrix has another shape.
    """
    lift = _lift(matrix)
    k = lift.shape[0]
    if k == 1:
        return np.full(1, np.nan)
    losses = np.maximum(0.0, -lift)
    np.fill_diagonal(losses, 0.0)
    return np.asarray(losses.sum(axis=1) / (k - 1), dtype=np.float64)


def agreement(matrix: Matrix) -> Matrix:
    """How much of what two chunks do to their own drafts each does to the other's, too.

    Formula: ``min(L[i, j] / max(L[j, j], 0.05), L[j, i] / max(L[i, i], 0.05))`` with
        ``L[i, j] = M[i, j] - M[0, j]``
    Unit: none, a share
    Range: unbounded; 1 where each chunk supports the other's draft as its own, 0 where it leaves
        it as it was, negative where it lowers it
    Source: this project
    Needs: log-probabilities; both backends

    Args:
        matrix: ``[k + 1, k]``.

    Returns:
        ``[k, k]``, symmetric; 1 on the diagonal.

    Raises:
        InputError: the matrix has another shape.
    """
    lift = _lift(matrix)
    share = lift / np.maximum(np.diagonal(lift), _LEAST_GAIN)
    mutual = np.minimum(share, share.T)
    np.fill_diagonal(mutual, 1.0)
    return np.asarray(mutual, dtype=np.float64)


def _lift(matrix: Matrix) -> Matrix:
    """``[k, k]``: what each chunk adds to each draft over the baseline."""
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] + 1 or not matrix.shape[1]:
        raise InputError(
            f"a support matrix of k chunks is k + 1 by k, not {matrix.shape}", param="matrix"
        )
    lift: Matrix = matrix[1:] - matrix[0]
    return lift


def _over_others(matrix: Matrix, reduce: Callable[..., Matrix]) -> Matrix:
    """``reduce``, for each draft, what every chunk but its own adds to it; NaN without others."""
    lift = _lift(matrix)
    k = lift.shape[0]
    if k == 1:
        return np.full(1, np.nan)
    others = lift.T[~np.eye(k, dtype=bool)].reshape(k, k - 1)
    return np.asarray(reduce(others, axis=1), dtype=np.float64)
