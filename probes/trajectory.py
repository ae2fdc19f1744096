"""The trajectory: how the answer comes about while the context grows, source by source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from probes.entropy import normalised_entropy
from probes.hidden_drift import hidden_drift
from probes.logit_drift import logit_drift
from probes.path import path_ratio
from probes.protocol import Session
from probes.report import TrajectoryPoint
from probes.state import State
from probes.subject import Subject

__all__ = ["Trajectory", "follow", "grow"]


@dataclass(frozen=True, slots=True, eq=False)
class Trajectory:
    """States on the answer that all sources together lead to.

    Attributes:
        answer: the draft under all sources.
        states: one without context, then one after each source.
    """

    answer: list[int]
    states: list[State]

    @property
    def log_prob(self) -> float:
        """Summed log-probability of the answer under all sources, nats."""
        return self.states[-1].log_prob

    @property
    def ratio(self) -> float | None:
        """See :func:`probes.path.path_ratio`."""
        steps = [logit_drift(a, b) for a, b in zip(self.states, self.states[1:], strict=False)]
        return path_ratio(steps, logit_drift(self.states[0], self.states[-1]))

    def points(self, subject: Subject) -> Iterator[TrajectoryPoint]:
        """The trajectory as the report shows it."""
        first = previous = self.states[0]
        labels = ("no context", *(source.label for source in subject.sources))
        for label, state in zip(labels, self.states, strict=True):
            yield TrajectoryPoint(
                label=label,
                answer_log_prob=state.mean_log_prob,
                step_drift=logit_drift(previous, state),
                net_drift=logit_drift(first, state),
                entropy=normalised_entropy(state),
                step_hidden=tuple(hidden_drift(previous, state).tolist()) if state.layers else (),
            )
            previous = state


def grow(
    context: Session, parts: Sequence[Sequence[int]], tail: Sequence[int]
) -> Sequence[Session]:
    """Sessions that hold the context without any part, with the first, and so on to all.

    Args:
        context: all parts stand in it afterwards, prefilled in one piece.
        tail: stands behind the parts of each session.

    Returns:
        One session more than there are parts; the caller closes them.
    """
    ends = accumulate(map(len, parts), initial=len(context.tokens))
    context.extend([token for part in parts for token in part])
    stages = context.fork(len(parts) + 1)
    try:
        for stage, end in zip(stages, ends, strict=True):
            stage.rollback(end)
            stage.extend(tail)
    except BaseException:
        for stage in stages:
            stage.close()
        raise
    return stages


def follow(subject: Subject, context: Session) -> Trajectory:
    """Grow the context source by source, and read each stage on the answer of the last one.

    Args:
        context: a session that holds the prefix; all sources stand in it afterwards.
    """
    model = subject.model
    stages: list[Session] = []
    try:
        stages += grow(context, [source.tokens for source in subject.sources], subject.tail)
        [last] = model.draft_states([stages[-1]], subject.draft_tokens, subject.layers)
        earlier = [(stage, last.window) for stage in stages[:-1]]
        states = [*model.read_many(earlier, subject.layers), last]
    finally:
        for stage in stages:
            stage.close()
    return Trajectory(list(last.window), states)
