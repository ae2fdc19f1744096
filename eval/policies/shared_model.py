"""A model that several policies share for one case: worked out once, charged to each in full.

What a model says under a context depends on the context's tokens, and on what of them is masked.
So results are kept by these until the case is done, and so are the sessions, from whose caches
longer prompts go on. The
counter goes on as if nothing had been kept: each policy costs what it would cost alone.

Policies that are asked side by side wait for each other wherever one wants tokens: a token for
eight prompts takes hardly longer than a token for one.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast

from greenlet import greenlet

from eval.policies.kept_sessions import MOST_SESSIONS, Holding, KeptSessions
from eval.policies.shared_session import SharedSession
from overlay.errors import InputError
from probes.batching import Request
from probes.chat import ChatStyle, Message
from probes.checks import check_attended, check_length, check_own, check_window
from probes.cost import Cost
from probes.protocol import Capabilities, Model, ModelInfo, Sampling, Session
from probes.state import FloatArray, State
from probes.turns import Turns

__all__ = ["SharedModel"]

_Result = TypeVar("_Result")


_Work = Callable[[Sequence[Request]], Sequence[Any]]


@dataclass(slots=True)
class _Waiting:
    """Requests of one kind that go into one batch, by the key of their result."""

    work: _Work
    requests: dict[Hashable, Request] = field(default_factory=dict)


class SharedModel:
    """See :class:`probes.protocol.Model`. Computes no gradients.

    Args:
        model: does the work; closed by whoever opened it.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._charged = Cost()
        self._results: dict[Hashable, object] = {}
        self._kept = KeptSessions(model)
        self._waiting: dict[Hashable, _Waiting] = {}
        self._scheduler: greenlet | None = None

    @property
    def info(self) -> ModelInfo:
        """See :attr:`probes.protocol.Model.info`."""
        return self._model.info

    @property
    def turns(self) -> Turns[Any]:
        """See :attr:`probes.protocol.Model.turns`: those of the model that does the work."""
        return self._model.turns

    @property
    def capabilities(self) -> Capabilities:
        """See :attr:`probes.protocol.Model.capabilities`."""
        return replace(self._model.capabilities, gradients=False)

    @property
    def fingerprint(self) -> str:
        """See :attr:`probes.protocol.Model.fingerprint`."""
        return self._model.fingerprint

    @property
    def cost(self) -> Cost:
        """What it would cost if nothing were kept, but for forward calls, which are not counted."""
        return self._charged

    @property
    def evaluated(self) -> int:
        """Tokens that would have been evaluated if nothing were kept."""
        return self.cost.evaluated

    def watch(self, check: Callable[[], None] | None) -> None:
        """See :meth:`probes.protocol.Model.watch`."""
        self._model.watch(check)

    def tokenize(self, text: str) -> list[int]:
        """See :meth:`probes.protocol.Model.tokenize`."""
        return self._model.tokenize(text)

    def piece(self, token: int) -> bytes:
        """See :meth:`probes.protocol.Model.piece`."""
        return self._model.piece(token)

    def spelled(self, token: int) -> bytes:
        """See :meth:`probes.protocol.Model.spelled`."""
        return self._model.spelled(token)

    @property
    def chat_style(self) -> ChatStyle:
        """See :attr:`probes.protocol.Model.chat_style`."""
        return self._model.chat_style

    @property
    def opening(self) -> Sequence[int]:
        """See :attr:`probes.protocol.Model.opening`."""
        return self._model.opening

    def ends_generation(self, token: int) -> bool:
        """See :meth:`probes.protocol.Model.ends_generation`."""
        return self._model.ends_generation(token)

    def encode_chat(self, messages: Sequence[Message]) -> list[list[int]]:
        """See :meth:`probes.protocol.Model.encode_chat`."""
        return self._model.encode_chat(messages)

    def session(self) -> SharedSession:
        """See :meth:`probes.protocol.Model.session`."""
        return SharedSession(self)

    def read_many(self, requests: Sequence[Request], layers: Sequence[int] = ()) -> list[State]:
        """See :meth:`probes.protocol.Model.read_many`."""
        self._charge_windows(requests)
        keys = [("read", *_key(request), tuple(layers)) for request in requests]
        return self._once(
            keys, requests, lambda missing: self._model.read_many(self._real(missing), layers)
        )

    def score_many(self, requests: Sequence[Request]) -> list[float]:
        """See :meth:`probes.protocol.Model.score_many`."""
        self._charge_windows(requests)
        keys = [("score", *_key(request)) for request in requests]
        return self._once(
            keys, requests, lambda missing: self._model.score_many(self._real(missing))
        )

    def extend_scored(self, requests: Sequence[Request]) -> list[FloatArray]:
        """See :meth:`probes.protocol.Model.extend_scored`."""
        self._charge_windows(requests)
        keys = [("extend", *_key(request)) for request in requests]

        def extend(missing: Sequence[Request]) -> list[FloatArray]:
            return self._extended(missing, self._model.extend_scored)

        found = self._once(keys, requests, extend)
        _lengthen(self._own([session for session, _ in requests]), requests)
        return found

    def draft_many(self, sessions: Sequence[Session], length: int) -> list[list[int]]:
        """See :meth:`probes.protocol.Model.draft_many`."""
        self._check_drafts(sessions, length)

        def draft(missing: Sequence[Request]) -> list[list[int]]:
            return self._model.draft_many([session for session, _ in self._real(missing)], length)

        keys = [("draft", own.holding, length) for own in self._own(sessions)]
        requests: list[Request] = [(session, ()) for session in sessions]
        drafts = self._once(keys, requests, draft, batch=("draft", length))
        self._charge_drafts(drafts, length)
        return [list(tokens) for tokens in drafts]

    def draft_states(
        self, sessions: Sequence[Session], length: int, layers: Sequence[int] = ()
    ) -> list[State]:
        """See :meth:`probes.protocol.Model.draft_states`."""
        self._check_drafts(sessions, length)

        def draft(missing: Sequence[Request]) -> list[State]:
            real = [session for session, _ in self._real(missing)]
            return self._model.draft_states(real, length, layers)

        batch = ("state", length, tuple(layers))
        keys = [(*batch, own.holding) for own in self._own(sessions)]
        states = self._once(keys, [(session, ()) for session in sessions], draft, batch=batch)
        self._charge_drafts([state.window for state in states], length)
        return states

    def attend(
        self,
        session: Session,
        spans: Sequence[tuple[int, int]],
        window: Sequence[int] = (),
        layers: Sequence[int] = (),
    ) -> FloatArray:
        """See :meth:`probes.protocol.Model.attend`."""
        [twin] = session.fork(1)
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
        check_attended(requests, spans, self.info.context_size)
        self._flush_and_reuse(owners)
        self._charged += Cost(prefilled=sum(1 + len(window) for _, window in requests))
        keys = [("attend", *_key(request), tuple(spans), tuple(layers)) for request in requests]

        def extend(missing: Sequence[Request]) -> list[FloatArray]:
            return self._extended(
                missing, lambda twins: self._model.extend_attended(twins, spans, layers)
            )

        found = self._once(keys, requests, extend)
        _lengthen(owners, requests)
        return found

    def generate_state(
        self, session: Session, sampling: Sampling, layers: Sequence[int] = ()
    ) -> State | None:
        """See :meth:`probes.protocol.Model.generate_state`."""
        [own] = self._own([session])
        start = SharedSession(self, own.holding)
        tokens = list(own.generate(sampling))
        if not tokens:
            return None
        # The reading is charged to nobody: a model reads while it generates.
        request = (start, tokens)
        [state] = self._once(
            [("read", *_key(request), tuple(layers))],
            [request],
            lambda missing: self._model.read_many(self._real(missing), layers),
        )
        return state

    def generate_states(
        self, sessions: Sequence[Session], sampling: Sampling, layers: Sequence[int] = ()
    ) -> list[State | None]:
        """See :meth:`probes.protocol.Model.generate_states`."""
        return [self.generate_state(one, sampling, layers) for one in sessions]

    def generated(self, session: SharedSession, sampling: Sampling) -> list[int]:
        """What :meth:`probes.protocol.Session.generate` yields, to its end."""
        length = min(sampling.max_tokens, self.info.context_size - len(session.tokens))
        if length and sampling.temperature == 0:
            return self._greedy(session, length)
        self._flush_and_reuse([session])

        def generate(missing: Sequence[Request]) -> list[tuple[list[int], int]]:
            [(real, _)] = self._real(missing)
            [twin] = real.fork(1)
            with twin:
                before = self._model.evaluated
                tokens = list(twin.generate(sampling))
                return [(tokens, self._model.evaluated - before)]

        key = ("generate", session.holding, sampling)
        [(tokens, rows)] = self._once([key], [(session, ())], generate)
        self._charged += Cost(decoded=rows)
        return tokens

    def _greedy(self, session: SharedSession, length: int) -> list[int]:
        [draft] = self.draft_many([session], length)
        return [token for token in draft if not self.ends_generation(token)]

    def flush(self, sessions: Sequence[Session]) -> None:
        """Charge what is pending, all but the last token of each session."""
        for session in self._own(sessions):
            if not session.tokens:
                raise InputError("the session is empty: extend it first", param="tokens")
            self._charged += Cost(prefilled=len(session.tokens) - 1 - session.cached)
            session.cached = len(session.tokens) - 1

    def _flush_and_reuse(self, sessions: Sequence[Session]) -> None:
        before = self._charged.prefilled
        self.flush(sessions)
        fresh = self._charged.prefilled - before
        self._charged += Cost(reused=sum(own.cached for own in self._own(sessions)) - fresh)

    def check_length(self, tokens: int) -> None:
        """Raise PromptTooLongError unless a session may hold this many tokens."""
        check_length(tokens, self.info.context_size)

    def side_by_side(self, tasks: Mapping[str, Callable[[], _Result]]) -> dict[str, _Result]:
        """Run tasks by turns on this model, each on a counter of its own.

        A task runs until it wants tokens that nobody asked for before. When all wait, what they
        want is worked out in one batch.

        Args:
            tasks: by name; each uses this model.

        Returns:
            What each returned, by name.
        """
        results: dict[str, _Result] = {}
        charged = dict.fromkeys(tasks, self._charged)
        running = {name: greenlet(task) for name, task in tasks.items()}
        self._scheduler = greenlet.getcurrent()
        try:
            while running:
                for name, task in list(running.items()):
                    self._charged = charged[name]
                    value = task.switch()
                    charged[name] = self._charged
                    if task.dead:
                        results[name] = value
                        del running[name]
                for waiting in self._waiting.values():
                    self._work(waiting.work, waiting.requests)
                self._waiting.clear()
        finally:
            self._scheduler = None
            self._waiting.clear()
        return {name: results[name] for name in tasks}

    def forget(self) -> None:
        """Drop all results, and close the sessions that were kept."""
        self._results.clear()
        self._kept.close()

    def close(self) -> None:
        """See :meth:`probes.protocol.Model.close`. The model that does the work stays open."""
        self.forget()

    def _check_drafts(self, sessions: Sequence[Session], length: int) -> None:
        for session in sessions:
            self.check_length(len(session.tokens) + length)
        self._flush_and_reuse(sessions)

    def _charge_drafts(self, drafts: Sequence[Sequence[int]], length: int) -> None:
        for tokens in drafts:
            # An end token takes a row too; it is left out, unless it stands first.
            ended = len(tokens) < length and not self.ends_generation(tokens[-1])
            self._charged += Cost(decoded=len(tokens) + ended)

    def _charge_windows(self, requests: Sequence[Request]) -> None:
        for session, window in requests:
            check_window(window)
            self.check_length(len(session.tokens) + len(window))
        self._flush_and_reuse([session for session, _ in requests])
        self._charged += Cost(prefilled=sum(len(window) for _, window in requests))

    def _once(
        self,
        keys: Sequence[Hashable],
        requests: Sequence[Request],
        work: Callable[[Sequence[Request]], Sequence[_Result]],
        batch: Hashable = None,
    ) -> list[_Result]:
        """The results of the requests; only those that nobody asked for before are worked out.

        Args:
            batch: names requests that may wait for others, to be worked out with them.
        """
        missing = {
            key: request
            for key, request in zip(keys, requests, strict=True)
            if key not in self._results
        }
        if missing and batch is not None and self._scheduler is not None:
            self._waiting.setdefault(batch, _Waiting(work)).requests.update(missing)
            self._scheduler.switch()
        elif missing:
            self._work(work, missing)
        return [cast(_Result, self._results[key]) for key in keys]

    def _work(self, work: _Work, missing: Mapping[Hashable, Request]) -> None:
        todo = list(missing.items())
        for start in range(0, len(todo), MOST_SESSIONS):
            part = todo[start : start + MOST_SESSIONS]
            found = work([request for _, request in part])
            self._results.update(zip((key for key, _ in part), found, strict=True))
            self._kept.make_room()

    def _extended(
        self,
        requests: Sequence[Request],
        work: Callable[[Sequence[Request]], list[FloatArray]],
    ) -> list[FloatArray]:
        """What comes of extending sessions of the model itself, which are kept."""
        twins = [(real.fork(1)[0], window) for real, window in self._real(requests)]
        found = work(twins)
        for (session, window), (twin, _) in zip(requests, twins, strict=True):
            [own] = self._own([session])
            tokens, masked = own.holding
            self._kept.keep(Holding((*tokens, *window), masked), twin)
        return found

    def _real(self, requests: Sequence[Request]) -> list[Request]:
        """The same requests on sessions of the model itself, which are kept."""
        owners = self._own([session for session, _ in requests])
        windows = (window for _, window in requests)
        return [
            (self._kept.session(own.holding), window)
            for own, window in zip(owners, windows, strict=True)
        ]

    def _own(self, sessions: Sequence[Session]) -> list[SharedSession]:
        return check_own(sessions, SharedSession)


def _lengthen(owners: Sequence[SharedSession], requests: Sequence[Request]) -> None:
    for own, (_, window) in zip(owners, requests, strict=True):
        own.tokens.extend(window)
        own.cached += len(window)


def _key(request: Request) -> tuple[Holding, tuple[int, ...]]:
    session, window = request
    [own] = check_own([session], SharedSession)
    return own.holding, tuple(window)
