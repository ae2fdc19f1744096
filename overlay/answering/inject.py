"""Stage 8: the chunks of a variant enter the context."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from overlay.answering.job import Job
from overlay.answering.variants import Variant
from overlay.answering.workspace import Workspace
from probes.protocol import Session

__all__ = ["Context", "add_chunk", "inject"]


@dataclass(frozen=True, slots=True, eq=False)
class Context:
    """What the model sees now.

    Attributes:
        session: the prompt up to where the question follows.
        prompted: the prompt with the question, before anything is said again; None where nothing
            is judged, and nothing needs to be read there.
        repeated: sentences of the chunks that stand behind them once more.
    """

    variant: Variant
    session: Session
    prompted: Session | None = None
    repeated: tuple[str, ...] = ()


def inject(job: Job, workspace: Workspace, variant: Variant) -> Context:
    """Put the chunks of a variant into the context: the first one, and the others as one dose."""
    chunks, tail = variant.chunks, variant.tail
    session, known = workspace.behind(chunks)
    for one in chunks[known:]:
        recompute = job.settings.recompute if known else 1.0
        add_chunk(session, one.tokens, one.session, len(job.prompt.prefix), recompute)
    if not job.judge.reads:
        return Context(variant, session)
    if len(chunks) == 1 and chunks[0].session is not None and tail == job.prompt.tail:
        # The chunk was read behind the same prefix and before the same question.
        prompted = workspace.fork(chunks[0].session)
    else:
        prompted = session
        prompted.extend(tail)
        session = workspace.fork(prompted)
        session.rollback(len(prompted.tokens) - len(tail))
    workspace.grew(chunks, session)
    return Context(variant, session, prompted)


def add_chunk(
    session: Session, tokens: Sequence[int], alone: Session | None, place: int, recompute: float
) -> None:
    """Extend a context by a chunk that stands at ``place`` of a session of its own, too.

    Args:
        recompute: share of its tokens that is evaluated again; the others keep the cells that they
            have there.
    """
    size = len(tokens)
    fresh = math.ceil(recompute * size)
    if fresh < size and alone is not None:
        session.extend_blended(alone, place, place + size, fresh=fresh)
    else:
        session.extend(tokens)
