"""Labelled questions probed: what every probe says of chunks whose kind is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean

from overlay.labelled.items import Item
from overlay.probing import Effort, probe
from overlay.settings import Settings
from probes.protocol import Model
from probes.report import ChunkProbe, ProbeReport

__all__ = ["Observation", "observe"]


@dataclass(frozen=True, slots=True)
class Observation:
    """One chunk of one question.

    Attributes:
        question: the question's id.
        kind: helpful, irrelevant, contradicting, poisoned or injected.
        values: every number that the probes say of the chunk, by name; None where one could
            not be computed.
    """

    question: str
    kind: str
    values: dict[str, float | None]


def observe(model: Model, question: Item, settings: Settings) -> list[Observation]:
    """Probe the question with its chunks."""
    effort = Effort(variants=False, removal_tokens=0, mutated_tokens=0, layers=5)
    texts = [(passage.kind, passage.text) for passage in question.passages]
    report = probe(model, question.question, texts, settings, effort)
    return [
        Observation(question.id, passage.kind, _values(report, index))
        for index, passage in enumerate(question.passages)
    ]


def _values(report: ProbeReport, index: int) -> dict[str, float | None]:
    chunk = report.chunks[index]
    reading = chunk.reading
    step = report.trajectory[index + 1]
    values: dict[str, float | None] = {
        "logit drift": reading.logit_drift,
        "KL divergence": reading.kl_divergence,
        "entropy drop": reading.entropy_drop,
        "rank change": reading.rank_change,
        "information gain": reading.information_gain,
        "question gain": reading.question_gain,
        "support, max": reading.support_max,
        "support, mean": reading.support_mean,
        "conflict loss": reading.conflict_loss,
        "hidden drift, mean": _mean(reading.hidden_drift),
        "relative L2, mean": _mean(reading.hidden_l2),
        "standardised drift, mean": _mean(reading.hidden_standardised),
    }
    for depth, layer in enumerate(report.layers):
        share = layer / max(report.layers)
        drift = reading.hidden_standardised
        values[f"standardised drift, depth {share:.2f}"] = drift[depth] if drift else None
    values |= {
        "marginal logit drift": step.step_drift,
        "marginal hidden drift, mean": _mean(step.step_hidden),
        "attention": chunk.attention,
        "removal": chunk.removal,
        "influence by removal": chunk.influence_removal,
        "influence by gradient": chunk.influence_gradient,
        "TokenGrad, mean": _tokens(chunk, lambda token: token.token_grad, fmean),
        "TokenGrad, max": _tokens(chunk, lambda token: token.token_grad, max),
        "gradient times input, sum": _tokens(chunk, lambda token: token.gradient_input, sum),
    }
    return values


def _mean(values: Sequence[float] | None) -> float | None:
    return fmean(values) if values else None


def _tokens(
    chunk: ChunkProbe,
    value: Callable[..., float | None],
    reduce: Callable[[list[float]], float],
) -> float | None:
    values = [number for token in chunk.tokens if (number := value(token)) is not None]
    return reduce(values) if values else None
