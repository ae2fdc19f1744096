"""Many clients at once on a running server: what they get, how soon, and what the server holds."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import httpx

__all__ = ["Exchange", "Load", "put_load_on", "seconds_until_free"]

_CHAT = "/v1/chat/completions"
_SECONDS_AN_ANSWER = 300.0
_LONGEST_PAUSE = 5.0  # of a client that was told to come again later
_OF_THOSE_LEAVE = 0.1
_REFUSALS = (429, 503)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what came of it.

    Attributes:
        status: of the reply.
        left: whether the client went away by intent before the end.
        first: seconds to the first text; None where none came.
        wrong: what is not as it must be; empty where all is.
    """

    status: int
    left: bool
    first: float | None
    wrong: str = ""


@dataclass(slots=True)
class Load:
    """All that was asked, and the server's memory meanwhile.

    Attributes:
        memory: seconds since the start, and resident bytes.
    """

    exchanges: list[Exchange] = field(default_factory=list)
    memory: list[tuple[float, int]] = field(default_factory=list)

    @property
    def wrong(self) -> list[str]:
        """What went wrong, each kind once."""
        return sorted({one.wrong for one in self.exchanges if one.wrong})

    def growth(self, warm: float) -> float:
        """How far memory rose over its median in the last ``1 - warm`` of the time, as a share."""
        start = self.memory[-1][0] * warm
        held = [size for second, size in self.memory if second >= start]
        middle = sorted(held)[len(held) // 2]
        return max(held) / middle - 1


async def put_load_on(
    url: str,
    questions: Sequence[str],
    *,
    clients: int,
    seconds: float,
    memory: Callable[[], int],
    seed: int = 0,
) -> Load:
    """Let clients ask, one question after the other, until the time is up.

    Every question carries a word of its own, by which its reply is told from others. Half of the
    requests are streams; of those, one in ten is left before its end.

    Args:
        questions: short and long ones; drawn at random.
        memory: the server's resident bytes.
    """
    load = Load()
    started = time.monotonic()
    end = started + seconds
    limits = httpx.Limits(max_connections=clients + 8)
    async with httpx.AsyncClient(base_url=url, timeout=_SECONDS_AN_ANSWER, limits=limits) as http:

        async def client(number: int) -> None:
            draw = random.Random(f"{seed}-{number}")  # noqa: S311 - a sample, not a secret
            count = 0
            while time.monotonic() < end:
                count += 1
                word = f"n{number}x{count}"
                question = f"{draw.choice(questions)} ({word})"
                asked = _streamed if draw.random() < 0.5 else _whole
                exchange, pause = await asked(http, question, word, draw.random())
                load.exchanges.append(exchange)
                await asyncio.sleep(min(pause, _LONGEST_PAUSE) * (0.5 + draw.random()))

        async def watch() -> None:
            while True:
                load.memory.append((time.monotonic() - started, memory()))
                await asyncio.sleep(1)

        watcher = asyncio.create_task(watch())
        await asyncio.gather(*(client(number) for number in range(clients)))
        watcher.cancel()
    return load


async def seconds_until_free(url: str, question: str) -> float:
    """How long after a client left an answer under way the server answers nobody any more.

    The server must be idle.
    """
    body = {"model": "overlay", "messages": [{"role": "user", "content": question}], "stream": True}
    async with httpx.AsyncClient(base_url=url, timeout=_SECONDS_AN_ANSWER) as http:
        async with http.stream("POST", _CHAT, json=body) as stream:
            await anext(stream.aiter_bytes())
        left = time.monotonic()
        while (await http.get("/health")).json()["running"]:
            await asyncio.sleep(0.01)
        return time.monotonic() - left


def _body(question: str, *, stream: bool) -> dict[str, object]:
    messages = [{"role": "user", "content": question}]
    return {"model": "overlay", "messages": messages, "max_tokens": 24, "stream": stream}


async def _whole(
    http: httpx.AsyncClient, question: str, word: str, _chance: float
) -> tuple[Exchange, float]:
    sent = time.monotonic()
    reply = await http.post(_CHAT, json=_body(question, stream=False))
    if reply.status_code != httpx.codes.OK:
        return _refused(reply)
    wrong = _wrong(reply.json()["overlay"], word)
    return Exchange(reply.status_code, False, time.monotonic() - sent, wrong), 0.0


async def _streamed(
    http: httpx.AsyncClient, question: str, word: str, chance: float
) -> tuple[Exchange, float]:
    sent, first, report, ended = time.monotonic(), None, None, False
    async with http.stream("POST", _CHAT, json=_body(question, stream=True)) as stream:
        if stream.status_code != httpx.codes.OK:
            await stream.aread()
            return _refused(stream)
        async for line in stream.aiter_lines():
            if chance < _OF_THOSE_LEAVE:
                return Exchange(stream.status_code, True, None), 0.0
            if not line.startswith("data: "):
                continue
            ended = line == "data: [DONE]"
            if ended:
                break
            chunk = json.loads(line.removeprefix("data: "))
            if "error" in chunk:
                wrong = f"a stream ended with an error: {chunk['error']['code']}"
                return Exchange(stream.status_code, False, first, wrong), 0.0
            if first is None and chunk["choices"][0]["delta"].get("content"):
                first = time.monotonic() - sent
            report = chunk.get("overlay", report)
    wrong = "a stream broke off" if not ended or report is None else _wrong(report, word)
    return Exchange(stream.status_code, False, first, wrong), 0.0


def _refused(reply: httpx.Response) -> tuple[Exchange, float]:
    """A reply that is no answer, and how long its client waits."""
    after = reply.headers.get("retry-after")
    wrong = ""
    if reply.status_code not in _REFUSALS:
        wrong = f"status {reply.status_code}: {reply.text[:200]}"
    elif after is None:
        wrong = f"status {reply.status_code} without Retry-After"
    return Exchange(reply.status_code, False, None, wrong), float(after or 1)


def _wrong(report: dict[str, list[str]], word: str) -> str:
    """Whether a reply is to another question than the one that carried a word."""
    return "" if any(word in query for query in report["searched_for"]) else "mixed up"
