"""From a question to its answer: one straight line of stages.

Each stage takes values and returns values. Those that look at chunks are entered once a dose, and
the others once. The workspace holds the sessions that they share; leaving it closes them, however
the answer ends.
"""

from __future__ import annotations

from collections.abc import Generator

from overlay.answer import AnswerFinished, Event, StepTaken
from overlay.answering.arrange import arrange
from overlay.answering.attempt import attempt
from overlay.answering.begin import Attempt
from overlay.answering.clean import clean
from overlay.answering.decide import decide, steady
from overlay.answering.doses import doses
from overlay.answering.explain import explain, step_of
from overlay.answering.job import Job
from overlay.answering.judge import judge
from overlay.answering.read import read
from overlay.answering.retrieve import retrieve
from overlay.answering.shape import shape
from overlay.answering.speak import speak
from overlay.answering.variants import variants
from overlay.answering.vote import vote
from overlay.answering.workspace import Workspace
from probes.kv_store import KVStore
from retriever import Searcher

__all__ = ["answer"]


def answer(
    job: Job, searcher: Searcher | None, kept: KVStore | None
) -> Generator[Event, None, None]:
    """Yield the steps, then the text, then the whole answer.

    Args:
        searcher: where chunks come from; None answers without context.
        kept: cells of chunks that were seen before, see :class:`probes.kv_store.KVStore`; what
            is not judged is not kept.

    Raises:
        ModelError, StoreError, EmbedderError: the model, the store or the embedder fails.
    """
    with Workspace(job, kept if job.judge.reads else None) as workspace:
        candidates = retrieve(job, searcher)
        candidates = clean(job, candidates)
        attempts: list[Attempt] = []
        for dose in doses(job, candidates):
            candidates = read(job, workspace, dose)
            candidates = judge(job, workspace, candidates)
            candidates = vote(job, workspace, candidates)
            job.book("probe")
            candidates = arrange(job, workspace, candidates)

            ways = variants(job, candidates, [one.context.variant for one in attempts])
            attempts = attempt(job, workspace, ways, attempts)
            if any(steady(job, one) for one in attempts):
                break
        for candidate in candidates:
            yield StepTaken(step_of(job, candidate))

        decision = decide(job, workspace, candidates, attempts)
        decision = shape(job, workspace, decision)
        speech = yield from speak(job, workspace, decision)
        yield AnswerFinished(explain(job, workspace, candidates, decision, speech))
