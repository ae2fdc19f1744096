"""The volatility map of a model: which layers and which tokens move, over many texts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from probes.report import ProbeReport, TokenProbe

__all__ = ["ExplosiveToken", "LayerDrift", "explosive_tokens", "layer_drifts"]

_FEWEST = 3


@dataclass(frozen=True, slots=True)
class LayerDrift:
    """How far texts of one kind move one layer.

    Attributes:
        chunks: texts of that kind.
        cosine: median cosine drift, 0 to 2, with its quartiles.
        standardised: median of the drift in standard deviations of neutral text, with its
            quartiles; None where it was not read.
    """

    kind: str
    layer: int
    chunks: int
    cosine: tuple[float, float, float]
    standardised: tuple[float, float, float] | None


@dataclass(frozen=True, slots=True)
class ExplosiveToken:
    """A token that says little to a person and moves the model.

    Attributes:
        text: the token, in lower case and without blanks around it.
        seen: how often it was read.
        ratio: its mean value over the mean value of the tokens of its chunk.
    """

    text: str
    seen: int
    ratio: float


def layer_drifts(reports: Iterable[tuple[Sequence[str], ProbeReport]]) -> Iterator[LayerDrift]:
    """Median and quartiles per kind and layer.

    Args:
        reports: each with the kinds of its chunks, in their order.
    """
    cosine: dict[tuple[str, int], list[float]] = defaultdict(list)
    standardised: dict[tuple[str, int], list[float]] = defaultdict(list)
    for kinds, report in reports:
        for kind, chunk in zip(kinds, report.chunks, strict=True):
            reading = chunk.reading
            for index, layer in enumerate(report.layers):
                if reading.hidden_drift is not None:
                    cosine[kind, layer].append(reading.hidden_drift[index])
                if reading.hidden_standardised is not None:
                    standardised[kind, layer].append(reading.hidden_standardised[index])
    for (kind, layer), values in cosine.items():
        beside = standardised.get((kind, layer))
        yield LayerDrift(
            kind=kind,
            layer=layer,
            chunks=len(values),
            cosine=_quartiles(values),
            standardised=_quartiles(beside) if beside else None,
        )


def explosive_tokens(reports: Iterable[ProbeReport], count: int = 15) -> list[ExplosiveToken]:
    """Tokens that are neutral to a person and explosive to the model, the worst first.

    Neutral are punctuation, white space, and the stop words of scikit-learn's English list.
    What a token moves is its TokenGrad; where there are no gradients, the size of its removal.
    A token must be seen at least three times.
    """
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    ratios: dict[str, list[float]] = defaultdict(list)
    for report in reports:
        for chunk in report.chunks:
            moved = [
                (token, value) for token in chunk.tokens if (value := _moves(token)) is not None
            ]
            mean = float(np.mean([value for _, value in moved])) if moved else 0.0
            for token, value in moved:
                text = token.text.strip().lower() or repr(token.text)
                neutral = not any(c.isalnum() for c in token.text) or text in ENGLISH_STOP_WORDS
                if neutral and mean > 0:
                    ratios[text].append(value / mean)
    found = [
        ExplosiveToken(text, len(values), float(np.mean(values)))
        for text, values in ratios.items()
        if len(values) >= _FEWEST
    ]
    return sorted(found, key=lambda token: -token.ratio)[:count]


def _moves(token: TokenProbe) -> float | None:
    if token.token_grad is not None:
        return token.token_grad
    return None if token.removal is None else abs(token.removal)


def _quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    return float(middle), float(low), float(high)
