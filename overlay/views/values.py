"""What a probe report holds: every value with its name, unit, range and meaning in one sentence.

Tables, legends and CSV all read this list, so that they say the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from probes.report import (
    ChunkProbe,
    ProbeReport,
    SentenceProbe,
    TokenProbe,
    TrajectoryPoint,
    VariantProbe,
)

__all__ = [
    "ANSWER_LOG_PROB",
    "CHUNK_VALUES",
    "LAYER_VALUES",
    "LEGEND",
    "SENTENCE_VALUES",
    "STEP_HIDDEN",
    "SUPPORT_MATRIX",
    "TOKEN_VALUES",
    "TRAJECTORY_VALUES",
    "VARIANT_VALUES",
    "Value",
]

Source = TypeVar("Source")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Value(Generic[Source, Result]):
    """One value of a report.

    Attributes:
        name: as in :mod:`probes.catalogue` where that has it, and in CSV.
        heading: as in tables.
        unit: empty for a number without one.
        span: the range, in words.
        meaning: one sentence without a full stop.
        of: reads it.
    """

    name: str
    heading: str
    unit: str
    span: str
    meaning: str
    of: Callable[[Source], Result]


Number = float | None
Layers = tuple[float, ...]

CHUNK_VALUES: tuple[Value[ChunkProbe, Number], ...] = (
    Value(
        "logit_drift",
        "logit drift",
        "bits",
        "0 to 1",
        "how far the chunk moves the next-token distributions on its own draft, as "
        "Jensen-Shannon divergence from no context",
        lambda c: c.reading.logit_drift,
    ),
    Value(
        "kl_divergence",
        "KL divergence",
        "nats/token",
        "0 and up",
        "how much the chunk's distributions surprise the model without context",
        lambda c: c.reading.kl_divergence,
    ),
    Value(
        "entropy_drop",
        "entropy drop",
        "",
        "-1 to 1",
        "how much surer of its next tokens the chunk makes the model; negative where it makes it "
        "less sure",
        lambda c: c.reading.entropy_drop,
    ),
    Value(
        "information_gain",
        "information gain",
        "nats/token",
        "unbounded",
        "how much the chunk raises the log-probability of its own draft over no context",
        lambda c: c.reading.information_gain,
    ),
    Value(
        "question_gain",
        "question gain",
        "nats/token",
        "unbounded",
        "how much likelier the chunk makes the question; the more, the more the chunk is about it",
        lambda c: c.reading.question_gain,
    ),
    Value(
        "support_max",
        "support, max",
        "nats/token",
        "unbounded",
        "how much the most favourable other chunk raises this chunk's draft",
        lambda c: c.reading.support_max,
    ),
    Value(
        "support_mean",
        "support, mean",
        "nats/token",
        "unbounded",
        "how much the other chunks raise this chunk's draft on average",
        lambda c: c.reading.support_mean,
    ),
    Value(
        "conflict_loss",
        "conflict loss",
        "nats/token",
        "0 and up",
        "how much this chunk lowers the other chunks' drafts on average",
        lambda c: c.reading.conflict_loss,
    ),
    Value(
        "rank_change",
        "rank change",
        "log10 rank",
        "unbounded",
        "how far the draft's tokens rise in the model's ranking, where 1 is a tenth of the rank "
        "without context; negative where they fall",
        lambda c: c.reading.rank_change,
    ),
    Value(
        "attention",
        "attention",
        "nats",
        "-4 to 4",
        "how much more the question looks at the chunk than a content-free question does",
        lambda c: c.attention,
    ),
    Value(
        "removal",
        "removal",
        "nats",
        "unbounded",
        "what the answer's log-probability loses when the chunk is masked in the whole context",
        lambda c: c.removal,
    ),
    Value(
        "loss_sensitivity",
        "loss sensitivity",
        "nats/token",
        "unbounded",
        "the same per token of the answer: loss without the chunk, less loss with it",
        lambda c: c.loss_sensitivity,
    ),
    Value(
        "influence_removal",
        "influence, removal",
        "share",
        "0 to 1",
        "the chunk's share of the decision by removal; the chunks' shares add up to 1",
        lambda c: c.influence_removal,
    ),
    Value(
        "influence_gradient",
        "influence, gradient",
        "share",
        "0 to 1",
        "the chunk's share of the decision by gradient times input",
        lambda c: c.influence_gradient,
    ),
)

LAYER_VALUES: tuple[Value[ChunkProbe, Layers], ...] = (
    Value(
        "hidden_standardised",
        "standardised drift",
        "sd",
        "unbounded",
        "how far the chunk moves a layer's hidden states, in standard deviations from the drift "
        "of neutral text of the same length; 0 is what any text does",
        lambda c: c.reading.hidden_standardised or (),
    ),
    Value(
        "hidden_drift",
        "cosine drift",
        "cosine distance",
        "0 to 2",
        "how far the chunk turns a layer's hidden states; 0 is not at all, 1 is a right angle",
        lambda c: c.reading.hidden_drift or (),
    ),
    Value(
        "hidden_l2",
        "L2 drift",
        "relative L2",
        "0 to 2",
        "how far the chunk moves a layer's hidden states, relative to their length",
        lambda c: c.reading.hidden_l2 or (),
    ),
)

TOKEN_VALUES: tuple[Value[TokenProbe, Number], ...] = (
    Value(
        "token_grad",
        "TokenGrad",
        "nats/embedding unit",
        "0 and up",
        "how strongly the answer's log-probability reacts to a small change of the token, "
        "whatever its direction",
        lambda t: t.token_grad,
    ),
    Value(
        "gradient_input",
        "gradient times input",
        "nats",
        "unbounded",
        "what the token adds to the answer's log-probability, to first order; negative where it "
        "speaks against the answer",
        lambda t: t.gradient_input,
    ),
    Value(
        "integrated_gradients",
        "integrated gradients",
        "nats",
        "unbounded",
        "what the token adds to the answer's log-probability on the way from an average "
        "embedding to its own",
        lambda t: t.integrated_gradients,
    ),
    Value(
        "token_removal",
        "removal",
        "nats",
        "unbounded",
        "what the answer's log-probability loses when the token is masked; negative where the "
        "answer gets likelier without it",
        lambda t: t.removal,
    ),
    Value(
        "mutation",
        "mutation",
        "nats/token",
        "unbounded",
        "what the answer's loss gains when the token is replaced by the model's own likeliest "
        "alternative",
        lambda t: t.mutation,
    ),
)

SENTENCE_VALUES: tuple[Value[SentenceProbe, Number], ...] = (
    Value(
        "sentence_removal",
        "removal",
        "nats",
        "unbounded",
        "what the answer's log-probability loses when the sentence is masked",
        lambda s: s.removal,
    ),
    Value(
        "sentence_share",
        "share",
        "share",
        "0 to 1",
        "the sentence's part of its chunk's share of the decision, by removal",
        lambda s: s.share,
    ),
)

TRAJECTORY_VALUES: tuple[Value[TrajectoryPoint, float], ...] = (
    Value(
        "step_drift",
        "step drift",
        "bits",
        "0 to 1",
        "logit drift on the answer from the point before",
        lambda p: p.step_drift,
    ),
    Value(
        "net_drift",
        "net drift",
        "bits",
        "0 to 1",
        "logit drift on the answer from no context",
        lambda p: p.net_drift,
    ),
    Value(
        "entropy",
        "entropy",
        "",
        "0 to 1",
        "how unsure of the answer's tokens the model is; 0 is certain",
        lambda p: p.entropy,
    ),
)

ANSWER_LOG_PROB: Value[TrajectoryPoint | VariantProbe, float] = Value(
    "answer_log_prob",
    "answer log-prob.",
    "nats/token",
    "0 and below",
    "mean log-probability of the answer's tokens; nearer to 0 is likelier",
    lambda p: p.answer_log_prob,
)

STEP_HIDDEN: Value[TrajectoryPoint, Layers] = Value(
    "step_hidden",
    "hidden step",
    "cosine distance",
    "0 to 2",
    "how far one more chunk turns a layer's hidden states on the answer",
    lambda p: p.step_hidden,
)

VARIANT_VALUES: tuple[Value[VariantProbe, float], ...] = (
    Value(
        "variant_drift",
        "variant drift",
        "bits",
        "0 to 1",
        "logit drift on the answer from the context as given",
        lambda v: v.drift,
    ),
)

SUPPORT_MATRIX: Value[ProbeReport, tuple[tuple[float, ...], ...]] = Value(
    "support_matrix",
    "support matrix",
    "nats/token",
    "0 and below",
    "mean log-probability of the column's draft under the row's context; coloured by what the "
    "row adds over no context",
    lambda r: r.support_matrix,
)

_PATH_RATIO: Value[ProbeReport, Number] = Value(
    "path_ratio",
    "path ratio",
    "",
    "1 and up",
    "length of the trajectory over its net displacement; 1 is a straight way to the answer",
    lambda r: r.path_ratio,
)

_DISPERSION: Value[ProbeReport, Number] = Value(
    "dispersion",
    "dispersion",
    "bits",
    "0 to 1",
    "root mean square of the variants' drifts; how much the answer hangs on wording and order",
    lambda r: r.dispersion,
)

LEGEND: tuple[tuple[str, tuple[Value[Any, Any], ...]], ...] = (
    ("Each chunk alone", CHUNK_VALUES),
    ("Each chunk, layer by layer", LAYER_VALUES),
    ("Each token", TOKEN_VALUES),
    ("Each sentence", SENTENCE_VALUES),
    ("Chunks against drafts", (SUPPORT_MATRIX,)),
    ("The trajectory", (*TRAJECTORY_VALUES, ANSWER_LOG_PROB, STEP_HIDDEN, _PATH_RATIO)),
    ("The variants", (*VARIANT_VALUES, _DISPERSION)),
)
"""All values, by what they are values of."""
