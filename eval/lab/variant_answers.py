"""Every variant of one question, answered to its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from overlay.answer import Outcome
from overlay.answering.arrange import arrange
from overlay.answering.begin import Attempt, begin, without_context
from overlay.answering.candidate import Candidate
from overlay.answering.decide import Decision
from overlay.answering.inject import inject
from overlay.answering.job import Job, make_job
from overlay.answering.judge import judge
from overlay.answering.read import read
from overlay.answering.repeat import repeat
from overlay.answering.retrieve import retrieve
from overlay.answering.shorten import shorten
from overlay.answering.signs import read_signs
from overlay.answering.speak import Speech, speak
from overlay.answering.variants import variants
from overlay.answering.vote import vote
from overlay.answering.workspace import Workspace
from overlay.calibration.kept_signs import KeptSigns, keep
from overlay.labelled.items import Item
from overlay.labelled.matching import contains_any
from overlay.labelled.searcher import PassageSearcher
from overlay.options import AskOptions
from overlay.prompt import build_prompt, with_wordings
from overlay.settings import Settings
from probes.chat import Message
from probes.protocol import Model, Session
from selector.profile import Profile
from selector.signs import WINDOW

__all__ = ["VariantAnswer", "answer_in_every_variant", "read_answers", "write_answers"]

_MOST = 16


@dataclass(frozen=True, slots=True)
class VariantAnswer:
    """One variant's whole answer, and what it shows.

    Attributes:
        question, dataset: whose.
        answerable: whether the question has an answer.
        chunks: ranks of the variant's chunks; none for the answer without context.
        volatilities: of those chunks.
        right: whether an accepted answer stands in the text.
        quotes: whether one stands in the first sentence that is said again.
        index: by the answer's first tokens.
        signs: of those; None where nothing was said.
        bare: mean log-probability of the first tokens without context, nats a token.
        alone: likewise under each accepted chunk of the question alone, by rank.
        evaluated: model-token evaluations of this variant, beyond what was read for all.
    """

    question: str
    dataset: str
    answerable: bool
    variant: str
    chunks: tuple[int, ...]
    volatilities: tuple[float, ...]
    repeated: tuple[str, ...]
    text: str
    right: bool
    quotes: bool
    index: float | None
    signs: KeptSigns | None
    bare: float
    alone: dict[str, float]
    evaluated: int

    @property
    def log_prob(self) -> float:
        """Of the first tokens, nats a token; of nothing, minus infinity."""
        return float("-inf") if self.signs is None else self.signs.log_prob

    @property
    def copied(self) -> float:
        """Share of the first tokens' content words that stand in the chunks."""
        return 0.0 if self.signs is None else self.signs.copied

    @property
    def gain(self) -> float:
        """How much likelier the chunk that does so most makes the first tokens, nats a token."""
        own = [self.alone[str(rank)] for rank in self.chunks if str(rank) in self.alone]
        return max(own, default=self.bare) - self.bare


def answer_in_every_variant(
    model: Model, settings: Settings, profile: Profile, item: Item
) -> list[VariantAnswer]:
    """Answer a question in each of its variants, and without context; the first variant first."""
    messages = [Message("user", item.question)]
    prompt = with_wordings(model, build_prompt(model, messages), messages)
    chosen = settings.model_copy(update={"variants": _MOST})
    options = AskOptions(k=max(len(item.passages), 1))
    job = make_job(model, prompt, chosen, options, profile)
    found = []
    with Workspace(job, None) as workspace:
        candidates = retrieve(job, PassageSearcher(item.passages))
        candidates = read(job, workspace, candidates)
        candidates = judge(job, workspace, candidates)
        candidates = shorten(job, workspace, candidates)
        candidates = vote(job, workspace, candidates)
        candidates = arrange(job, workspace, candidates)
        for variant in variants(job, workspace, candidates):
            spent = model.evaluated
            context = repeat(job, workspace, inject(job, workspace, candidates, variant))
            attempt = begin(job, workspace, context)
            found.append(_spoken(job, workspace, candidates, attempt, item, spent))
        spent = model.evaluated
        attempt = without_context(job, workspace)
        found.append(_spoken(job, workspace, candidates, attempt, item, spent))
    return found


def write_answers(answers: Sequence[VariantAnswer]) -> list[dict[str, Any]]:
    """Plain data, for a journal."""
    return [asdict(one) for one in answers]


def read_answers(data: Sequence[dict[str, Any]]) -> list[VariantAnswer]:
    """The opposite of :func:`write_answers`."""

    def restored(row: dict[str, Any]) -> VariantAnswer:
        signs = row["signs"] and KeptSigns(**row["signs"])
        tuples = {name: tuple(row[name]) for name in ("chunks", "volatilities", "repeated")}
        return VariantAnswer(**{**row, **tuples, "signs": signs})

    return [restored(row) for row in data]


def _spoken(  # noqa: PLR0917 - what one answer takes
    job: Job,
    workspace: Workspace,
    candidates: Sequence[Candidate],
    attempt: Attempt,
    item: Item,
    spent: int,
) -> VariantAnswer:
    speech = _to_its_end(job, attempt)
    evaluated = job.model.evaluated - spent
    chunks = attempt.context.variant.chunks
    signs = attempt.signs
    if signs is None:
        signs = read_signs(
            job, workspace, chunks, session=speech.session, start=speech.start, text=speech.text
        )
    window = speech.session.tokens[speech.start : speech.start + WINDOW]
    alone = [one for one in candidates if one.session is not None]
    scores = [0.0] * (len(alone) + 1)
    if window:
        sessions = [one.session for one in alone if one.session is not None]
        scores = job.model.score_many(
            [(session, window) for session in (_bare(job, workspace), *sessions)]
        )
    repeated = attempt.context.repeated
    return VariantAnswer(
        question=item.question,
        dataset=item.dataset,
        answerable=bool(item.answers),
        variant=attempt.context.variant.name,
        chunks=tuple(one.chunk.rank for one in chunks),
        volatilities=tuple(one.volatility for one in chunks),
        repeated=repeated,
        text=speech.text,
        right=contains_any(speech.text, item.answers),
        quotes=bool(repeated) and contains_any(repeated[0], item.answers),
        index=None if signs is None else job.judge.index(signs),
        signs=keep(signs),
        bare=scores[0],
        alone={str(one.chunk.rank): score for one, score in zip(alone, scores[1:], strict=True)},
        evaluated=evaluated,
    )


def _to_its_end(job: Job, attempt: Attempt) -> Speech:
    speaking = speak(job, Decision(Outcome.ANSWERED, "", attempt))
    while True:
        try:
            next(speaking)
        except StopIteration as end:
            speech: Speech = end.value
            return speech


def _bare(job: Job, workspace: Workspace) -> Session:
    """The prompt without context; the workspace's own may have gone on with an answer."""
    session = workspace.fork(workspace.prefix)
    session.extend(job.prompt.tail)
    return session
