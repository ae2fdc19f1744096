"""Probes each chunk alone: every chunk on its own fork of one shared prefix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from probes.entropy import entropy_drop
from probes.hidden_drift import hidden_drift
from probes.logit_drift import logit_drift
from probes.protocol import Model, Session
from probes.reading import Reading
from probes.state import State
from probes.support import Matrix, conflict_loss, information_gain, support_max, support_mean

__all__ = ["Isolated", "probe_chunks"]


@dataclass(frozen=True, slots=True, eq=False)
class Isolated:
    """What came of probing k chunks alone.

    Attributes:
        readings: one a chunk, in order.
        baseline_draft: the model's draft without context.
        baseline_confidence: mean log-probability of that draft without context, nats per token.
        drafts: the model's draft under each chunk.
        matrix: the support matrix ``[k + 1, k]``, see :mod:`probes.support`.
        sessions: one a chunk, holding prefix and chunk; the caller closes them.
    """

    readings: list[Reading]
    baseline_draft: list[int]
    baseline_confidence: float
    drafts: list[list[int]]
    matrix: Matrix
    sessions: list[Session]


def probe_chunks(
    model: Model,
    prefix: Session,
    chunks: Sequence[Sequence[int]],
    tail: Sequence[int],
    *,
    draft_tokens: int,
    layers: Sequence[int],
) -> Isolated:
    """Read what each chunk alone does to the model.

    The drifts and the entropy drop are read on the window of the chunk's own draft: what the
    chunk makes the model say, and how the model saw those words without it.

    Args:
        prefix: the prompt up to the place where the context goes; stays as it was.
        chunks: the tokens of each chunk; at least one.
        tail: the prompt after the context.
        draft_tokens: length of a draft.
        layers: layers whose hidden states are read; none if the model cannot show any.

    Raises:
        PromptTooLongError: a chunk with prefix, tail and draft outgrows the context.
    """
    baseline, *sessions = prefix.fork(len(chunks) + 1)
    position = len(prefix.tokens)
    try:
        baseline.extend(tail)
        for session, chunk in zip(sessions, chunks, strict=True):
            session.extend([*chunk, *tail])
        contexts = [baseline, *sessions]
        baseline_draft, *drafts = model.draft_many(contexts, draft_tokens)
        without = model.read_many([(baseline, draft) for draft in drafts], layers)
        within = model.read_many(list(zip(sessions, drafts, strict=True)), layers)
        matrix = _support_matrix(model, sessions, drafts, without, within)
        confidence = model.score_many([(baseline, baseline_draft)])[0]
        for session, chunk in zip(sessions, chunks, strict=True):
            session.rollback(position + len(chunk))
    except BaseException:
        for session in sessions:
            session.close()
        raise
    finally:
        baseline.close()
    return Isolated(
        readings=_readings(without, within, matrix),
        baseline_draft=baseline_draft,
        baseline_confidence=confidence,
        drafts=drafts,
        matrix=matrix,
        sessions=list(sessions),
    )


def _support_matrix(
    model: Model,
    sessions: Sequence[Session],
    drafts: Sequence[Sequence[int]],
    without: Sequence[State],
    within: Sequence[State],
) -> Matrix:
    """``M[i, j]``; the baseline row and the diagonal are known from the states already."""
    k = len(drafts)
    matrix = np.empty((k + 1, k), dtype=np.float64)
    for j in range(k):
        matrix[0, j] = _mean_log_prob(without[j])
        matrix[j + 1, j] = _mean_log_prob(within[j])
    pairs = [(i, j) for i in range(k) for j in range(k) if i != j]
    scores = model.score_many([(sessions[i], drafts[j]) for i, j in pairs])
    for (i, j), score in zip(pairs, scores, strict=True):
        matrix[i + 1, j] = score
    return matrix


def _mean_log_prob(state: State) -> float:
    rows = np.arange(len(state.window))
    return float(state.log_probs[rows, list(state.window)].mean(dtype=np.float64))


def _readings(without: Sequence[State], within: Sequence[State], matrix: Matrix) -> list[Reading]:
    unavailable = {}
    if not without[0].layers:
        unavailable["hidden_drift"] = "this backend shows no hidden states for this model"
    if len(within) == 1:
        reason = "there is no other chunk to compare with"
        unavailable |= dict.fromkeys(("support_max", "support_mean", "conflict_loss"), reason)
    gains = information_gain(matrix).tolist()
    best, mean, losses = (
        [None if np.isnan(value) else float(value) for value in column]
        for column in (support_max(matrix), support_mean(matrix), conflict_loss(matrix))
    )
    return [
        Reading(
            hidden_drift=tuple(hidden_drift(a, b).tolist()) if a.layers else None,
            logit_drift=logit_drift(a, b),
            entropy_drop=entropy_drop(a, b),
            information_gain=gains[j],
            support_max=best[j],
            support_mean=mean[j],
            conflict_loss=losses[j],
            unavailable=unavailable,
        )
        for j, (a, b) in enumerate(zip(without, within, strict=True))
    ]
