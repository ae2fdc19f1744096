"""A deterministic engine, and the real server around it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from overlay.answer import Answer, AnswerFinished, Event, Outcome, Step, StepTaken, TextAdded, Usage
from overlay.errors import InputError
from overlay.options import AskOptions
from probes.chat import Message
from probes.cost import Cost
from probes.protocol import ModelInfo
from probes.token_log_probs import TokenLogProb
from retriever import Chunk, RankedChunk
from selector.budget import Budget
from selector.verdict import Verdict
from server.app import create_app
from server.documents import Documents
from server.engine import Engine
from server.serving import AppServer, bind, url_of

MODEL = "tiny/fake-model"
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

    ``hold``: waits for ``release`` before its first word. ``endless``: never finishes, but
    sets ``ended`` when it is closed. ``fail early``, ``fail late``, ``break early``, ``break
    late``: raises an error that is meant, or a defect, before or after the first word.
    """

    budget: Budget = field(default_factory=lambda: Budget(0.5, 2.0))
    asked: list[tuple[Sequence[Message], AskOptions]] = field(default_factory=list)
    continued: list[tuple[str | Sequence[int], AskOptions]] = field(default_factory=list)
    release: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    closed: threading.Event = field(default_factory=threading.Event)

    @property
    def model_info(self) -> ModelInfo:
        return _INFO

    def stream(self, messages: Sequence[Message], options: AskOptions) -> Iterator[Event]:
        question = messages[-1].content
        self.asked.append((messages, options))
        if question == "hold":
            self.release.wait(PATIENCE)
        _fail(question, "early")
        yield StepTaken(STEP)
        yield TextAdded(WORDS[0])
        _fail(question, "late")
        try:
            while question == "endless":
                yield TextAdded("again ")
                time.sleep(0.005)
        finally:
            self.ended.set()
        for word in WORDS[1:]:
            yield TextAdded(word)
        yield AnswerFinished(_answer(options))

    def complete(self, prompt: str | Sequence[int], options: AskOptions) -> Iterator[Event]:
        self.continued.append((prompt, options))
        yield AnswerFinished(_answer(options))

    def close(self) -> None:
        self.closed.set()


def _fail(question: object, when: str) -> None:
    if question == f"fail {when}":
        raise InputError("the prompt has 65 tokens", hint="ask for less", param="messages")
    if question == f"break {when}":
        raise RuntimeError("secret detail")


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
    )


@contextmanager
def serving(
    load: Callable[[], Engine], queue_size: int = 1, documents: Documents | None = None
) -> Iterator[str]:
    """Run the server in a thread; yield its URL while the engine may still be loading."""
    listener = bind("127.0.0.1", 0)
    server = AppServer(create_app(load, queue_size, documents))
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
