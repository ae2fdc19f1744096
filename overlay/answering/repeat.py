"""Stage 8: what the accepted chunks say closest to the question is said again beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from overlay.anchor import anchors
from overlay.answering.candidate import Candidate
from overlay.answering.drafts import draft_of, said
from overlay.answering.inject import Context
from overlay.answering.job import Job
from overlay.answering.workspace import Workspace
from overlay.prompt import chunk_tokens

__all__ = ["repeat"]


def repeat(
    job: Job, workspace: Workspace, candidates: Sequence[Candidate], context: Context
) -> tuple[list[Candidate], Context]:
    """Say sentences of the accepted chunks again, as far as there is room.

    Returns:
        The candidates, the steadiest of those let in with its draft; and the context.
    """
    found = list(candidates)
    if not job.settings.anchor or not any(one.accepted for one in found):
        return found, context
    best = min(
        (place for place, one in enumerate(found) if one.accepted),
        key=lambda place: found[place].volatility,
    )
    found[best] = draft_of(job, found[best])
    draft = said(job, found[best].draft)
    texts = [one.text for one in found if one.accepted]
    room = workspace.left(context.session)
    repeated: list[str] = []
    tokens: list[int] = []
    for sentence in anchors(job.prompt.question, texts, draft):
        # In quotation marks it is no further chunk, which a small model would rather go on with.
        more = chunk_tokens(job.model, f'"{sentence}"')
        if len(tokens) + len(more) <= room:
            repeated.append(sentence)
            tokens += more
    if not repeated:
        return found, context
    prompted = workspace.fork(context.session)
    prompted.extend([*tokens, *job.prompt.tail])
    session = workspace.without_tail(prompted)
    workspace.close(context.session)
    if context.prompted is not None and context.prompted is not context.later:
        workspace.close(context.prompted)
    return found, replace(context, session=session, prompted=prompted, repeated=tuple(repeated))
