"""Probes each chunk alone: every chunk on its own fork of one shared prefix."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np

from probes.entropy import entropy_drop
from probes.hidden_drift import hidden_drift, relative_l2, standardise
from probes.logit_drift import kl_divergence, logit_drift
from probes.neutral import cut_to_length
from probes.protocol import Model, Session
from probes.rank_change import rank_change
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
    neutral: Sequence[Sequence[int]] = (),
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
        neutral: tokens of neutral texts, at least two, against which hidden drift is
            standardised; it is not if none are given.

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
        yardsticks = _neutral_drifts(
            model,
            prefix,
            tail,
            neutral=neutral,
            lengths=[len(chunk) for chunk in chunks],
            without=without,
        )
        for session, chunk in zip(sessions, chunks, strict=True):
            session.rollback(position + len(chunk))
    except BaseException:
        for session in sessions:
            session.close()
        raise
    finally:
        baseline.close()
    return Isolated(
        readings=_readings(without, within, matrix, yardsticks),
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


def _neutral_drifts(
    model: Model,
    prefix: Session,
    tail: Sequence[int],
    *,
    neutral: Sequence[Sequence[int]],
    lengths: Sequence[int],
    without: Sequence[State],
) -> Matrix | None:
    """``[k, neutral texts, layers]``: what neutral text of each chunk's length moves."""
    layers = without[0].layers
    if not neutral or not layers:
        return None
    start = len(prefix.tokens)
    drifts = np.empty((len(lengths), len(neutral), len(layers)), dtype=np.float64)
    for n, text in enumerate(neutral):
        [longest] = prefix.fork(1)
        with ExitStack() as stack:
            stack.enter_context(longest)
            longest.extend(cut_to_length(text, max(lengths)))
            cuts = [stack.enter_context(cut) for cut in longest.fork(len(lengths))]
            for cut, length in zip(cuts, lengths, strict=True):
                cut.rollback(start + length)
                cut.extend(tail)
            windows = [state.window for state in without]
            states = model.read_many(list(zip(cuts, windows, strict=True)), layers)
        for j, state in enumerate(states):
            drifts[j, n] = hidden_drift(without[j], state)
    return drifts


def _mean_log_prob(state: State) -> float:
    rows = np.arange(len(state.window))
    return float(state.log_probs[rows, list(state.window)].mean(dtype=np.float64))


def _readings(
    without: Sequence[State],
    within: Sequence[State],
    matrix: Matrix,
    yardsticks: Matrix | None,
) -> list[Reading]:
    unavailable: dict[str, str] = {}
    if not without[0].layers:
        reason = "this backend shows no hidden states for this model"
        unavailable |= dict.fromkeys(("hidden_drift", "hidden_l2", "hidden_standardised"), reason)
    elif yardsticks is None:
        unavailable["hidden_standardised"] = "no neutral text was read beside the chunks"
    if len(within) == 1:
        reason = "there is no other chunk to compare with"
        unavailable |= dict.fromkeys(("support_max", "support_mean", "conflict_loss"), reason)
    gains = information_gain(matrix).tolist()
    best, mean, losses = (
        [None if np.isnan(value) else float(value) for value in column]
        for column in (support_max(matrix), support_mean(matrix), conflict_loss(matrix))
    )
    readings = []
    for j, (a, b) in enumerate(zip(without, within, strict=True)):
        drift = hidden_drift(a, b) if a.layers else None
        standardised = (
            standardise(drift, yardsticks[j])
            if drift is not None and yardsticks is not None
            else None
        )
        readings.append(
            Reading(
                hidden_drift=_floats(drift),
                hidden_l2=_floats(relative_l2(a, b) if a.layers else None),
                hidden_standardised=_floats(standardised),
                logit_drift=logit_drift(a, b),
                kl_divergence=kl_divergence(b, a),
                rank_change=rank_change(a, b),
                entropy_drop=entropy_drop(a, b),
                information_gain=gains[j],
                support_max=best[j],
                support_mean=mean[j],
                conflict_loss=losses[j],
                unavailable=unavailable,
            )
        )
    return readings


def _floats(values: Matrix | None) -> tuple[float, ...] | None:
    return None if values is None else tuple(values.tolist())
