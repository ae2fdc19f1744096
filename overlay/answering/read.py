"""Stage 4: all chunks side by side in one context, and what the model shows of each there.

It is the one pass that plain RAG makes. The chunk that the answer stands in draws the question's
look where its words do not tell, and an instruction shows in the state at its chunk's end. The pass
is kept: a variant with the same chunks begins behind its question, and one with fewer of them sees
fewer of its cells. A first dose is read without the look, which tells little beside few others: its
question is then evaluated in the same call as its chunks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate, pairwise

from overlay.answering.candidate import Candidate, Seen
from overlay.answering.job import Job
from overlay.answering.workspace import Workspace
from overlay.prompt import by_similarity, content_free
from probes.look import Asking, end_states, extend_asked
from selector.verdict import does_not_fit

__all__ = ["read", "side_by_side"]


def read(job: Job, workspace: Workspace, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Read every chunk beside the others; none where the judge weighs nothing.

    A chunk that was judged stays as it is, and one that outgrows the context is judged at once. One
    for which there is no room beside more similar ones has no reading of the model's, and neither
    has any where the model shows none. Where the question looks is read once all are there.
    """
    if not job.judge.reads:
        return list(candidates)
    found = [_measured(workspace, one) for one in candidates]
    layer = job.judge.layer
    chunks = side_by_side(job, workspace, found)
    weighs = job.judge.looks and job.model.capabilities.attention
    if not chunks or not (weighs or layer is not None):
        return found
    # One chunk alone draws all of the look, and beside few others a look tells little.
    looks = weighs and len(chunks) > 1 and not any(one.unread for one in found)
    session, prompt = workspace.grown(chunks), job.prompt
    ends = list(accumulate((len(one.tokens) for one in chunks), initial=len(prompt.prefix)))
    if not looks:
        # Here and not in a fork: that would be evaluated in a call behind the chunks.
        session.extend(prompt.tail)
    # In one call: what the answer's index compares with is evaluated in passing.
    job.model.flush([session, workspace.bare()])
    if not looks:
        workspace.asked(chunks, workspace.fork(session))
        session.rollback(ends[-1])
    seen = [Seen() for _ in chunks]
    if layer is not None:
        states = end_states(job.model, session, ends[1:], layer)
        seen = [replace(one, state=state) for one, state in zip(seen, states, strict=True)]
    if looks:
        asked = Asking(prompt.tail, prompt.lead)
        unasked = content_free(job.model, prompt)
        asking = workspace.fork(session)
        values = extend_asked(job.model, asking, list(pairwise(ends)), asked, unasked)
        workspace.asked(chunks, asking)
        seen = [replace(one, attention=value) for one, value in zip(seen, values, strict=True)]
    by_rank = {one.chunk.rank: own for one, own in zip(chunks, seen, strict=True)}
    return [replace(one, seen=by_rank.get(one.chunk.rank, one.seen)) for one in found]


def side_by_side(
    job: Job, workspace: Workspace, candidates: Sequence[Candidate]
) -> list[Candidate]:
    """The chunks that fit into one context, by similarity as the order says."""
    fitting = [one for one in candidates if one.seen is not None]
    sizes = [len(one.tokens) for one in fitting]
    similarities = [one.chunk.similarity for one in fitting]
    places = by_similarity(sizes, similarities, workspace.room, job.order)
    return [fitting[place] for place in places]


def _measured(workspace: Workspace, one: Candidate) -> Candidate:
    """The same, with a verdict where it outgrows the context by itself."""
    if one.verdict is not None:
        return one
    size = len(one.tokens)
    if size > workspace.room:
        return replace(one, verdict=does_not_fit(size, workspace.room))
    return replace(one, seen=Seen())
