"""What one answer is made under: the same for every stage."""

from __future__ import annotations

from dataclasses import dataclass

from overlay.options import AskOptions, Mode
from overlay.prompt import Prompt
from overlay.settings import Settings
from probes.cost import Ledger
from probes.errors import PromptTooLongError
from probes.protocol import Model, Sampling
from retriever import scale_of
from selector.budget import Budget
from selector.judge import AcceptAll, Judge, ProfileJudge
from selector.order import Order
from selector.profile import Profile

__all__ = ["Job", "make_job"]


@dataclass(frozen=True, slots=True)
class Job:
    """One question, and all that its answer is made under.

    Attributes:
        settings: with what the question's options set in their place.
        options: what no setting names, such as stop texts.
        judge: decides what is let in.
        ledger: books what each phase costs.
    """

    model: Model
    prompt: Prompt
    settings: Settings
    options: AskOptions
    judge: Judge
    ledger: Ledger

    def book(self, phase: str) -> None:
        """Book what was spent to a phase; where nothing is judged, all of it is the answer's."""
        if self.judge.reads:
            self.ledger.book(phase)

    @property
    def order(self) -> Order:
        """In which chunks enter the context: the settings' order, else the profile's."""
        return self.settings.order or self.judge.order

    @property
    def first_dose(self) -> int:
        """Chunks that are read first: as the settings say, else the profile; 0 for all at once."""
        said = self.settings.first_dose
        return self.judge.first_dose if said is None else said

    @property
    def sampling(self) -> Sampling:
        """How the answer's tokens are drawn, but for the form that they are to have."""
        settings = self.settings
        return Sampling(
            settings.max_tokens, settings.temperature, settings.top_p, seed=settings.seed
        )

    @property
    def room(self) -> int:
        """Tokens that prefix and chunks may take: what the rest of the prompt and the answer leave.

        A caller who asks for very long answers still gets chunks to answer from.
        """
        size = self.model.info.context_size
        answer = max(min(self.settings.max_tokens, size // 4), self.settings.draft_tokens)
        return size - self.prompt.after - answer


def make_job(
    model: Model, prompt: Prompt, settings: Settings, options: AskOptions, profile: Profile
) -> Job:
    """Put a question's options in the place of the settings, and choose who judges.

    Args:
        profile: judges unless all chunks are let in.

    Raises:
        PromptTooLongError: not even the question fits the model's context.
    """
    again = settings.anchor and options.mode is Mode.OVERLAY and prompt.alone is None
    settings = settings.model_copy(update={**options.overrides, "anchor": again})
    budget = options.budget or Budget(settings.budget_step, settings.budget_answer)
    judge: Judge = AcceptAll(budget)
    if options.mode is Mode.OVERLAY:
        judge = ProfileJudge(
            profile,
            prompt.question,
            budget,
            embedder=settings.embedder,
            scale=scale_of(settings.embedder),
            states=model.capabilities.layer_states,
        )
    question = len(prompt.prefix) + prompt.after
    size = model.info.context_size
    if question + settings.draft_tokens > size:
        raise PromptTooLongError(
            f"the question and the earlier turns take {question} tokens, the context holds {size}",
            hint="shorten the question or the conversation, or raise context_size",
            param="messages",
        )
    return Job(model, prompt, settings, options, judge, Ledger(model))
