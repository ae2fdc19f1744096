"""Stage 11: the first tokens of an answer, before anyone reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from overlay.answering.inject import Context
from overlay.answering.job import Job
from overlay.answering.signs import read_signs
from overlay.answering.think import answering_tokens, think
from overlay.answering.variants import Variant
from overlay.answering.workspace import Workspace
from probes.protocol import Session
from probes.state import State
from probes.subject import as_text
from selector.signs import WINDOW, Signs

__all__ = ["Attempt", "Begun", "begin", "begun", "without_context"]


@dataclass(frozen=True, slots=True)
class Begun:
    """The first tokens of an answer.

    Attributes:
        said: as text.
        signs: what they show.
        index: how likely the answer is to be wrong, by these; None where nothing tells.
    """

    said: str
    signs: Signs
    index: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Attempt:
    """An answer that has begun under one variant, or may begin there.

    Attributes:
        session: holds the prompt and the first tokens.
        start: where the answer begins there.
        ended: whether those tokens are all that it says.
        begun: what it says first; None where it has not begun.
    """

    context: Context
    session: Session
    start: int
    ended: bool = False
    begun: Begun | None = None

    @property
    def signs(self) -> Signs | None:
        """See :class:`Begun`; None where it has not begun."""
        return None if self.begun is None else self.begun.signs

    @property
    def index(self) -> float | None:
        """See :class:`Begun`; None where it has not begun."""
        return None if self.begun is None else self.begun.index

    @property
    def silent(self) -> bool:
        """Whether it says nothing: it has ended without a first token whose signs could be read."""
        return self.ended and self.begun is None and not self.context.variant.quote

    @property
    def chance(self) -> float:
        """That it is wrong, as variants are compared: 1 of silence, 0 where nothing tells."""
        if self.index is not None:
            return self.index
        return 1.0 if self.silent else 0.0


def begin(job: Job, workspace: Workspace, contexts: Sequence[Context]) -> list[Attempt]:
    """Generate the first tokens under each context, side by side, and read their volatility index.

    A quote's are its own. Nothing is generated yet where the index decides nothing.
    """
    attempts = [_opened(job, workspace, context) for context in contexts]
    if job.options.echo or not job.judge.reads or not _decides(job):
        return attempts
    waiting = [place for place, one in enumerate(attempts) if not one.ended]
    found = begun(job, workspace, [attempts[place] for place in waiting])
    for place, one in zip(waiting, found, strict=True):
        attempts[place] = one
    return attempts


def _opened(job: Job, workspace: Workspace, context: Context) -> Attempt:
    """An answer that may begin; what is quoted has ended."""
    session = _prompted(job, workspace, context)
    attempt = Attempt(context, session, len(session.tokens))
    if context.repeated:
        job.model.flush([session])
        job.book("anchor")
    if not context.variant.quote:
        return attempt
    quote = job.model.tokenize(context.variant.quote)
    attempt = replace(attempt, ended=True)
    # Who asks for a quote gets it, however shaky.
    if not job.options.select:
        read = session.read(quote[:WINDOW])
        [attempt] = _with_indices(job, workspace, [(attempt, read)])
    session.extend(quote)
    return attempt


def without_context(job: Job, workspace: Workspace, *, echo: bool) -> Attempt:
    """The answer that has no context to begin from; it has not begun.

    Args:
        echo: whether the question is left to the speaker, who gives it back.
    """
    prompt = job.prompt
    variant = Variant("without context", (), False, prompt.alone or prompt.tail)
    if prompt.alone is None and not echo:
        session = workspace.fork(workspace.bare())
    else:
        session = workspace.fork(workspace.prefix) if prompt.alone is None else workspace.empty()
        if not echo:
            session.extend(variant.tail)
    return Attempt(Context(variant, session), session, len(session.tokens))


def begun(job: Job, workspace: Workspace, attempts: Sequence[Attempt]) -> list[Attempt]:
    """The same with their first tokens, and their volatility index unless there are none.

    They are the answers': what the model thinks before them stands in the sessions, and is not
    read.
    """
    sessions = [one.session for one in attempts]
    # In one call with the prompt that the index compares with.
    beside = [workspace.bare()] if any(one.context.variant.chunks for one in attempts) else []
    job.model.flush([*sessions, *beside])
    length = min(WINDOW, job.settings.max_tokens)
    reads: Sequence[State | None] = [None] * len(attempts)
    if length:
        sampling = replace(job.sampling, max_tokens=length)
        reads = job.model.generate_states(sessions, sampling)
    found = [
        _answering(job, attempt, length, read)
        for attempt, read in zip(attempts, reads, strict=True)
    ]
    return _with_indices(job, workspace, found)


def _answering(
    job: Job, attempt: Attempt, length: int, read: State | None
) -> tuple[Attempt, State | None]:
    """Whether the answer has ended, and the state on its first tokens; None where it has none."""
    session, start = attempt.session, attempt.start
    thoughts = think(job, session, start) if read else 0
    if thoughts:
        session.rollback(start + thoughts)
        length, read = _behind_thoughts(job, session, thoughts)
    elif read:
        session.rollback(start + len(read.window))
    if read is None:
        return replace(attempt, ended=length > 0), None
    answer = answering_tokens(job.model, read.window)
    full = len(session.tokens) >= job.model.info.context_size
    ended = (len(read.window) < length and not full) or answer < len(read.window)
    return replace(attempt, ended=ended), read.first(answer) if answer else None


def _behind_thoughts(job: Job, session: Session, thoughts: int) -> tuple[int, State | None]:
    """Generate an answer's first tokens: how many at most, and the state on them if there are any.

    Args:
        thoughts: tokens that count as the answer's already.
    """
    length = min(WINDOW, job.settings.max_tokens - thoughts)
    if length < 1:
        return 0, None
    sampling = replace(job.sampling, max_tokens=length, seed=job.settings.seed + thoughts)
    return length, job.model.generate_state(session, sampling)


def _with_indices(
    job: Job, workspace: Workspace, read: Sequence[tuple[Attempt, State | None]]
) -> list[Attempt]:
    job.book("answer")
    known = [(attempt.context, state) for attempt, state in read if state is not None]
    signs = iter(read_signs(job, workspace, known))
    found = []
    for attempt, state in read:
        if state is None:
            found.append(attempt)
            continue
        own, said = next(signs), as_text(job.model, state.window)
        found.append(replace(attempt, begun=Begun(said, own, job.judge.index(own))))
    job.book("index")
    return found


def _decides(job: Job) -> bool:
    return job.settings.variants > 1 or job.settings.budget_index < 1


def _prompted(job: Job, workspace: Workspace, context: Context) -> Session:
    """A session that ends where the answer begins; without the question if that is echoed."""
    tail = context.variant.tail
    if job.options.echo:
        return workspace.fork(context.session)
    if job.judge.reads and tail == job.prompt.tail and not context.repeated:
        return workspace.prompted(context.variant.chunks, context.session)
    session = workspace.fork(context.session) if job.judge.reads else context.session
    session.extend(tail)
    return session
