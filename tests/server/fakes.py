"""A deterministic engine, and the real server around it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import uvicorn
from fastapi import FastAPI

from overlay.answer import (
    Answer,
    AnswerFinished,
    Event,
    Other,
    Outcome,
    Step,
    StepTaken,
    TextAdded,
    ThoughtAdded,
    Usage,
)
from overlay.answering.speak import ABSTENTION
from overlay.attribution import Attribution, PassageSupport, SentenceSupport
from overlay.embedding import Embedded
from overlay.errors import InputError
from overlay.judged import Judged
from overlay.options import AskOptions
from probes.chat import Message
from probes.cost import Cost, Meter
from probes.protocol import ModelInfo
from probes.token_log_probs import TokenLogProb
from probes.turns import Turns
from retriever import Chunk, RankedChunk
from selector.budget import Budget
from selector.verdict import Verdict
from server.app import create_app
from server.documents import Documents
from server.doors.values import Doors
from server.engine import Engine
from server.serving import AppServer, bind, url_of

MODEL = "tiny/fake-model"
EMBEDDER = "fake-embedder"
WORDS = ("Grüße", ", ", "Welt\n\n")
PATIENCE = 5.0

_INFO = ModelInfo(
    name=MODEL,
    path="fake.gguf",
    sha256="0" * 64,
    backend="fake",
    device="cpu",
    layers=2,
    width=4,
    vocabulary=8,
    context_size=64,
    cache_size=64,
)

# Said here: a traceback shows the line that raises.
_DETAIL = "secret detail"

STEP = Step(
    chunk=RankedChunk(Chunk("c1", "a.md", "A", 0, "Some text."), similarity=0.5, rank=0),
    reading=None,
    verdict=Verdict(accepted=False, short="no", reason="no", volatility=0.9),
    marginal_drift=None,
    draft="Perhaps",
)


PROMPT = (TokenLogProb(b"Hel", None), TokenLogProb(b"lo", -0.5, ((b"lo", -0.5),)))
SAID = (TokenLogProb(b"\xc3", -2.0, ((b"a", -1.0), (b"\xc3", -2.0))),)


@dataclass
class FakeEngine:
    """Says WORDS, unless the question is one of these.

    ``abstain``: says that there is no answer. ``think``: thinks first. ``hold``: waits for
    ``release`` before its first word. ``slow``: takes a second between words. ``endless``: never
    finishes, but sets ``ended`` when it is closed. ``silent``: likewise, and says nothing after
    its first word. ``fail early``, ``fail late``, ``break early``, ``break late``: raises an error
    that is meant, or a defect, before or after the first word.
    """

    budget: Budget = field(default_factory=lambda: Budget(0.5, 2.0))
    asked: list[tuple[Sequence[Message], AskOptions]] = field(default_factory=list)
    continued: list[tuple[str | Sequence[int], AskOptions]] = field(default_factory=list)
    release: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    closed: threading.Event = field(default_factory=threading.Event)
    collections: list[str | None] = field(default_factory=list)
    check: Callable[[], None] | None = None
    turns: Turns[Any] = field(default_factory=lambda: Turns(Meter()))

    @property
    def model_info(self) -> ModelInfo:
        return _INFO

    def stream(self, messages: Sequence[Message], options: AskOptions) -> Iterator[Event]:
        question = messages[-1].content
        self.asked.append((messages, options))
        if question == "hold":
            self.release.wait(PATIENCE)
        _fail(question, "early")
        if question == "abstain":
            yield TextAdded(ABSTENTION)
            answer = replace(_answer(options), text=ABSTENTION, outcome=Outcome.ABSTAINED)
            yield AnswerFinished(answer)
            return
        yield StepTaken(STEP)
        if question == "think":
            yield ThoughtAdded("Hm.")
        yield TextAdded(WORDS[0])
        _fail(question, "late")
        try:
            for _ in range(100 if question == "slow" else 0):
                yield TextAdded("")
                time.sleep(0.01)
            while question == "silent" and self.check is not None:
                self.check()
                time.sleep(0.005)
            while question == "endless":
                yield TextAdded("again ")
                time.sleep(0.005)
        finally:
            self.ended.set()
        for word in WORDS[1:]:
            yield TextAdded(word)
        for choice in range(1, options.n):
            yield TextAdded("Other", choice)
        answer = _answer(options)
        if question == "think":
            usage = replace(answer.usage, reasoning_tokens=2)
            answer = replace(answer, reasoning="Hm.", usage=usage)
        yield AnswerFinished(answer)

    def complete(self, prompt: str | Sequence[int], options: AskOptions) -> Iterator[Event]:
        self.continued.append((prompt, options))
        for word in WORDS:
            yield TextAdded(word)
        for choice in range(1, options.n):
            yield TextAdded("Other", choice)
        yield AnswerFinished(_answer(options))

    def judge(self, question: str, passages: Sequence[Chunk], options: AskOptions) -> Judged:
        """Let in every passage that holds a word of the question."""
        _fail(question, "early")
        said = [set(question.split()) & set(one.text.split()) for one in passages]
        steps = [
            replace(
                STEP,
                chunk=RankedChunk(one, similarity=0.5, rank=rank),
                verdict=replace(STEP.verdict, accepted=bool(words), spent=0.1 * bool(words)),
            )
            for rank, (one, words) in enumerate(zip(passages, said, strict=True))
        ]
        return Judged(tuple(steps[::-1]), options.budget or self.budget, Cost(5, 0, 0, 1))

    def attribute(
        self,
        question: str,
        passages: Sequence[tuple[str, str]],
        answer: str | None = None,
        *,
        tokens: bool = False,
    ) -> Attribution:
        _fail(question, "early")
        support = tuple(0.5 * place for place in range(len(passages)))
        return Attribution(
            answer or "Its own.",
            (SentenceSupport(answer or "Its own.", support),),
            tuple(
                PassageSupport(text, gain, (("To", 0.25),) if tokens else None)
                for (_, text), gain in zip(passages, support, strict=True)
            ),
            {},
        )

    def embed(self, texts: Sequence[str], collection: str | None = None) -> Embedded:
        self.collections.append(collection)
        vectors = np.asarray([[len(text), 0.5] for text in texts], dtype=np.float32)
        return Embedded(EMBEDDER, vectors, sum(len(text) for text in texts))

    def watch(self, check: Callable[[], None] | None) -> None:
        self.check = check

    def close(self) -> None:
        self.closed.set()


def _fail(question: object, when: str) -> None:
    if question == f"fail {when}":
        raise InputError("the prompt has 65 tokens", hint="ask for less", param="messages")
    if question == f"break {when}":
        raise RuntimeError(_DETAIL)


def _answer(options: AskOptions) -> Answer:
    return Answer(
        text="".join(WORDS),
        outcome=Outcome.WITHOUT_CONTEXT,
        finish_reason="stop",
        steps=(STEP,),
        budget=options.budget or Budget(0.5, 2.0),
        spent=0.0,
        usage=Usage(7, 3, phases={"answer": Cost(prefilled=96, decoded=3, calls=4)}),
        seconds=0.5,
        seconds_to_first_token=0.25,
        model=MODEL,
        mode=options.mode,
        prompt="Hello" if options.echo else "",
        prompt_log_probs=PROMPT if options.echo and options.top_log_probs is not None else (),
        log_probs=() if options.top_log_probs is None else SAID,
        others=tuple(Other("Other", "length") for _ in range(1, options.n)),
    )


@contextmanager
def serving(
    load: Callable[[], Engine],
    queue_size: int = 1,
    store: Path | None = None,
    documents: Documents | None = None,
    **doors: Any,
) -> Iterator[str]:
    """Run the server in a thread; yield its URL while the engine may still be loading.

    Args:
        doors: what they are set to, other than that nothing under way is waited for at the end.
    """
    app = create_app(load, queue_size, store, Doors(**{"stop_seconds": 0.0, **doors}), documents)
    with serving_app(app) as url:
        yield url


@contextmanager
def serving_app(app: FastAPI) -> Iterator[str]:
    """Run an application in a thread; yield its URL at once."""
    with running(AppServer(app)) as url:
        yield url


@contextmanager
def running(server: uvicorn.Server) -> Iterator[str]:
    """Run a server in a thread, on a free port; yield its URL at once."""
    listener = bind("127.0.0.1", 0)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield url_of(listener)
    finally:
        server.should_exit = True
        thread.join(PATIENCE)
        assert not thread.is_alive()


def until(condition: Callable[[], object]) -> None:
    """Wait for something that happens in another thread."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)


def wait_until_ready(url: str) -> None:
    """Wait until the engine is loaded."""
    with httpx.Client(base_url=url) as client:
        until(lambda: client.get("/health").status_code == 200)


def chat(question: str = "hello", **fields: object) -> dict[str, object]:
    """Return the body of a chat request."""
    messages = [{"role": "user", "content": question}]
    return {"model": "overlay", "messages": messages, **fields}
