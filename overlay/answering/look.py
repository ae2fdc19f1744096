"""Stage 3: where the question looks, over all chunks that were read, side by side in one context.

The chunk that the answer stands in draws the question's look where neither its words nor what it
does to the question tell. The one pass that this takes is kept: a variant with the same chunks in
the same order begins behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise

from overlay.answering.candidate import Candidate
from overlay.answering.inject import grown
from overlay.answering.job import Job
from overlay.answering.workspace import Workspace
from overlay.prompt import content_free, most_similar_last
from probes.look import Asking, read_attention

__all__ = ["look", "side_by_side"]

_MOST = 48
"""Chunks that may stand alone beside this: what looks takes some of a model's 64 sequences."""


def look(job: Job, workspace: Workspace, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Read how much more the question looks at each chunk than one that says nothing.

    Nothing is read where the judge does not weigh it, the model does not show it, or fewer than two
    chunks were read. A chunk for which there is no room beside more similar ones has no reading.
    """
    found = list(candidates)
    if not job.judge.looks or not job.model.capabilities.attention:
        return found
    chunks = side_by_side(workspace, found)
    if len(chunks) < 2 or sum(one.session is not None for one in found) > _MOST:
        return found
    prompt = job.prompt
    session = grown(job, workspace, chunks)
    ends = accumulate((len(one.tokens) for one in chunks), initial=len(prompt.prefix))
    asked = Asking(prompt.tail, prompt.lead)
    unasked = content_free(job.model, prompt)
    read = read_attention(job.model, session, list(pairwise(ends)), asked, unasked)
    # A variant may need the same room once more.
    if workspace.crowded(found, (*chunks, *chunks)):
        workspace.close(session)
    else:
        workspace.grew(chunks, session)
    values = {one.chunk.rank: value for one, value in zip(chunks, read, strict=True)}
    return [
        one.with_seen(attention=values[one.chunk.rank]) if one.chunk.rank in values else one
        for one in found
    ]


def side_by_side(workspace: Workspace, candidates: Sequence[Candidate]) -> list[Candidate]:
    """The chunks that were read and fit into one context, the most similar next to the question."""
    read = [one for one in candidates if one.seen is not None]
    sizes = [len(one.tokens) for one in read]
    room = min(workspace.room, workspace.spare(candidates))
    places = most_similar_last(sizes, [one.chunk.similarity for one in read], room)
    return [read[place] for place in places]
