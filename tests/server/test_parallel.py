"""Several requests at a time, by an engine whose tokens are drawn together."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import httpx

from overlay.answer import AnswerFinished, Event, StepTaken, TextAdded
from overlay.options import AskOptions
from probes.chat import Message
from probes.cost import Meter
from probes.errors import NoRoomError
from probes.turns import Turns
from server.app import create_app
from server.doors.values import Doors
from tests.server.fakes import (
    PATIENCE,
    STEP,
    FakeEngine,
    chat,
    serving_app,
    until,
    wait_until_ready,
)

CHAT = "/v1/chat/completions"


@dataclass
class TurningEngine(FakeEngine):
    """Says its question word by word, each of them drawn beside those of others.

    Attributes:
        drawn: what was drawn together.
        room: how many answers have room beside each other; one more finds none at its first word.
        go: draws nothing before.
    """

    drawn: list[Sequence[str]] = field(default_factory=list)
    room: int = 9
    begun: int = 0
    inside: int = 0
    go: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.turns = Turns[Any](Meter(), self._draw)

    def _draw(self, words: Sequence[str]) -> None:
        self.go.wait(PATIENCE)
        time.sleep(0.001)  # as if it took long
        self.drawn.append(list(words))

    def stream(self, messages: Sequence[Message], options: AskOptions) -> Iterator[Event]:
        self.begun += 1
        self.inside += 1
        try:
            yield StepTaken(STEP)
            for word in str(messages[-1].content).split():
                if self.inside > self.room:
                    raise NoRoomError("the cache is full", hint="ask for fewer chunks")
                self.turns.wait(word)
                if self.check is not None:
                    self.check()
                yield TextAdded(f"{word} ")
            [*_, last] = super().stream([Message("user", "hello")], options)
            assert isinstance(last, AnswerFinished)
            yield AnswerFinished(replace(last.answer, text=str(messages[-1].content)))
        finally:
            self.inside -= 1


@contextmanager
def ready(engine: TurningEngine, parallel: int, queue_size: int = 8) -> Iterator[httpx.Client]:
    app = create_app(lambda: engine, queue_size, doors=Doors(stop_seconds=0.0), parallel=parallel)
    with serving_app(app) as url, httpx.Client(base_url=url, timeout=PATIENCE) as client:
        wait_until_ready(url)
        yield client


def said(client: httpx.Client, question: str) -> str:
    reply = client.post(CHAT, json=chat(question)).json()
    text: str = reply["choices"][0]["message"]["content"]
    return text


def running(client: httpx.Client) -> int:
    count: int = client.get("/health").json()["running"]
    return count


def test_words_of_several_answers_are_drawn_together() -> None:
    engine = TurningEngine()
    with ready(engine, parallel=3) as client, ThreadPoolExecutor(4) as pool:
        first = pool.submit(said, client, "a b c d e f")
        until(lambda: engine.begun == 1)
        others = [pool.submit(said, client, text) for text in ("x y z", "1 2 3", "later on")]
        until(lambda: client.get("/health").json()["waiting"] == 3)
        engine.go.set()
        assert first.result() == "a b c d e f"
        assert [other.result() for other in others] == ["x y z", "1 2 3", "later on"]
    assert max(len(words) for words in engine.drawn) == 3, "no more than may be answered at a time"
    flat = [word for words in engine.drawn for word in words]
    assert sorted(flat) == sorted(
        ["a", "b", "c", "d", "e", "f", "x", "y", "z", "1", "2", "3", "later", "on"]
    )


def test_who_leaves_ends_no_other() -> None:
    engine = TurningEngine()
    with ready(engine, parallel=2) as client, ThreadPoolExecutor(2) as pool:
        stays = pool.submit(said, client, "a b c")
        until(lambda: engine.begun == 1)
        leaves = pool.submit(client.post, CHAT, json=chat("x y z"), timeout=0.3)
        assert isinstance(leaves.exception(), httpx.ReadTimeout)
        engine.go.set()
        assert stays.result() == "a b c"
        until(lambda: running(client) == 0)
        assert said(client, "next") == "next"


def test_who_finds_no_room_beside_others_begins_anew_when_they_are_done() -> None:
    engine = TurningEngine(room=1)
    engine.go.set()
    with ready(engine, parallel=2) as client, ThreadPoolExecutor(2) as pool:
        engine.go.clear()
        first = pool.submit(said, client, "a b c d")
        until(lambda: engine.begun == 1)
        second = pool.submit(client.post, CHAT, json=chat("x y", stream=True))
        until(lambda: client.get("/health").json()["waiting"] == 1)
        engine.go.set()
        answers = [first.result(), second.result().text]
    assert engine.begun == 3
    assert answers[0] == "a b c d"
    assert "cache is full" not in answers[1]
    assert answers[1].count('"content": "x "') == 1


def test_who_finds_no_room_alone_is_told_so() -> None:
    engine = TurningEngine(room=0)
    engine.go.set()
    with ready(engine, parallel=2) as client:
        reply = client.post(CHAT, json=chat("a b"))
        assert reply.status_code == 500
        assert "cache is full" in reply.text
        assert engine.begun == 1


def test_stopping_ends_all_that_run() -> None:
    engine = TurningEngine()
    with ThreadPoolExecutor(2) as pool:
        with ready(engine, parallel=2) as client:
            url = client.base_url.join(CHAT)
            asked = [
                pool.submit(httpx.post, url, json=chat("a " * 5000, stream=True), timeout=PATIENCE)
                for _ in range(2)
            ]
            engine.go.set()
            until(lambda: engine.begun == 2)
        assert all("shutting down" in one.result().text for one in asked)
    assert engine.closed.is_set()
    assert engine.inside == 0
