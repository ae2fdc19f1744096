"""What the models of both backends do alike: how tokens are evaluated is each one's own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from overlay.errors import InputError
from probes.batching import DraftReader, Request
from probes.chat import ChatStyle, ChatTemplate, Message
from probes.checks import (
    check_attended,
    check_layers,
    check_length,
    check_window,
)
from probes.cost import Cost, Meter
from probes.errors import UnavailableError
from probes.form import FormVocabulary, Matcher
from probes.protocol import ModelInfo, Sampling, Session
from probes.state import FloatArray, State
from probes.thoughts import THINK, opened_by
from probes.turns import Turns

__all__ = ["BaseModel", "CachedSession", "Vocabulary"]


class Vocabulary(Protocol):
    """Text to tokens and back; the methods are those of :class:`probes.protocol.Model`.

    Attributes:
        size: how many tokens there are.
    """

    size: int

    def tokenize(self, text: str, *, special: bool = False) -> list[int]:
        """See :meth:`probes.protocol.Model.tokenize`; with ``special``, special tokens count."""

    def piece(self, token: int) -> bytes:
        """See :meth:`probes.protocol.Model.piece`."""

    def spelled(self, token: int) -> bytes:
        """See :meth:`probes.protocol.Model.spelled`."""

    def ends_generation(self, token: int) -> bool:
        """See :meth:`probes.protocol.Model.ends_generation`."""

    @property
    def template(self) -> ChatTemplate:
        """How chats are written."""

    @property
    def opening(self) -> Sequence[int]:
        """See :attr:`probes.protocol.Model.opening`."""

    def encode_chat(self, messages: Sequence[Message]) -> list[list[int]]:
        """See :meth:`probes.protocol.Model.encode_chat`."""


class CachedSession(Session, Protocol):
    """A backend's own session."""

    @property
    def cached(self) -> int:
        """How many tokens, from the first on, have been evaluated and are kept."""


_OPENING_TOKENS = 8
"""As many as the longest mark of thoughts takes, spelled in small pieces."""

_Own = TypeVar("_Own", bound=CachedSession)
_Read = TypeVar("_Read")
_Result = TypeVar("_Result")


