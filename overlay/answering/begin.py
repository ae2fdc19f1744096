"""Stage 10: the first tokens of an answer, before anyone reads them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from overlay.answering.inject import Context
from overlay.answering.job import Job
from overlay.answering.signs import read_signs, sign_layers
from overlay.answering.think import answering_tokens, think
from overlay.answering.variants import Variant
from overlay.answering.workspace import Workspace
from probes.protocol import Session
from probes.state import State
from selector.signs import WINDOW, Signs

__all__ = ["Attempt", "begin", "begun", "without_context"]


@dataclass(frozen=True, slots=True, eq=False)
class Attempt:
    """An answer that has begun under one variant, or may begin there.

    Attributes:
        session: holds the prompt and the first tokens.
        start: where the answer begins there.
        ended: whether those tokens are all that it says.
        signs: None where it has not begun.
        index: how likely it is to be wrong, by its first tokens; None where nothing tells.
    """

    context: Context
    session: Session
    start: int
    ended: bool = False
    signs: Signs | None = None
    index: float | None = None


def begin(job: Job, workspace: Workspace, context: Context) -> Attempt:
    """Generate the first tokens, or take those of a quote, and read the volatility index there.

    Nothing is generated yet where the index decides nothing.
    """
    session = _prompted(job, workspace, context)
    attempt = Attempt(context, session, len(session.tokens))
    if context.repeated:
        job.model.flush([session])
        job.book("anchor")
    if context.variant.quote:
        quote = job.model.tokenize(context.variant.quote)
        # Who asks for a quote gets it, however shaky.
        read = None if job.options.select else session.read(quote[:WINDOW], sign_layers(job))
        session.extend(quote)
        attempt = replace(attempt, ended=True)
        return attempt if read is None else _with_index(job, workspace, attempt, read)
    if job.options.echo or not job.judge.reads or not _decides(job):
        return attempt
    return begun(job, workspace, attempt)


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


def begun(job: Job, workspace: Workspace, attempt: Attempt) -> Attempt:
    """The same with its first tokens, and their volatility index unless there are none.

    They are the answer's: what the model thinks before it stands in the session, and is not read.
    """
    session, start = attempt.session, attempt.start
    length, read = _first_tokens(job, session, 0)
    thoughts = think(job, session, start) if read else 0
    if thoughts:
        session.rollback(start + thoughts)
        length, read = _first_tokens(job, session, thoughts)
    elif read:
        session.rollback(start + len(read.window))
    if read is None:
        job.book("answer")
        return replace(attempt, ended=length > 0)
    answer = answering_tokens(job.model, read.window)
    full = len(session.tokens) >= job.model.info.context_size
    ended = (len(read.window) < length and not full) or answer < len(read.window)
    attempt = replace(attempt, ended=ended)
    return _with_index(job, workspace, attempt, read.first(answer)) if answer else attempt


def _first_tokens(job: Job, session: Session, thoughts: int) -> tuple[int, State | None]:
    """Generate an answer's first tokens: how many at most, and the state on them if there are any.

    Args:
        thoughts: tokens that count as the answer's already.
    """
    length = min(WINDOW, job.settings.max_tokens - thoughts)
    if length < 1:
        return 0, None
    sampling = replace(job.sampling, max_tokens=length, seed=job.settings.seed + thoughts)
    return length, job.model.generate_state(session, sampling, sign_layers(job))


def _with_index(job: Job, workspace: Workspace, attempt: Attempt, read: State) -> Attempt:
    job.book("answer")
    signs = read_signs(job, workspace, attempt.context, read)
    job.book("index")
    return replace(attempt, signs=signs, index=job.judge.index(signs))


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
