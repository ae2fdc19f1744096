"""Stage 10: the first tokens of an answer, before anyone reads them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from overlay.answering.inject import Context
from overlay.answering.job import Job
from overlay.answering.signs import read_signs
from overlay.answering.variants import Variant
from overlay.answering.workspace import Workspace
from probes.protocol import Session
from probes.subject import as_text
from selector.signs import WINDOW, Signs

__all__ = ["Attempt", "begin", "without_context"]


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

    Nothing is generated yet where there is no other variant to choose.
    """
    session = _prompted(job, workspace, context)
    start = len(session.tokens)
    if context.repeated:
        job.model.flush([session])
        job.book("anchor")
    quote = context.variant.quote
    alone = job.settings.variants == 1 or job.options.echo or not job.judge.reads
    if alone and not quote:
        return Attempt(context, session, start)
    length = min(WINDOW, job.settings.max_tokens)
    if quote:
        begun = job.model.tokenize(quote)
        session.extend(begun)
        if job.options.select:  # who asks for a quote gets it, however shaky
            return Attempt(context, session, start, ended=True)
    else:
        begun = list(session.generate(replace(job.sampling, max_tokens=length)))
    signs = read_signs(
        job,
        workspace,
        context.variant.chunks,
        session=session,
        start=start,
        text=as_text(job.model, begun),
    )
    index = None if signs is None else job.judge.index(signs)
    job.book("answer")
    ended = bool(quote) or len(begun) < length
    return Attempt(context, session, start, ended, signs, index)


def without_context(job: Job, workspace: Workspace) -> Attempt:
    """The answer that has no context to begin from."""
    prompt = job.prompt
    variant = Variant("without context", (), False, prompt.alone or prompt.tail)
    if prompt.alone is None and not job.options.echo:
        session = workspace.bare()
    else:
        session = workspace.prefix if prompt.alone is None else workspace.empty()
        if not job.options.echo:
            session.extend(variant.tail)
    return Attempt(Context(variant, session), session, len(session.tokens))


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
