"""The runtime: one question in, chunks dosed and judged, one answer out."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

from overlay.answer import Answer, AnswerFinished, Event
from overlay.answering.job import make_job
from overlay.answering.pipeline import answer
from overlay.attribution import Attribution, attribute, draft
from overlay.embedding import Embedded, embed
from overlay.errors import InputError
from overlay.judged import Judged, first_steps
from overlay.libraries import Libraries
from overlay.library import Library
from overlay.loading import load_model, open_kv_store
from overlay.options import AskOptions, Mode
from overlay.profiles import find_profile
from overlay.prompt import build_prompt, completion_prompt, in_form, with_wordings
from overlay.selfcheck import check_model
from overlay.settings import (
    Fallback,
    Settings,
)
from probes.chat import Message
from probes.errors import UnavailableError
from probes.kv_store import KVStore
from probes.protocol import Model, ModelInfo
from probes.turns import Turns
from retriever import Chunk, GivenChunks, Retriever, Searcher
from selector.budget import Budget
from selector.profile import Profile
from selector.profile_files import default_profile

__all__ = ["Overlay", "open_overlay"]


class Overlay:
    """Answers questions from retrieved chunks, under a volatility budget.

    Not safe for use from several threads at once. Several answers at a time are tasks of ``turns``.

    Args:
        model: an instrumented model; closed with the overlay.
        retriever: where chunks come from; None answers everything without context, unless
            there are libraries.
        settings: defaults of every question.
        libraries: in place of a retriever, the collections of a store; closed with the overlay.
        profile: in place of the one that the settings, or the model's hash, name.
        kept: cells of chunks that were seen before; closed with the overlay where given.
    """

    def __init__(
        self,
        model: Model,
        retriever: Searcher | None,
        settings: Settings,
        libraries: Libraries | None = None,
        *,
        profile: Profile | None = None,
        kept: KVStore | None = None,
    ) -> None:
        self._model = model
        self._retriever = retriever
        self._libraries = libraries
        self._kept = kept
        self.settings = settings
        self._profile = profile or find_profile(settings, model.info)

    @property
    def model_info(self) -> ModelInfo:
        """Facts about the model that answers."""
        return self._model.info

    @property
    def budget(self) -> Budget:
        """What an answer to a chat may spend where its options say nothing of it."""
        return Budget(self.settings.budget_step, self.settings.budget_answer)

    def ask(self, question: str | Sequence[Message], options: AskOptions | None = None) -> Answer:
        """Answer a question, or the last user message of a chat.

        Raises:
            InputError: the question is empty, an option out of range, or there is no such
                collection.
            PromptTooLongError: the question and the earlier turns outgrow the model's context.
        """
        messages = [Message("user", question)] if isinstance(question, str) else question
        *_, last = self.stream(messages, options or AskOptions())
        assert isinstance(last, AnswerFinished)  # noqa: S101 - tells mypy what the pipeline promises
        return last.answer

    def stream(self, messages: Sequence[Message], options: AskOptions) -> Iterator[Event]:
        """Answer a chat, event by event: steps, then text, then the whole answer.

        Closing the iterator early stops the model and frees what the answer held.

        Raises:
            InputError, PromptTooLongError: as :meth:`ask`.
        """
        prompt = build_prompt(self._model, messages)
        if options.form is not None:
            prompt = in_form(self._model, prompt, messages, options.form)
        elif self.settings.variants > 1:
            prompt = with_wordings(self._model, prompt, messages)
        searcher, settings, note = self._opened(options)
        job = make_job(self._model, prompt, settings, options, self._profile)
        return _noted(answer(job, searcher, self._kept), note)

    def complete(self, prompt: str | Sequence[int], options: AskOptions) -> Iterator[Event]:
        """Continue a text, event by event as :meth:`stream` does; no chat stands around it.

        What is within budget stands before the text. Where nothing is, the text is continued
        without context: a completion is never refused.

        Args:
            prompt: the text, or its tokens.

        Raises:
            InputError: the prompt is empty or holds an unknown token, or an option is out of
                range.
            PromptTooLongError: the prompt outgrows the model's context.
        """
        if options.select:
            raise InputError(
                "select quotes a sentence, and a text is continued here",
                hint="ask in a chat",
                param="select",
            )
        if options.form is not None:
            raise InputError(
                "response_format is of an answer, and a text is continued here",
                hint="ask in a chat",
                param="response_format",
            )
        built = completion_prompt(self._model, prompt)
        searcher, settings, note = self._opened(options)
        settings = settings.model_copy(update={"fallback": Fallback.ANSWER})
        # What was calibrated for a model is a chat, and says nothing of a bare text.
        job = make_job(self._model, built, settings, options, default_profile())
        return _noted(answer(job, searcher, self._kept), note)

    def judge(self, question: str, passages: Sequence[Chunk], options: AskOptions) -> Judged:
        """Judge passages that the caller brings, as if they had been retrieved; nothing is said.

        Raises:
            InputError: the question is empty, there is no passage, more than 64, or there is no
                such collection.
            PromptTooLongError: the question outgrows the model's context.
        """
        library = self._library(options.collection)
        # All are judged, and nothing is begun.
        nothing = {"variants": 1, "budget_index": 1.0, "anchor": False}
        update = {"embedder": library.embedder_name, **nothing}
        settings = self.settings.model_copy(update=update)
        options = replace(options, k=len(passages))
        prompt = build_prompt(self._model, [Message("user", question)])
        job = make_job(self._model, prompt, settings, options, self._profile)
        with closing(answer(job, GivenChunks(passages, library.embedder), self._kept)) as events:
            steps = first_steps(events, len(passages))
        return Judged(steps, job.judge.budget, job.ledger.total)

    def attribute(
        self,
        question: str,
        passages: Sequence[tuple[str, str]],
        answer: str | None = None,
        *,
        tokens: bool = False,
    ) -> Attribution:
        """Which passages made an answer likelier, see :func:`overlay.attribution.attribute`.

        Args:
            answer: in place of what the model answers from all passages.

        Raises:
            InputError, PromptTooLongError: see there.
        """
        if answer is None:
            answer = draft(self._model, question, passages, self.settings)
        return attribute(self._model, question, passages, answer, self.settings, tokens=tokens)

    def embed(self, texts: Sequence[str], collection: str | None = None) -> Embedded:
        """Vectors of texts, by the embedder of a collection.

        Raises:
            InputError: a text is empty or longer than the embedder reads, or there is no such
                collection.
            EmbedderError: the embedder does not load.
        """
        return embed(self._library(collection).embedder, texts)

    @property
    def turns(self) -> Turns[Any]:
        """See :attr:`probes.protocol.Model.turns`: how several answers are given at a time."""
        return self._model.turns

    def watch(self, check: Callable[[], None] | None) -> None:
        """See :meth:`probes.protocol.Model.watch`: how to end an answer between its events."""
        self._model.watch(check)

    def close(self) -> None:
        """Free the model and close the store."""
        self._model.close()
        if self._libraries is not None:
            self._libraries.close()
        if self._kept is not None:
            self._kept.close()

    def _library(self, collection: str | None) -> Library:
        if self._libraries is None:
            raise UnavailableError("there is no store here, and so no embedder")
        return self._libraries.get(collection)

    def _opened(self, options: AskOptions) -> tuple[Searcher | None, Settings, str]:
        """Where a question's chunks come from, and the settings with the embedder that finds them.

        With them, what the answer is to say of it; mostly nothing.

        Raises:
            InputError: there is no such collection.
        """
        if self._libraries is not None and options.mode is not Mode.NO_CONTEXT:
            library = self._library(options.collection)
            settings = self.settings.model_copy(update={"embedder": library.embedder_name})
            if library.is_empty:
                name = options.collection or self.settings.collection
                return None, settings, f"the collection {name} is empty"
            return _narrowed(library.retriever, options), settings, ""
        if options.collection is not None:
            raise InputError(
                f"nothing is retrieved here, so that there is no collection {options.collection!r}",
                hint="leave collection out",
                param="collection",
            )
        return _narrowed(self._retriever, options), self.settings, ""

    def __enter__(self) -> Overlay:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _noted(events: Iterator[Event], note: str) -> Iterator[Event]:
    """The events, with a note before the one that the answer has."""
    try:
        for event in events:
            if note and isinstance(event, AnswerFinished):
                told = "; ".join(filter(None, (note, event.answer.note)))
                yield AnswerFinished(replace(event.answer, note=told))
            else:
                yield event
    finally:
        if isinstance(events, Generator):
            events.close()  # whoever closes this one stops the model


def _narrowed(searcher: Searcher | None, options: AskOptions) -> Searcher | None:
    """Where the chunks for one question come from.

    Raises:
        InputError: the options narrow the search, and passages were given in place of a store.
    """
    if searcher is None or (options.only.is_open and options.window is None):
        return searcher
    if not isinstance(searcher, Retriever):
        raise InputError(
            "the passages were given, and have no source, date or neighbours to be chosen by",
            hint="leave source, since, until and window out",
            param="window" if options.only.is_open else "source",
        )
    return searcher.narrowed(options.only, options.window)


def open_overlay(settings: Settings, *, eager: bool = False, may_be_empty: bool = False) -> Overlay:
    """Load the model and open the store that the settings name. Takes seconds.

    Args:
        eager: load the embedder too, which the first search does otherwise, and try the model out,
            so that what would fail at the first question fails here.
        may_be_empty: whether the store may hold nothing yet: questions are then answered without
            context until documents come.

    Raises:
        ModelError: the model cannot be loaded, or fails where it is tried out.
        StoreError: nothing was ingested yet, or the store cannot be used.
        EmbedderError: the embedder does not load; raised where it is loaded.
    """
    libraries = Libraries(settings, may_be_empty=may_be_empty)
    library = libraries.get()
    if eager:
        library.load()
    model = load_model(settings)
    try:
        if eager:
            check_model(model)
        kept = open_kv_store(settings)
    except BaseException:
        model.close()
        raise
    return Overlay(model, None, settings, libraries, kept=kept)
