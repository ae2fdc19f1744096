"""The runtime: one question in, chunks dosed and judged, one answer out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from overlay.answer import Answer, AnswerFinished, Event
from overlay.errors import InputError
from overlay.library import Library
from overlay.options import AskOptions
from overlay.prompt import Prompt, build_prompt, completion_prompt, question_of
from overlay.settings import (
    NO_PROFILE,
    SHIPPED_PROFILE,
    Backend,
    Fallback,
    Requantize,
    Settings,
)
from overlay.turn import Turn
from probes.chat import Message
from probes.kv_store import KVStore
from probes.model_cache import default_model_cache
from probes.protocol import Model, ModelInfo
from retriever import Searcher
from selector.budget import Budget, budget_for
from selector.profile import Profile, load_profile, shipped_profile
from selector.thresholds import Thresholds, load_thresholds, thresholds_for

__all__ = ["Overlay", "find_profile", "load_model", "open_kv_store", "open_overlay"]

_KV_FOLDER = "kv"
_MIB = 2**20


class Overlay:
    """Answers questions from retrieved chunks, under a volatility budget.

    Not safe for use from several threads at once: one model gives one answer at a time.

    Args:
        model: an instrumented model; closed with the overlay.
        retriever: where chunks come from; None answers everything without context.
        settings: defaults of every question.
        library: closed with the overlay where given.
        thresholds: in place of those that the settings, or the model's hash, name.
        profile: likewise.
        kept: cells of chunks that were seen before; closed with the overlay where given.
    """

    def __init__(
        self,
        model: Model,
        retriever: Searcher | None,
        settings: Settings,
        library: Library | None = None,
        *,
        thresholds: Thresholds | None = None,
        profile: Profile | None = None,
        kept: KVStore | None = None,
    ) -> None:
        self._model = model
        self._retriever = retriever
        self._library = library
        self._kept = kept
        self.settings = settings
        self._thresholds = thresholds or (
            load_thresholds(settings.thresholds)
            if settings.thresholds
            else thresholds_for(model.info.sha256)
        )
        self._profile = profile or find_profile(settings, model.info)

    @property
    def model_info(self) -> ModelInfo:
        """Facts about the model that answers."""
        return self._model.info

    @property
    def budget(self) -> Budget:
        """What an answer to a chat may spend where its options say nothing of it."""
        settings = self.settings
        return budget_for(
            settings.budget_step, settings.budget_answer, profile=self._profile is not None
        )

    def ask(self, question: str | Sequence[Message], options: AskOptions | None = None) -> Answer:
        """Answer a question, or the last user message of a chat.

        Raises:
            InputError: the question is empty or an option out of range.
            PromptTooLongError: the question and the earlier turns outgrow the model's context.
        """
        messages = [Message("user", question)] if isinstance(question, str) else question
        *_, last = self.stream(messages, options or AskOptions())
        assert isinstance(last, AnswerFinished)  # noqa: S101 - tells mypy what Turn promises
        return last.answer

    def stream(self, messages: Sequence[Message], options: AskOptions) -> Iterator[Event]:
        """Answer a chat, event by event: steps, then text, then the whole answer.

        Closing the iterator early stops the model and frees what the answer held.

        Raises:
            InputError, PromptTooLongError: as :meth:`ask`.
        """
        prompt = build_prompt(self._model, messages)
        return self._turn(question_of(messages), prompt, options, self.settings).run()

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
        searched, built = completion_prompt(self._model, prompt)
        settings = self.settings.model_copy(update={"fallback": Fallback.ANSWER})
        return self._turn(searched, built, options, settings).run()

    def _turn(self, question: str, prompt: Prompt, options: AskOptions, settings: Settings) -> Turn:
        return Turn(
            self._model,
            question,
            prompt,
            options,
            retriever=self._retriever,
            settings=settings,
            thresholds=self._thresholds,
            profile=self._profile,
            kept=self._kept,
        )

    def close(self) -> None:
        """Free the model and close the store."""
        self._model.close()
        if self._library is not None:
            self._library.close()
        if self._kept is not None:
            self._kept.close()

    def __enter__(self) -> Overlay:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def find_profile(settings: Settings, info: ModelInfo) -> Profile | None:
    """The profile that the settings name for a model.

    Raises:
        InputError: the file is no profile, or is another model's.
    """
    if settings.profile == NO_PROFILE:
        return None
    if settings.profile == SHIPPED_PROFILE:
        return shipped_profile(info.sha256)
    profile = load_profile(Path(settings.profile).expanduser())
    if profile.sha256 != info.sha256:
        raise InputError(
            f"{settings.profile} was calibrated for {profile.model}, not for {info.name}",
            hint="`overlay calibrate` makes one for this model; or set profile to none",
            param="profile",
        )
    return profile


def load_model(settings: Settings) -> Model:
    """Load the model that the settings name.

    Raises:
        ModelError: there is no such model, or it cannot be loaded.
    """
    # Imported here: loading either library takes a while, and not every caller needs it.
    from overlay.models import locate_model

    located = locate_model(settings.model, settings.backend)
    cache = settings.model_cache.expanduser() if settings.model_cache else default_model_cache()
    if isinstance(located.source, Path) and located.backend is Backend.LLAMACPP:
        from probes.llamacpp import LlamaCppModel
        from probes.llamacpp.requantized import faster_copy

        copy = None
        if settings.requantize is Requantize.AUTO and settings.gpu_layers == 0:
            copy = faster_copy(located.source, cache=cache, threads=settings.threads)
        return LlamaCppModel(
            located.source,
            context_size=settings.context_size,
            threads=settings.threads,
            gpu_layers=settings.gpu_layers,
            copy=copy,
        )
    from probes.transformers import TransformersModel

    return TransformersModel(
        located.source,
        context_size=settings.context_size,
        threads=settings.threads,
        device=settings.device,
        dtype=settings.dtype,
        quantize=settings.quantize,
        model_cache=cache,
    )


def open_kv_store(settings: Settings) -> KVStore | None:
    """Where cells of chunks are kept; None where the settings keep none.

    Raises:
        ResourceError: the folder cannot be used.
    """
    if not settings.kv_memory and not settings.kv_disk:
        return None
    return KVStore(settings.kv_memory * _MIB, settings.store / _KV_FOLDER, settings.kv_disk * _MIB)


def open_overlay(settings: Settings, *, eager: bool = False) -> Overlay:
    """Load the model and open the store that the settings name. Takes seconds.

    Args:
        eager: load the embedder too, which the first search does otherwise.

    Raises:
        ModelError: the model cannot be loaded.
        StoreError: nothing was ingested yet, or the store cannot be used.
        EmbedderError: the embedder does not load; raised where it is loaded.
    """
    library = Library(settings)
    library.check()
    if eager:
        library.load()
    kept = open_kv_store(settings)
    return Overlay(load_model(settings), library.retriever, settings, library, kept=kept)
