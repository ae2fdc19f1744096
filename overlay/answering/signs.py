"""What an answer shows of being right, read where it stands."""

from __future__ import annotations

from overlay.answering.candidate import Candidate
from overlay.answering.inject import Context
from overlay.answering.job import Job
from overlay.answering.workspace import Workspace
from probes.copied import copied_share
from probes.layers import answer_layer
from probes.state import State
from probes.subject import as_text
from selector.signs import Signs, gain

__all__ = ["read_signs", "sign_layers"]


def read_signs(job: Job, workspace: Workspace, context: Context, read: State) -> Signs:
    """What an answer's first tokens show, and what of them stands in the chunks of its context.

    Args:
        read: the state on those tokens, with :func:`sign_layers`.
    """
    chunks = context.variant.chunks
    steadiest = min(chunks, key=lambda one: one.volatility, default=None)
    said, text = as_text(job.model, read.window), "\n".join(one.text for one in chunks)
    return Signs(
        log_prob=read.mean_log_prob,
        copied=copied_share(said, job.prompt.question, text),
        gain=0.0 if steadiest is None else _gain(job, workspace, context, steadiest, read),
        volatility=1.0 if steadiest is None else steadiest.volatility,
        state=read.hidden[0].mean(axis=0) if read.layers else None,
    )


def sign_layers(job: Job) -> tuple[int, ...]:
    """The layers whose states are among the signs; none where the model shows none."""
    model = job.model
    return (answer_layer(model.info.layers),) if model.capabilities.layer_states else ()


def _gain(job: Job, workspace: Workspace, context: Context, chunk: Candidate, read: State) -> float:
    """How much likelier the chunk alone makes the answer than no context does."""
    asked = [(workspace.bare(), read.window)]
    variant = context.variant
    if len(variant.chunks) > 1 or context.repeated or variant.tail != job.prompt.tail:
        asked.append((workspace.alone(chunk), read.window))
    bare, *alone = job.model.score_many(asked)
    # Where the chunk stands alone anyway, the answer was scored when it was read.
    return gain(alone[0] if alone else read.mean_log_prob, bare)
