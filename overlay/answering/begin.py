"""Stage 10: the first tokens of an answer, before anyone reads them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from overlay.answering.inject import Context
from overlay.answering.job import Job
from overlay.answering.signs import read_signs
from overlay.answering.variants import Variant
from overlay.answering.workspace import Workspace
from probes.protocol import Session
from selector.signs import WINDOW, Signs

__all__ = ["Attempt", "begin", "begun_at", "read_index", "without_context"]


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
        begun = job.model.tokenize(context.variant.quote)
        session.extend(begun)
        attempt = replace(attempt, ended=True)
        # Who asks for a quote gets it, however shaky.
        return attempt if job.options.select else read_index(job, workspace, attempt)
    if job.options.echo or not job.judge.reads or not _decides(job):
        return attempt
    return read_index(job, workspace, begun_at(job, attempt))


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


def begun_at(job: Job, attempt: Attempt) -> Attempt:
    """The same with its first tokens."""
    length = min(WINDOW, job.settings.max_tokens)
    begun = list(attempt.session.generate(replace(job.sampling, max_tokens=length)))
    return replace(attempt, ended=len(begun) < length)


def read_index(job: Job, workspace: Workspace, attempt: Attempt) -> Attempt:
    """The same with the volatility index of its first tokens."""
    job.book("answer")
    chunks = attempt.context.variant.chunks
    signs = read_signs(job, workspace, chunks, attempt.session, attempt.start)
    index = None if signs is None else job.judge.index(signs)
    job.book("index")
    return replace(attempt, signs=signs, index=index)


def _decides(job: Job) -> bool:
    return job.settings.variants > 1 or job.settings.budget_index < 1


def _prompted(job: Job, workspace: Workspace, context: Context) -> Session:
    """A session that ends where the answer begins; without the question if that is echoed."""
    if not job.judge.reads:
        session = context.session
    elif context.prompted is None or context.repeated or job.options.echo:
        session = workspace.fork(context.session)
    else:
        return workspace.fork(context.prompted)
    if not job.options.echo:
        session.extend(context.variant.tail)
    return session
