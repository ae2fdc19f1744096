"""Every variant of one question, answered to its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from overlay.answer import Outcome
from overlay.answering.arrange import arrange
from overlay.answering.begin import Attempt, begin, begun, without_context
from overlay.answering.clean import clean
from overlay.answering.decide import Decision
from overlay.answering.doses import doses
from overlay.answering.inject import inject
from overlay.answering.job import Job, make_job
from overlay.answering.judge import judge
from overlay.answering.read import read
from overlay.answering.repeat import repeat
from overlay.answering.retrieve import retrieve
from overlay.answering.signs import heard
from overlay.answering.speak import Speech, speak
from overlay.answering.variants import Variant, variants
from overlay.answering.vote import vote
from overlay.answering.workspace import Workspace
from overlay.calibration.index import Answered
from overlay.errors import InputError
from overlay.journal import Journal
from overlay.labelled.items import Item
from overlay.labelled.matching import contains_any
from overlay.labelled.searcher import PassageSearcher
from overlay.options import AskOptions
from overlay.prompt import build_prompt, with_wordings
from overlay.settings import Settings
from probes.chat import Message
from probes.protocol import Model
from selector.profile import Profile
from selector.signs import Signs

__all__ = [
    "VariantAnswer",
    "answer_in_every_variant",
    "check_variants",
    "read_answers",
    "write_answers",
]


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
    signs: Signs | None
    evaluated: int

    @property
    def answered(self) -> Answered:
        """As an index is fitted on it."""
        return Answered(self.question, self.dataset, self.signs, self.right)

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
        """See :class:`selector.signs.Signs`; 0 of nothing."""
        return 0.0 if self.signs is None else self.signs.gain


def answer_in_every_variant(
    model: Model, settings: Settings, profile: Profile, item: Item
) -> list[VariantAnswer]:
    """Answer a question in each of its variants, and without context; the first variant first."""
    messages = [Message("user", item.question)]
    prompt = with_wordings(model, build_prompt(model, messages), messages)
    options = AskOptions(k=max(len(item.passages), 1))
    # An index that no answer passes is read of every answer.
    settings = settings.model_copy(update={"budget_index": 0.0})
    job = make_job(model, prompt, settings, options, profile)
    found, begins = [], []
    with Workspace(job, None) as workspace:
        candidates = retrieve(job, PassageSearcher(item.passages))
        candidates = clean(job, candidates)
        tried: list[Variant] = []
        for dose in doses(job, candidates):
            candidates = read(job, workspace, dose)
            candidates = judge(job, workspace, candidates)
            candidates = vote(job, workspace, candidates)
            candidates = arrange(job, workspace, candidates)
            for variant in variants(job, candidates, tuple(tried)):
                tried.append(variant)
                spent = model.evaluated
                context = repeat(job, workspace, inject(job, workspace, variant))
                [attempt] = begin(job, workspace, [context])
                found.append(_spoken(job, workspace, attempt, item, spent))
                begins.append("" if attempt.begun is None else attempt.begun.said)
        found = _all_heard(job, found, begins)
        spent = model.evaluated
        [attempt] = begun(job, workspace, [without_context(job, workspace, echo=False)])
        found.append(_spoken(job, workspace, attempt, item, spent))
    return found


def _all_heard(
    job: Job, answers: Sequence[VariantAnswer], begins: Sequence[str]
) -> list[VariantAnswer]:
    """The answers, each with what the others say."""
    found = list(answers)
    for place, one in enumerate(answers):
        others = [said for other, said in enumerate(begins) if other != place and said]
        if one.signs is not None and others:
            found[place] = replace(one, signs=heard(job, one.signs, begins[place], others))
    return found


def check_variants(journal: Journal) -> Journal:
    """The same.

    Raises:
        InputError: it holds something else than ``overlay lab variants`` keeps.
    """
    if journal.run.get("command") != "variants":
        raise InputError(
            "the file does not hold answers in every variant",
            hint="name one that `overlay lab variants --output` wrote",
            param="results",
        )
    return journal


def write_answers(answers: Sequence[VariantAnswer]) -> list[dict[str, Any]]:
    """Plain data, for a journal."""
    return [asdict(one) for one in answers]


def read_answers(data: Sequence[dict[str, Any]]) -> list[VariantAnswer]:
    """The opposite of :func:`write_answers`."""

    def restored(row: dict[str, Any]) -> VariantAnswer:
        signs = row["signs"] and Signs(**row["signs"])
        tuples = {name: tuple(row[name]) for name in ("chunks", "volatilities", "repeated")}
        return VariantAnswer(**{**row, **tuples, "signs": signs})

    return [restored(row) for row in data]


def _spoken(
    job: Job, workspace: Workspace, attempt: Attempt, item: Item, spent: int
) -> VariantAnswer:
    [said] = _to_its_end(job, workspace, attempt).said
    chunks, repeated = attempt.context.variant.chunks, attempt.context.repeated
    return VariantAnswer(
        question=item.question,
        dataset=item.dataset,
        answerable=bool(item.answers),
        variant=attempt.context.variant.name,
        chunks=tuple(one.chunk.rank for one in chunks),
        volatilities=tuple(one.volatility for one in chunks),
        repeated=repeated,
        text=said.text,
        right=contains_any(said.text, item.answers),
        quotes=bool(repeated) and contains_any(repeated[0], item.answers),
        index=attempt.index,
        signs=attempt.signs,
        evaluated=job.model.evaluated - spent,
    )


def _to_its_end(job: Job, workspace: Workspace, attempt: Attempt) -> Speech:
    speaking = speak(job, workspace, Decision(Outcome.ANSWERED, "", attempt))
    while True:
        try:
            next(speaking)
        except StopIteration as end:
            speech: Speech = end.value
            return speech
