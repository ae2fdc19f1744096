"""Faithfulness: whether an attribution says what removing the parts really does.

Attributions are judged by what the model does, not by what looks right. The model is called
outside: :func:`top_k` says what to remove, :func:`log_prob_drop` judges what came of it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import spearmanr

from overlay.errors import InputError

__all__ = ["linear_datamodeling_score", "log_prob_drop", "rank_correlation", "top_k"]


def rank_correlation(attribution: ArrayLike, reference: ArrayLike) -> float:
    """Agreement in order between an attribution and a reference, such as removal.

    Formula: the correlation of the ranks, ties at their mean rank
    Unit: none
    Range: -1 to 1: 1 for the same order, -1 for the opposite order
    Source: Spearman, 1904; computed by SciPy
    Needs: log-probabilities of removals, both backends; what the attribution itself needs

    Symmetric. Fewer than three items, or items that are all equal, have no order to compare:
    they are refused, so that no made-up number enters an average.

    Returns:
        A number in [-1, 1].

    Raises:
        InputError: the two differ in length, hold fewer than three items, hold something that
            is not finite, or one of them is constant.
    """
    x, y = _items(attribution, "attribution"), _items(reference, "reference")
    if len(x) != len(y):
        raise InputError(f"{len(x)} items against {len(y)}", param="reference")
    # Rounding can leave the correlation of equal orders just outside.
    return float(np.clip(spearmanr(x, y).statistic, -1.0, 1.0))


def top_k(attribution: ArrayLike, k: int) -> NDArray[np.intp]:
    """Indices of the k parts with the largest attribution, the largest first.

    Of equal parts, the one that stands first is taken first.

    Raises:
        InputError: there are no k parts, or ``k`` is below 1.
    """
    values = np.asarray(attribution, dtype=np.float64)
    if not 1 <= k <= len(values):
        raise InputError(f"the top {k} of {len(values)} parts", param="k")
    return np.argsort(-values, kind="stable")[:k]


def log_prob_drop(full: float, without: float) -> float:
    """What the answer's log-probability loses when the parts rated highest are removed together.

    Formula: ``log p(answer | all) - log p(answer | all but the top k)``
    Unit: nats
    Range: unbounded; the higher, the better the attribution found what the answer rests on
    Source: top-k log-probability drop of ContextCite (arXiv 2409.00729)
    Needs: log-probabilities of removals, both backends; what the attribution itself needs

    Args:
        full: log-probability of the answer under everything.
        without: the same without the parts that :func:`top_k` names.

    Returns:
        Nats.
    """
    return full - without


def linear_datamodeling_score(
    attribution: ArrayLike, masks: NDArray[np.bool_], log_probs: ArrayLike
) -> float:
    """Agreement in order between predicted and true outcomes of random removals.

    Formula: Spearman's rank correlation over n of ``sum_i masks[n, i] attribution[i]`` and
        ``log_probs[n]``
    Unit: none
    Range: -1 to 1; 1 where the attribution puts all removals in the right order
    Source: linear datamodeling score of ContextCite (arXiv 2409.00729)
    Needs: log-probabilities of removals, both backends; what the attribution itself needs

    Any increasing function of the log-probability, such as the logit of the probability, gives
    the same score. The masks must be other ones than those an attribution was fitted on.

    Args:
        attribution: ``[m]`` one a part.
        masks: ``[n, m]`` for each removal, which parts are kept.
        log_probs: ``[n]`` log-probability of the answer with what was kept.

    Returns:
        A number in [-1, 1].

    Raises:
        InputError: the shapes do not fit, there are fewer than three removals, or they all
            come to the same.
    """
    values = np.asarray(attribution, dtype=np.float64)
    if masks.dtype != np.bool_ or masks.ndim != 2 or masks.shape[1:] != values.shape:
        raise InputError(
            f"masks of {values.shape[0] if values.ndim else 0} parts are boolean and n by that, "
            f"not {masks.dtype} {masks.shape}",
            param="masks",
        )
    return rank_correlation(masks @ values, log_probs)


def _items(values: ArrayLike, name: str) -> NDArray[np.float64]:
    items = np.asarray(values, dtype=np.float64)
    if items.ndim != 1 or len(items) < 3:
        raise InputError(f"{name} holds {items.size} items; an order needs 3", param=name)
    if not np.isfinite(items).all():
        raise InputError(f"{name} holds something that is not finite", param=name)
    if (items == items[0]).all():
        raise InputError(f"{name} is constant: it has no order", param=name)
    return items
