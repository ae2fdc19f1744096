"""What every policy runs on: one model, one prompt, one way to answer."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

from overlay.answer import Answer
from overlay.labelled.items import Passage
from overlay.labelled.searcher import PassageSearcher
from overlay.options import AskOptions, Mode
from overlay.prompt import Prompt, build_prompt, chunk_tokens
from overlay.runtime import Overlay
from overlay.settings import Settings
from probes.chat import Message
from probes.kv_store import KVStore
from probes.protocol import Model
from probes.subject import as_text
from selector.profile import Profile

__all__ = ["Bench"]


class Bench:
    """A model with the runtime around it.

    Attributes:
        model: answers for every policy.
        settings: of every answer, such as its greatest length.

    Args:
        kept: cells of chunks that were seen before; nothing is kept without it.
        profile: judges in place of the one that the settings name.
    """

    def __init__(
        self,
        model: Model,
        settings: Settings,
        kept: KVStore | None = None,
        *,
        profile: Profile | None = None,
    ) -> None:
        self.model = model
        self.settings = settings
        self._kept = kept
        self._profile = profile

    def plain(self, question: str, passages: Sequence[Passage]) -> Answer:
        """Answer with all passages in the context, or from memory where there are none."""
        mode = Mode.PLAIN if passages else Mode.NO_CONTEXT
        return self._ask(question, passages, self.settings, mode)

    def dosed(self, question: str, passages: Sequence[Passage], settings: Settings) -> Answer:
        """Answer as the overlay does."""
        return self._ask(question, passages, settings, Mode.OVERLAY)

    def drafts(self, question: str, contexts: Sequence[Sequence[Passage]]) -> list[str]:
        """What the model would answer under each context, greedily, all in one batch."""
        prompt = self.prompt(question)
        with ExitStack() as stack:
            prefix = stack.enter_context(self.model.session())
            prefix.extend(prompt.prefix)
            sessions = [stack.enter_context(session) for session in prefix.fork(len(contexts))]
            for session, passages in zip(sessions, contexts, strict=True):
                session.extend([*self.context(passages), *prompt.tail])
            drafts = self.model.draft_many(sessions, self.settings.max_tokens)
        ends = self.model.ends_generation
        return [self.text([token for token in draft if not ends(token)]) for draft in drafts]

    def prompt(self, question: str) -> Prompt:
        """The prompt of every answer, with its slot for the context."""
        return build_prompt(self.model, [Message("user", question)])

    def context(self, passages: Sequence[Passage]) -> list[int]:
        """The passages as they stand in the slot, in tokens."""
        return [token for p in passages for token in chunk_tokens(self.model, p.text)]

    def text(self, tokens: Sequence[int]) -> str:
        """What tokens say."""
        return as_text(self.model, tokens).strip()

    def _ask(
        self,
        question: str,
        passages: Sequence[Passage],
        settings: Settings,
        mode: Mode,
    ) -> Answer:
        overlay = Overlay(
            self.model,
            PassageSearcher(passages),
            settings,
            profile=self._profile,
            kept=self._kept,
        )
        return overlay.ask(question, AskOptions(mode=mode, k=max(len(passages), 1), effects=False))
