"""What an answer shows of being right, read where it stands."""

from __future__ import annotations

from collections.abc import Sequence

from overlay.answering.candidate import Candidate
from overlay.answering.job import Job
from overlay.answering.workspace import Workspace
from probes.copied import copied_share
from probes.layers import answer_layer
from probes.protocol import Session
from probes.subject import as_text
from selector.signs import WINDOW, Signs, gain

__all__ = ["read_signs"]


def read_signs(
    job: Job, workspace: Workspace, rests_on: Sequence[Candidate], session: Session, start: int
) -> Signs | None:
    """Read an answer's first tokens once more, and look up what they say in its chunks.

    Args:
        rests_on: the chunks of its context.
        session: holds the prompt and the answer, which begins at ``start``.

    Returns:
        None of an answer without a token.
    """
    tokens = session.tokens[start : start + WINDOW]
    if not tokens:
        return None
    model = job.model
    states = model.capabilities.layer_states
    twin = workspace.fork(session)
    twin.rollback(start)
    read = twin.read(tokens, (answer_layer(model.info.layers),) if states else ())
    workspace.close(twin)
    said = as_text(model, tokens)
    steadiest = min(rests_on, key=lambda one: one.volatility, default=None)
    return Signs(
        log_prob=read.mean_log_prob,
        copied=copied_share(said, job.prompt.question, "\n".join(one.text for one in rests_on)),
        gain=0.0 if steadiest is None else _gain(job, workspace, steadiest, tokens),
        volatility=1.0 if steadiest is None else steadiest.volatility,
        state=read.hidden[0].mean(axis=0) if states else None,
    )


def _gain(job: Job, workspace: Workspace, chunk: Candidate, tokens: Sequence[int]) -> float:
    alone, bare = job.model.score_many(
        [(workspace.alone(chunk), tokens), (workspace.bare(), tokens)]
    )
    return gain(alone, bare)
