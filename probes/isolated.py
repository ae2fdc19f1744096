"""Probes each chunk alone: every chunk on its own fork of one shared prefix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np

from probes.entropy import entropy_drop
from probes.hidden_drift import hidden_drift, relative_l2, standardise
from probes.logit_drift import kl_divergence, logit_drift
from probes.neutral import cut_to_length
from probes.prompted import Prompted, prompt_chunks
from probes.protocol import Model, Session
from probes.rank_change import rank_change
from probes.reading import Reading
from probes.state import State
from probes.support import Matrix, conflict_loss, information_gain, support_max, support_mean

__all__ = ["Extent", "Isolated", "probe_chunks", "probe_prompted"]


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is read of each chunk.

    Attributes:
        draft_tokens: length of a draft.
        layers: layers whose hidden states are read; none if the model cannot show any.
        neutral: tokens of neutral texts, at least two, against which hidden drift is
            standardised; it is not if none are given.
        support: whether every draft is scored under every other chunk, which takes ``k (k - 1)``
            windows.
    """

    draft_tokens: int
    layers: Sequence[int]
    neutral: Sequence[Sequence[int]] = ()
    support: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Isolated:
    """What came of probing k chunks alone.

    Attributes:
        readings: one a chunk, in order.
        baseline: the state on the draft without context.
        states: the state under each chunk on its own draft.
        matrix: the support matrix ``[k + 1, k]``, see :mod:`probes.support`; NaN where it was not
            asked for.
        bare: a session that holds prefix and tail.
        sessions: one a chunk, holding prefix, chunk and tail. Close them all, or use the whole
            as a context manager.
    """

    readings: list[Reading]
    baseline: State
    states: list[State]
    matrix: Matrix
    bare: Session
    sessions: list[Session]

    @property
    def baseline_draft(self) -> list[int]:
        """The model's draft without context."""
        return list(self.baseline.window)

    @property
    def baseline_confidence(self) -> float:
        """Mean log-probability of that draft without context, nats per token."""
        return self.baseline.mean_log_prob

    @property
    def drafts(self) -> list[list[int]]:
        """The model's draft under each chunk."""
        return [list(state.window) for state in self.states]

    def close(self) -> None:
        """Close the sessions."""
        for session in (self.bare, *self.sessions):
            session.close()

    def __enter__(self) -> Isolated:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def probe_chunks(
    model: Model,
    prefix: Session,
    chunks: Sequence[Sequence[int]],
    tail: Sequence[int],
    extent: Extent,
    *,
    lead: int = 0,
) -> Isolated:
    """Read what each chunk alone does to the model.

    Args:
        prefix, chunks, tail, lead: see :func:`probes.prompted.prompt_chunks`.

    Raises:
        PromptTooLongError: a chunk with prefix, tail and draft outgrows the context.
    """
    prompted = prompt_chunks(model, prefix, chunks, tail, lead=lead)
    try:
        return probe_prompted(model, prefix, prompted, tail, extent)
    except BaseException:
        prompted.close()
        raise


def probe_prompted(
    model: Model,
    prefix: Session,
    prompted: Prompted,
    tail: Sequence[int],
    extent: Extent,
    *,
    drafted: Mapping[int, State] | None = None,
) -> Isolated:
    """Read what chunks do to the model that stand in the prompt already.

    The drifts and the entropy drop are read on the window of the chunk's own draft: what the
    chunk makes the model say, and how the model saw those words without it.

    Args:
        prompted: its sessions are those of what is returned.
        drafted: states on drafts that were made before, by the place of the chunk; those chunks
            draft nothing again.

    Raises:
        PromptTooLongError: a chunk with prefix, tail and draft outgrows the context.
    """
    bare, sessions = prompted.bare, prompted.sessions
    known, layers, support = drafted or {}, extent.layers, extent.support
    left = [session for place, session in enumerate(sessions) if place not in known]
    baseline, *new = model.draft_states([bare, *left], extent.draft_tokens, layers)
    rest = iter(new)
    within = [known[place] if place in known else next(rest) for place in range(len(sessions))]
    without = model.read_many([(bare, state.window) for state in within], layers)
    matrix = _support_matrix(model, sessions if support else (), without, within)
    around = len(prefix.tokens) + len(tail)
    lengths = [len(session.tokens) - around for session in sessions]
    yardsticks = _neutral_drifts(
        model, prefix, tail, extent.neutral, lengths=lengths, without=without
    )
    return Isolated(
        readings=_readings(
            without, within, matrix, yardsticks, prompted.question_gains, support=support
        ),
        baseline=baseline,
        states=within,
        matrix=matrix,
        bare=bare,
        sessions=list(sessions),
    )


def _support_matrix(
    model: Model,
    sessions: Sequence[Session],
    without: Sequence[State],
    within: Sequence[State],
) -> Matrix:
    """``M[i, j]``; the baseline row and the diagonal are known from the states already.

    Without sessions the rest stays NaN.
    """
    k = len(within)
    matrix = np.full((k + 1, k), np.nan)
    for j in range(k):
        matrix[0, j] = without[j].mean_log_prob
        matrix[j + 1, j] = within[j].mean_log_prob
    pairs = [(i, j) for i in range(len(sessions)) for j in range(k) if i != j]
    scores = model.score_many([(sessions[i], within[j].window) for i, j in pairs])
    for (i, j), score in zip(pairs, scores, strict=True):
        matrix[i + 1, j] = score
    return matrix


def _neutral_drifts(
    model: Model,
    prefix: Session,
    tail: Sequence[int],
    neutral: Sequence[Sequence[int]],
    *,
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


def _readings(
    without: Sequence[State],
    within: Sequence[State],
    matrix: Matrix,
    yardsticks: Matrix | None,
    question_gains: Sequence[float],
    *,
    support: bool,
) -> list[Reading]:
    unavailable: dict[str, str] = {}
    if not without[0].layers:
        reason = "this backend shows no hidden states for this model"
        unavailable |= dict.fromkeys(("hidden_drift", "hidden_l2", "hidden_standardised"), reason)
    elif yardsticks is None:
        unavailable["hidden_standardised"] = "no neutral text was read beside the chunks"
    if len(within) == 1 or not support:
        reason = (
            "there is no other chunk to compare with"
            if len(within) == 1
            else "drafts were not scored under other chunks: a profile judges without that"
        )
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
                question_gain=question_gains[j],
                support_max=best[j],
                support_mean=mean[j],
                conflict_loss=losses[j],
                unavailable=unavailable,
            )
        )
    return readings


def _floats(values: Matrix | None) -> tuple[float, ...] | None:
    return None if values is None else tuple(values.tolist())
