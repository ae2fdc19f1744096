"""The report of ``overlay probe``: everything that the probes say of a question and its texts.

Plain data: what could not be computed is None (or empty), and ``unavailable`` says why, by the
probe's name. :mod:`probes.examine` fills it in.
"""

from __future__ import annotations

from dataclasses import dataclass

from probes.reading import Reading

__all__ = [
    "ChunkProbe",
    "ProbeReport",
    "SentenceProbe",
    "TokenProbe",
    "TrajectoryPoint",
    "VariantProbe",
]


@dataclass(frozen=True, slots=True)
class TokenProbe:
    """One input token of a chunk.

    Attributes:
        text: the token's text; U+FFFD where it is a part of a character.
        token_grad: gradient norm, nats per unit of embedding, at least 0.
        gradient_input: gradient times input, nats.
        removal: what the answer's log-probability loses when the token is masked, nats.
        integrated_gradients: integrated gradients, nats.
        alternative: the model's own likeliest other token in its place; None if none was tried.
        mutation: loss sensitivity to that replacement, nats per token of the answer.
    """

    text: str
    token_grad: float | None
    gradient_input: float | None
    removal: float | None
    integrated_gradients: float | None = None
    alternative: str | None = None
    mutation: float | None = None


@dataclass(frozen=True, slots=True)
class SentenceProbe:
    """One sentence of a chunk.

    Attributes:
        removal: what the answer's log-probability loses when the sentence is masked, nats.
        share: its share of the decision by removal, 0 to 1: the chunk's share, split among the
            sentences that the answer loses by; 0 for all where it loses by none alone.
    """

    text: str
    removal: float | None
    share: float | None


@dataclass(frozen=True, slots=True)
class ChunkProbe:
    """One text, alone and inside the context of all texts.

    Attributes:
        label: where the text comes from.
        text: the chunk itself.
        draft: what the model says under this chunk alone.
        reading: the chunk alone against no context.
        removal: what the answer loses when the chunk is masked in the whole context, nats.
        loss_sensitivity: the same, per token of the answer: loss without the chunk less loss
            with it.
        influence_removal: share of the decision by removal, 0 to 1; shares add up to 1.
        influence_gradient: share of the decision by gradient times input, 0 to 1.
        sentences: in order.
        tokens: in order.
        attention: how much more the question looks at this chunk than a content-free question does,
            nats, see :func:`probes.attention.attention`.
    """

    label: str
    text: str
    draft: str
    reading: Reading
    removal: float
    loss_sensitivity: float
    influence_removal: float
    influence_gradient: float | None
    sentences: tuple[SentenceProbe, ...]
    tokens: tuple[TokenProbe, ...]
    attention: float | None = None


@dataclass(frozen=True, slots=True)
class TrajectoryPoint:
    """The state on the answer after one more chunk stands in the context.

    Attributes:
        label: the chunk that was added; "no context" for the first point.
        answer_log_prob: mean log-probability of the answer, nats per token.
        step_drift: logit drift from the point before, bits, 0 to 1; 0 for the first point.
        net_drift: logit drift from no context, bits, 0 to 1.
        entropy: normalised entropy, 0 to 1.
        step_hidden: per layer, cosine drift from the point before.
    """

    label: str
    answer_log_prob: float
    step_drift: float
    net_drift: float
    entropy: float
    step_hidden: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class VariantProbe:
    """The same texts in another wording, order, or length.

    Attributes:
        name: what was varied.
        draft: what the model says under it.
        answer_log_prob: mean log-probability of the report's answer, nats per token.
        drift: logit drift on the answer from the context as given, bits, 0 to 1.
    """

    name: str
    draft: str
    answer_log_prob: float
    drift: float


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """What the probes say of one question and its texts.

    Attributes:
        question: as asked.
        answer: the draft under all texts together: the window of everything that is not said
            to be read on a chunk's own draft.
        baseline: the draft without context.
        model: name, ``backend`` and file hash follow.
        layers: indices of the layers in every per-layer value; empty where none can be read.
        chunks: in the order in which they stand in the context.
        support_matrix: ``[k + 1][k]`` mean log-probabilities, see :mod:`probes.support`.
        trajectory: k + 1 points, the first without context.
        path_ratio: path length over net displacement of the trajectory, at least 1; None for a
            trajectory that comes back to its start.
        variants: with their dispersion: root mean square of their drifts, bits.
        unavailable: why a probe is missing, by its name.
        evaluated: model-token evaluations, by phase.
    """

    question: str
    answer: str
    baseline: str
    model: str
    backend: str
    sha256: str
    layers: tuple[int, ...]
    chunks: tuple[ChunkProbe, ...]
    support_matrix: tuple[tuple[float, ...], ...]
    trajectory: tuple[TrajectoryPoint, ...]
    path_ratio: float | None
    variants: tuple[VariantProbe, ...]
    dispersion: float | None
    unavailable: dict[str, str]
    evaluated: dict[str, int]
