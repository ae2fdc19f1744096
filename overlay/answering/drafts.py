"""What chunks that were let in do alone: the draft that each leads to, and what is read on it.

No stage makes a draft twice: what one has made stands in the candidate. The user waits for none of
this but where a majority is asked for, or a sentence is to be said again.
"""

from __future__ import annotations

from collections.abc import Sequence

from overlay.answering.candidate import Candidate
from overlay.answering.job import Job
from overlay.answering.think import answering
from overlay.answering.workspace import Workspace
from probes.isolated import Extent, probe_prompted
from probes.layers import spread_layers
from probes.state import State
from probes.support import Matrix

__all__ = ["draft_of", "effects", "read_alone", "said"]


def read_alone(
    job: Job, workspace: Workspace, candidates: Sequence[Candidate], *, support: bool = False
) -> tuple[list[Candidate], Matrix | None]:
    """Read what each chunk does that stands in a session of its own and has not been read.

    Args:
        support: see :class:`probes.isolated.Extent`; too late where it has been read
            without.

    Returns:
        All candidates, and the support matrix of those that were read now.
    """
    found = list(candidates)
    places = [
        place for place, one in enumerate(found) if one.session is not None and one.reading is None
    ]
    if not places:
        return found, None
    alone = [found[place] for place in places]
    drafted = {n: one.draft for n, one in enumerate(alone) if one.draft is not None}
    isolated = probe_prompted(
        job.model,
        workspace.prefix,
        workspace.together(alone),
        job.prompt.tail,
        Extent(job.settings.draft_tokens, _layers(job), support=support),
        drafted=drafted,
    )
    for place, draft, reading in zip(places, isolated.states, isolated.readings, strict=True):
        found[place] = found[place].with_seen(draft=draft, reading=reading)
    return found, isolated.matrix


def effects(job: Job, workspace: Workspace, candidates: Sequence[Candidate]) -> list[Candidate]:
    """All chunks, those that were let in with what each does alone, as far as there is room."""
    found = list(candidates)
    places = [place for place, one in enumerate(found) if one.accepted]
    standing = workspace.stand_alone([found[place] for place in places])
    read, _ = read_alone(job, workspace, standing)
    for place, one in zip(places, read, strict=True):
        found[place] = one
    return found


def draft_of(job: Job, one: Candidate) -> Candidate:
    """The same chunk with the draft that it leads to alone."""
    if one.session is None or one.draft is not None:
        return one
    [draft] = job.model.draft_states([one.session], job.settings.draft_tokens, _layers(job))
    return one.with_seen(draft=draft)


def said(job: Job, draft: State | None) -> str:
    """What a draft says; empty where there is none."""
    return "" if draft is None else answering(job.model, draft.window).strip()


def _layers(job: Job) -> tuple[int, ...]:
    model = job.model
    return spread_layers(model.info.layers) if model.capabilities.layer_states else ()