class BaseModel(ABC, Generic[_Own, _Read]):
    """A model of sessions of the type ``_Own``, whose evaluations give a ``_Read``.

    See :class:`probes.protocol.Model`.

    Args:
        vocabulary: the model's own.
        meter: counts what is evaluated.
        context_size: tokens that one session may hold.
        turns: of tasks that share the model; by default each runs to its end.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        meter: Meter,
        context_size: int,
        turns: Turns[Any] | None = None,
    ) -> None:
        self._vocabulary = vocabulary
        self._meter = meter
        self._context_size = context_size
        self._turns: Turns[Any] = turns or Turns(meter)

    @property
    def turns(self) -> Turns[Any]:
        """See :attr:`probes.protocol.Model.turns`."""
        return self._turns

    @property
    def cost(self) -> Cost:
        """See :attr:`probes.protocol.Model.cost`."""
        return self._meter.cost

    @property
    def evaluated(self) -> int:
        """See :attr:`probes.protocol.Model.evaluated`."""
        return self.cost.evaluated

    def watch(self, check: Callable[[], None] | None) -> None:
        """See :meth:`probes.protocol.Model.watch`."""
        self._meter.watch = check

    def tokenize(self, text: str) -> list[int]:
        """See :meth:`probes.protocol.Model.tokenize`."""
        return self._vocabulary.tokenize(text)

    def piece(self, token: int) -> bytes:
        """See :meth:`probes.protocol.Model.piece`."""
        return self._vocabulary.piece(token)

    def spelled(self, token: int) -> bytes:
        """See :meth:`probes.protocol.Model.spelled`."""
        return self._vocabulary.spelled(token)

    @property
    def chat_style(self) -> ChatStyle:
        """See :attr:`probes.protocol.Model.chat_style`."""
        return self._vocabulary.template.style

    @property
    def opening(self) -> Sequence[int]:
        """See :attr:`probes.protocol.Model.opening`."""
        return self._vocabulary.opening

    def ends_generation(self, token: int) -> bool:
        """See :meth:`probes.protocol.Model.ends_generation`."""
        return self._vocabulary.ends_generation(token)

    def encode_chat(self, messages: Sequence[Message]) -> list[list[int]]:
        """See :meth:`probes.protocol.Model.encode_chat`."""
        return self._vocabulary.encode_chat(messages)

    def matcher(self, sampling: Sampling) -> Matcher | None:
        """What follows a text of the form that is asked for; None where none is.

        Raises:
            InputError: the form cannot be followed.
        """
        return None if sampling.form is None else self._forms.matcher(sampling.form)

    @cached_property
    def _forms(self) -> FormVocabulary:
        return FormVocabulary(self._vocabulary, self._vocabulary.size)

    def silence(self) -> None:
        """Find out whether the model begins an answer with thoughts; if so, prompts leave no room.

        Costs nothing where neither the template nor the vocabulary knows of thoughts.
        """
        template = self._vocabulary.template
        kinds = template.style.thoughts
        if not any(kind is not THINK or self._is_token(kind.opened) for kind in kinds):
            return
        before = self._meter.cost
        [prompt] = self.encode_chat([Message("user", "Say yes.")])
        if len(prompt) + _OPENING_TOKENS > self._context_size:
            return
        with self._opened(prompt) as session:
            [draft] = self.draft_many([session], _OPENING_TOKENS)
        said = b"".join(map(self.spelled, draft)).decode("utf-8", "replace")
        template.silenced = opened_by(said.lstrip(), kinds)
        self._meter.cost = before  # nobody asked for this

    def check_length(self, tokens: int) -> None:
        """Raise PromptTooLongError unless a session may hold this many tokens."""
        check_length(tokens, self._context_size)

    def flush(self, sessions: Sequence[Session]) -> None:
        """See :meth:`probes.protocol.Model.flush`."""
        distinct = list({id(own): own for own in self._own(sessions)}.values())
        for session in distinct:
            if not session.tokens:
                raise InputError("the session is empty: extend it first", param="tokens")
        self._flush(distinct)

    def read_many(self, requests: Sequence[Request], layers: Sequence[int] = ()) -> list[State]:
        """See :meth:`probes.protocol.Model.read_many`.

        Raises:
            InputError: a window is empty, or a layer is not there.
            UnavailableError: layers are asked for that this architecture does not show.
        """
        self._check_layers(layers)

        def state(window: Sequence[int], read: _Read) -> State:
            return State(tuple(window), *self._arrays(read), tuple(layers))

        return self._read(requests, layers, state)

    def generate(self, session: _Own, sampling: Sampling) -> Iterator[int]:
        """See :meth:`probes.protocol.Session.generate`."""
        return self._generate(session, sampling)

    def score_many(self, requests: Sequence[Request]) -> list[float]:
        """See :meth:`probes.protocol.Model.score_many`."""
        found = self._read(requests, (), self._expected)
        return [float(np.mean(log_probs)) for log_probs in found]

    def extend_scored(self, requests: Sequence[Request]) -> list[FloatArray]:
        """See :meth:`probes.protocol.Model.extend_scored`."""
        return self._read(requests, (), self._expected, stay=True)

    def draft_many(self, sessions: Sequence[Session], length: int) -> list[list[int]]:
        """See :meth:`probes.protocol.Model.draft_many`."""
        return self._draft(sessions, length, (), lambda _drafts, _read: None)

    def draft_states(
        self, sessions: Sequence[Session], length: int, layers: Sequence[int] = ()
    ) -> list[State]:
        """See :meth:`probes.protocol.Model.draft_states`.

        Raises:
            InputError, UnavailableError: as :meth:`read_many`.
        """
        return self._drafted(sessions, length, layers)

    def attend(
        self,
        session: Session,
        spans: Sequence[tuple[int, int]],
        window: Sequence[int] = (),
        layers: Sequence[int] = (),
    ) -> FloatArray:
        """See :meth:`probes.protocol.Model.attend`."""
        self._check_attention()
        [twin] = session.fork(1)
        with twin:
            [found] = self.extend_attended([(twin, window)], spans, layers)
        return found

    def extend_attended(
        self,
        requests: Sequence[Request],
        spans: Sequence[tuple[int, int]],
        layers: Sequence[int] = (),
    ) -> list[FloatArray]:
        """See :meth:`probes.protocol.Model.extend_attended`."""
        owners = self._own([session for session, _ in requests])
        check_attended(requests, spans, self._context_size)
        check_layers(layers, self.info.layers)
        self._check_attention()
        self._flush_and_reuse(owners)
        return self._attend(requests, spans, layers)

    def generate_state(
        self, session: Session, sampling: Sampling, layers: Sequence[int] = ()
    ) -> State | None:
        """See :meth:`probes.protocol.Model.generate_state`.

        Raises:
            InputError, UnavailableError: as :meth:`read_many`.
        """
        self._check_layers(layers)
        reader = DraftReader(1, layers)

        def keep(read: _Read) -> None:
            reader.add([0], *self._arrays(read))

        [own] = self._own([session])
        tokens = list(self._generate(own, sampling, layers, keep))
        return reader.states([tokens])[0] if tokens else None

    def generate_states(
        self, sessions: Sequence[Session], sampling: Sampling, layers: Sequence[int] = ()
    ) -> list[State | None]:
        """See :meth:`probes.protocol.Model.generate_states`.

        Raises:
            InputError, UnavailableError: as :meth:`read_many`.
        """
        longest = max((len(one.tokens) for one in sessions), default=0) + sampling.max_tokens
        drawn = sampling.temperature > 0 or sampling.form is not None
        if drawn or len(sessions) < 2 or longest > self._context_size:
            return [self.generate_state(one, sampling, layers) for one in sessions]
        states = self._drafted(sessions, sampling.max_tokens, layers, stay=True)
        # A draft holds a token even where the model says none.
        ended = [self._vocabulary.ends_generation(one.window[0]) for one in states]
        return [None if end else one for end, one in zip(ended, states, strict=True)]

    def _check_attention(self) -> None:
        if self._no_attention:
            raise UnavailableError(self._no_attention)

    def _is_token(self, text: str) -> bool:
        return len(self._vocabulary.tokenize(text, special=True)) == 1

    def _opened(self, tokens: Sequence[int]) -> Session:
        session = self.session()
        session.extend(tokens)
        return session

    def _read(
        self,
        requests: Sequence[Request],
        layers: Sequence[int],
        reduce: Callable[[Sequence[int], _Read], _Result],
        *,
        stay: bool = False,
    ) -> list[_Result]:
        for session, window in requests:
            check_window(window)
            self.check_length(len(session.tokens) + len(window))
        self._flush_and_reuse(self._own([session for session, _ in requests]))
        return self._read_windows(requests, layers, reduce, stay=stay)

    def _drafted(
        self, sessions: Sequence[Session], length: int, layers: Sequence[int], *, stay: bool = False
    ) -> list[State]:
        self._check_layers(layers)
        reader = DraftReader(len(sessions), layers)

        def keep(drafts: Sequence[int], read: _Read) -> None:
            reader.add(drafts, *self._arrays(read))

        return reader.states(self._draft(sessions, length, layers, keep, stay=stay))

    def _draft(
        self,
        sessions: Sequence[Session],
        length: int,
        layers: Sequence[int],
        keep: Callable[[Sequence[int], _Read], None],
        *,
        stay: bool = False,
    ) -> list[list[int]]:
        owners = self._own(sessions)
        for owner in owners:
            self.check_length(len(owner.tokens) + length)
        self._flush_and_reuse(owners)
        return self._grow_drafts(owners, length, layers, keep, stay=stay)

    def _flush_and_reuse(self, sessions: Sequence[_Own]) -> None:
        """Evaluate what is pending; what was there already counts as reused."""
        before = self.cost.prefilled
        self.flush(sessions)
        fresh = self.cost.prefilled - before
        self._meter.reuse(sum(session.cached for session in sessions) - fresh)

    @property
    @abstractmethod
    def info(self) -> ModelInfo:
        """See :attr:`probes.protocol.Model.info`."""

    @abstractmethod
    def session(self) -> Session:
        """See :meth:`probes.protocol.Model.session`."""

    @abstractmethod
    def _own(self, sessions: Sequence[Session]) -> list[_Own]:
        """The sessions, or InputError where another model made one of them."""

    @abstractmethod
    def _check_layers(self, layers: Sequence[int]) -> None:
        """Raise what :meth:`read_many` raises of layers."""

    @abstractmethod
    def _flush(self, sessions: Sequence[_Own]) -> None:
        """Evaluate what is pending in sessions of which none is empty, and none stands twice."""

    @abstractmethod
    def _read_windows(
        self,
        requests: Sequence[Request],
        layers: Sequence[int],
        reduce: Callable[[Sequence[int], _Read], _Result],
        *,
        stay: bool = False,
    ) -> list[_Result]:
        """Evaluate each window after its session, and reduce what it gives at once.

        Nothing but the last token of a session is pending. With ``stay`` the sessions are extended
        by their windows.
        """

    @abstractmethod
    def _grow_drafts(
        self,
        owners: Sequence[_Own],
        length: int,
        layers: Sequence[int],
        keep: Callable[[Sequence[int], _Read], None],
        *,
        stay: bool = False,
    ) -> list[list[int]]:
        """Draft side by side; ``keep`` gets the drafts of each step's rows, and what they gave.

        Nothing but the last token of a session is pending. With ``stay`` the sessions are extended
        by their drafts, but for an end-of-generation token.
        """

    @abstractmethod
    def _generate(
        self,
        session: _Own,
        sampling: Sampling,
        layers: Sequence[int] = (),
        keep: Callable[[_Read], None] | None = None,
    ) -> Iterator[int]:
        """See :meth:`probes.protocol.Session.generate`; ``keep`` gets each drawn token's row."""

    @property
    @abstractmethod
    def _no_attention(self) -> str:
        """Why :meth:`attend` cannot be had, model and reason; empty where it can."""

    @abstractmethod
    def _attend(
        self,
        requests: Sequence[Request],
        spans: Sequence[tuple[int, int]],
        layers: Sequence[int],
    ) -> list[FloatArray]:
        """See :meth:`extend_attended`. Nothing but the last token of a session is pending."""

    @abstractmethod
    def _arrays(self, read: _Read) -> tuple[FloatArray, FloatArray]:
        """``[rows, vocabulary]`` log-probabilities and ``[layers, rows, width]`` states."""

    @abstractmethod
    def _expected(self, window: Sequence[int], read: _Read) -> FloatArray:
        """``[T]``: the natural log-probability of each token of a window."""
