"""One thread that owns the engine, and the bounded queue of requests that wait for it.

The engine is neither thread-safe nor quick, so one thread loads it, answers a few requests by
turns, and closes it. The event loop only ever puts a ticket into the queue and awaits the events
that the thread posts to it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import statistics
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from functools import partial

from overlay.answer import AnswerFinished, Event, StepTaken
from overlay.errors import OverlayError
from probes.errors import NoRoomError
from server.doors.answers import AnswerFacts, AnswerWatch
from server.doors.defects import frames_of, log_defect
from server.doors.record import current
from server.engine import Engine
from server.errors import (
    ClosingError,
    LoadFailedError,
    LoadingError,
    QueueFullError,
    UnexpectedError,
)

__all__ = ["Ticket", "Worker"]

_REMEMBERED_ANSWERS = 20

_logger = logging.getLogger(__name__)


class _CancelledError(Exception):
    """Nobody waits for what is being answered."""


class Ticket:
    """A request's place in the queue. Create it where the event loop runs.

    Attributes:
        alone: whether nothing is answered beside it.
        steps: how many steps were posted.
        spoken: whether anything else was.

    Args:
        ask: what is wanted of the engine; called in the worker's thread.
    """

    def __init__(self, ask: Callable[[Engine], Iterator[Event]]) -> None:
        self._ask = ask
        self._record = current.get()
        self._watch = AnswerWatch(self._note)
        self.cancelled = self.alone = self.spoken = False
        self.steps = 0
        self._loop = asyncio.get_running_loop()
        self._posted: asyncio.Queue[Event | OverlayError | None] = asyncio.Queue()

    @property
    def request_id(self) -> str | None:
        """Of the request that it belongs to."""
        return None if self._record is None else self._record.id

    def ask(self, engine: Engine) -> Iterator[Event]:
        """Begin to answer."""
        self._watch.begin()
        return self._ask(engine)

    def _note(self, facts: AnswerFacts) -> None:
        if self._record is not None:
            self._record.answers.append(facts)

    def check(self) -> None:
        """Raise where nobody waits any more."""
        if self.cancelled:
            raise _CancelledError

    def post(self, item: Event | OverlayError | None) -> None:
        """Pass on an event, or an error; None ends the events. Any thread may call this."""
        self.steps += isinstance(item, StepTaken)
        self.spoken = self.spoken or not isinstance(item, StepTaken)
        self._watch.hear(item)
        if isinstance(item, OverlayError) and self._record is not None:
            self._record.error = item.code
        # The loop is closed when the server had to stop without waiting for the thread.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._posted.put_nowait, item)

    async def events(self) -> AsyncIterator[Event]:
        """Yield the events as they come; they end early when the ticket is cancelled.

        Raises:
            OverlayError: the request failed.
        """
        while (item := await self._posted.get()) is not None:
            if isinstance(item, OverlayError):
                raise item
            yield item


class Worker:
    """Loads an engine in the background and answers tickets, a few at a time.

    Args:
        load: opens the engine; called in the worker's thread.
        queue_size: how many tickets may wait.
        parallel: how many are answered at a time, by an engine that can.
    """

    def __init__(self, load: Callable[[], Engine], queue_size: int, parallel: int = 1) -> None:
        self.created = int(time.time())
        self._load = load
        self._queue_size = queue_size
        self._parallel = parallel
        self._engine: Engine | None = None
        self._failure: OverlayError | None = None
        self._changed = threading.Condition()
        self._waiting: deque[Ticket] = deque()
        self._running: list[Ticket] = []
        self._draining = False
        self._stopping = False
        self._seconds: deque[float] = deque(maxlen=_REMEMBERED_ANSWERS)
        # A daemon: loading a model cannot be interrupted, and must not keep the process alive.
        self._thread = threading.Thread(target=self._run, name="overlay-worker", daemon=True)

    @property
    def engine(self) -> Engine:
        """The loaded engine, for its facts only.

        Raises:
            OverlayError: it is loading, could not be loaded, or is about to close.
        """
        if self._draining:
            raise ClosingError
        if self._failure is not None:
            # Raised many times: a traceback that is kept would grow each time.
            raise self._failure.with_traceback(None)
        if self._engine is None:
            raise LoadingError
        return self._engine

    @property
    def running(self) -> int:
        """How many tickets are answered now."""
        return len(self._running)

    @property
    def waiting(self) -> int:
        """How many tickets wait."""
        return len(self._waiting)

    def start(self) -> None:
        """Start loading."""
        self._thread.start()

    def submit(self, ticket: Ticket) -> None:
        """Put a ticket into the queue.

        Raises:
            QueueFullError: as many wait as may.
            ClosingError: the server stops.
        """
        with self._changed:
            if self._draining:
                raise ClosingError
            if len(self._waiting) + len(self._running) >= self._queue_size + self._places:
                raise QueueFullError(len(self._waiting), self._retry_after())
            self._waiting.append(ticket)
            self._changed.notify()

    def cancel(self, ticket: Ticket) -> None:
        """Give a ticket's place free: at once, or at the next evaluation where it is answered."""
        with self._changed:
            ticket.cancelled = True
            with contextlib.suppress(ValueError):  # it does not wait any more
                self._waiting.remove(ticket)
        ticket.post(None)

    def drain(self) -> None:
        """Fail what waits, and take no more; what is being answered goes on. Returns at once."""
        with self._changed:
            self._draining = True
            waiting = [*self._waiting]
        for ticket in waiting:
            ticket.post(ClosingError())
            self.cancel(ticket)

    def stop(self) -> None:
        """Fail every ticket and let the thread end; returns at once. Harmless if repeated."""
        with self._changed:
            self._draining = self._stopping = True
            tickets = [*self._waiting, *self._running]
            self._changed.notify()
        for ticket in tickets:
            ticket.post(ClosingError())
            self.cancel(ticket)

    def join(self, timeout: float) -> None:
        """Wait up to ``timeout`` seconds for the thread to end."""
        self._thread.join(timeout)

    def _retry_after(self) -> int:
        return max(1, math.ceil(statistics.median(self._seconds))) if self._seconds else 1

    def _run(self) -> None:
        try:
            engine = self._load()
        except OverlayError as error:
            _logger.error("the model could not be loaded: %s", error)  # noqa: TRY400 - no defect
            self._failure = LoadFailedError(error.message, hint=error.hint, param=error.param)
            return
        except Exception as error:  # noqa: BLE001 - logged, and said to whoever asks
            # Nothing was asked yet: what the error says quotes no document.
            trace = frames_of(error, told=True)
            _logger.error("the model could not be loaded", extra={"traceback": trace})  # noqa: TRY400
            self._failure = LoadFailedError("the model could not be loaded; see the server's log")
            return
        self._engine = engine
        try:
            while self._admit(engine):
                engine.turns.step()
        finally:
            engine.close()

    @property
    def _places(self) -> int:
        """How many tickets may be answered at a time."""
        return self._parallel if self._engine and self._engine.turns.together else 1

    def _admit(self, engine: Engine) -> bool:
        """Begin with what waits, as far as there are places; False where all is done."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopping or self._waiting or self._running)
            while self._waiting and not self._stopping and self._has_place():
                ticket = self._waiting.popleft()
                self._running.append(ticket)
                engine.turns.start(partial(self._serve, engine, ticket))
            return bool(self._running)

    def _has_place(self) -> bool:
        if not self._running:
            return True
        alone = self._waiting[0].alone or self._running[0].alone
        return len(self._running) < self._places and not alone

    def _serve(self, engine: Engine, ticket: Ticket) -> None:
        """Answer, to the last event."""
        last = self._answer(engine, ticket)
        with self._changed:
            self._running.remove(ticket)
            again = isinstance(last, NoRoomError) and not ticket.spoken and not ticket.alone
            if again and self._running and not ticket.cancelled:
                # Others took the room: their turn ends before it begins anew.
                ticket.alone = True
                self._waiting.appendleft(ticket)
                return
        # Only now: who has the answer and asks again at once must find the place free.
        ticket.post(last)
        ticket.post(None)

    def _answer(self, engine: Engine, ticket: Ticket) -> Event | OverlayError | None:
        """Post every event but the end of the last answer, and return that one."""
        started = time.monotonic()
        held: Event | None = None
        shown = ticket.steps
        engine.watch(ticket.check)
        try:
            ticket.check()
            events = ticket.ask(engine)
            try:
                for event in events:
                    ticket.check()
                    if shown and isinstance(event, StepTaken):
                        shown -= 1  # posted before it began anew
                        continue
                    if held is not None:
                        ticket.post(held)
                    held = event if isinstance(event, AnswerFinished) else None
                    if held is None:
                        ticket.post(event)
            finally:
                if isinstance(events, Generator):
                    events.close()
        except _CancelledError:
            return None
        except OverlayError as error:
            return error
        except Exception as error:  # noqa: BLE001 - logged; the next request must be answered
            log_defect(_logger, "a request failed", error, request_id=ticket.request_id)
            return UnexpectedError()
        finally:
            engine.watch(None)
        self._seconds.append(time.monotonic() - started)
        return held
