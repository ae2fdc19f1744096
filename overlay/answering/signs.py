"""What an answer shows of being right, read where it stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from overlay.anchor import plain_sentences
from overlay.answering.inject import Context
from overlay.answering.job import Job
from overlay.answering.workspace import Workspace
from probes.copied import backing, consensus, copied_share
from probes.state import State
from probes.subject import as_text
from selector.signs import Signs, gain

__all__ = ["heard", "read_signs"]


def read_signs(
    job: Job, workspace: Workspace, read: Sequence[tuple[Context, State]]
) -> list[Signs]:
    """What answers' first tokens show, and what of them stands in the chunks of their contexts.

    Args:
        read: contexts, and the state on those tokens under each.
    """
    led = [state for context, state in read if context.variant.chunks]
    gains = iter(_gains(job, workspace, led))
    return [
        _signs(job, context, state, next(gains) if context.variant.chunks else 0.0)
        for context, state in read
    ]


def heard(job: Job, signs: Signs, said: str, others: Sequence[str]) -> Signs:
    """The signs of an answer, once what other variants say is known.

    Args:
        said: its first tokens.
        others: the first tokens of the others, at least one.
    """
    return replace(signs, consensus=consensus(said, job.prompt.question, others))


def _signs(job: Job, context: Context, read: State, gained: float) -> Signs:
    chunks = context.variant.chunks
    said, question = as_text(job.model, read.window), job.prompt.question
    return Signs(
        log_prob=read.mean_log_prob,
        gain=gained,
        backing=backing(said, question, [s for one in chunks for s in plain_sentences(one.text)]),
        copied=copied_share(said, question, "\n".join(one.text for one in chunks)),
        chunks=len(chunks),
    )


def _gains(job: Job, workspace: Workspace, read: Sequence[State]) -> list[float]:
    """How much likelier the context makes each answer than no context does."""
    bare = job.model.score_many([(workspace.bare(), one.window) for one in read]) if read else []
    return [gain(one.mean_log_prob, other) for one, other in zip(read, bare, strict=True)]
