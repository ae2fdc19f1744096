"""Stage 10: what the chunks say closest to the question is said again beside it."""

from __future__ import annotations

from dataclasses import replace

from overlay.answering.inject import Context
from overlay.answering.job import Job
from overlay.answering.nearest import nearest
from overlay.answering.workspace import Workspace
from overlay.prompt import chunk_tokens

__all__ = ["repeat"]


def repeat(job: Job, workspace: Workspace, context: Context) -> Context:
    """Say sentences of the context's chunks again, as far as there is room."""
    variant = context.variant
    if not variant.repeats:
        return context
    room = workspace.left(context.session)
    repeated: list[str] = []
    tokens: list[int] = []
    for sentence in nearest(job, variant.chunks):
        # In quotation marks it is no further chunk, which a small model would rather go on with.
        more = chunk_tokens(job.model, f'"{sentence}"')
        if len(tokens) + len(more) <= room:
            repeated.append(sentence)
            tokens += more
    if not repeated:
        return context
    session = workspace.fork(context.session)
    session.extend(tokens)
    return replace(context, session=session, repeated=tuple(repeated))
