"""Tasks over one model: what they draw together, and what each one sees."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import pytest

from probes.cost import Cost, Meter
from probes.errors import ModelError, NoRoomError
from probes.llamacpp import LlamaCppModel
from probes.llamacpp.batch import Row
from probes.protocol import Sampling
from probes.state import FloatArray
from probes.turns import Turns

TEXTS = ("Once upon a time there was", "The bell", "Seven ships sailed from the harbour and", "A")


def _refuse(draws: Sequence[str]) -> None:
    pytest.fail(f"{draws} drawn")


def _nothing(draws: Sequence[str]) -> None:
    del draws


def run(turns: Turns[str]) -> int:
    steps = 0
    while turns.tasks:
        turns.step()
        steps += 1
    return steps


def test_what_waits_is_drawn_together() -> None:
    seen: list[Sequence[str]] = []
    turns = Turns[str](Meter(), seen.append)
    said: list[str] = []

    def task(name: str, count: int) -> None:
        for number in range(count):
            assert turns.wait(f"{name}{number}")
            said.append(f"{name}{number}")

    for name, count in (("a", 3), ("b", 1), ("c", 2)):
        turns.start(partial(task, name, count))
    run(turns)
    assert [list(one) for one in seen] == [["a0"], ["a1", "b0"], ["a2", "c0"], ["c1"]]
    assert said == ["a0", "a1", "b0", "a2", "c0", "c1"]


def test_outside_of_a_task_nothing_is_drawn() -> None:
    turns = Turns[str](Meter(), _refuse)
    assert not turns.wait("one")
    turns.rest()


def test_one_prompt_at_a_time_the_oldest_first_and_tokens_between() -> None:
    order: list[str] = []
    turns = Turns[str](Meter(), lambda draws: order.append("+".join(draws)))

    def prompt(name: str) -> None:
        for part in range(3):
            order.append(f"{name}{part}")
            turns.rest()

    def answer() -> None:
        for number in range(4):
            turns.wait(f"token{number}")

    turns.start(answer)
    turns.start(partial(prompt, "p"))
    turns.start(partial(prompt, "q"))
    run(turns)
    between = [*("token0", "p0", "token1", "p1", "token2", "p2", "token3"), *("q0", "q1", "q2")]
    assert order == between


def test_each_has_a_counter_and_a_watch_of_its_own() -> None:
    meter = Meter()
    turns = Turns[str](meter, _nothing)
    looked: list[str] = []
    spent: dict[str, Cost] = {}

    def task(name: str, rows: int) -> None:
        before = meter.cost
        meter.watch = lambda: looked.append(name)
        for _ in range(2):
            turns.wait(name)
            meter.decode(rows)
        spent[name] = meter.cost - before

    turns.start(partial(task, "a", 1))
    turns.start(partial(task, "b", 5))
    run(turns)
    assert (spent["a"].decoded, spent["b"].decoded) == (2, 10)
    assert meter.cost.decoded == 12, "who counts all sees all"
    assert sorted(looked) == ["a", "a", "b", "b"]
    assert meter.watch is None


def test_an_error_of_a_draw_is_raised_in_each_task_and_ends_no_other() -> None:
    def draw(draws: Sequence[str]) -> None:
        if "bad" in draws:
            raise ModelError("full")

    turns = Turns[str](Meter(), draw)
    told: list[str] = []

    def task(name: str) -> None:
        for word in (name, "again", "more"):
            try:
                turns.wait(word)
            except ModelError as error:
                told.append(f"{name}, {word}: {error.message}")
        told.append(name)

    turns.start(partial(task, "good"))
    turns.start(partial(task, "bad"))
    run(turns)
    assert told == ["good, again: full", "bad, bad: full", "good", "bad"]


def test_where_there_is_no_room_the_youngest_leaves_and_the_others_go_on() -> None:
    room = 2

    def draw(draws: Sequence[str]) -> None:
        if len(draws) > room:
            raise NoRoomError("full")

    turns = Turns[str](Meter(), draw)
    told: list[str] = []

    def task(name: str) -> None:
        try:
            for _ in range(6):
                turns.wait(name)
        except NoRoomError:
            told.append(f"no room for {name}")
        else:
            told.append(name)

    for name in ("old", "middle", "young"):
        turns.start(partial(task, name))
    run(turns)
    assert told == ["no room for young", "old", "middle"]


def test_a_model_that_draws_alone_runs_a_task_to_its_end() -> None:
    turns = Turns[str](Meter())
    done: list[str] = []
    turns.start(partial(done.append, "one"))
    turns.start(partial(done.append, "two"))
    assert not turns.together
    assert run(turns) == 2
    assert done == ["one", "two"]


def generated(model: LlamaCppModel, text: str, sampling: Sampling) -> list[int]:
    with model.session() as session:
        session.extend(model.tokenize(text))
        return list(session.generate(sampling))


@pytest.mark.parametrize("sampling", [Sampling(12), Sampling(12, temperature=0.9, seed=3)])
def test_several_answers_at_a_time_are_what_each_gives_alone(
    tiny_model: LlamaCppModel, sampling: Sampling
) -> None:
    check_side_by_side(tiny_model, TEXTS, sampling)


@pytest.mark.parametrize("sampling", [Sampling(12), Sampling(12, temperature=0.9, seed=3)])
def test_in_fewer_calls(
    fast_model: LlamaCppModel, monkeypatch: pytest.MonkeyPatch, sampling: Sampling
) -> None:
    calls: list[int] = []
    evaluator = fast_model._evaluator
    own = evaluator._run

    def counted(rows: Sequence[Row], missing: int) -> FloatArray:
        calls.append(len(rows))
        return own(rows, missing)

    monkeypatch.setattr(evaluator, "_run", counted)
    for text in TEXTS:
        generated(fast_model, text, sampling)
    alone = len(calls)
    calls.clear()
    check_side_by_side(fast_model, TEXTS, sampling)
    assert len(calls) < alone * 1.6, "those that were compared with are among them"


def check_side_by_side(model: LlamaCppModel, texts: Sequence[str], sampling: Sampling) -> None:
    alone, costs = [], []
    for text in texts:
        before = model.cost
        alone.append(generated(model, text, sampling))
        costs.append(model.cost - before)
    found: dict[str, tuple[list[int], Cost]] = {}

    def task(text: str) -> None:
        before = model.cost
        tokens = generated(model, text, sampling)
        found[text] = tokens, model.cost - before

    for text in texts:
        work: Callable[[], None] = partial(task, text)
        model.turns.start(work)
    while model.turns.tasks:
        model.turns.step()
    same = [found[text][0] == own for text, own in zip(texts, alone, strict=True)]
    assert np.mean(same) >= 0.75, "but for a rounding"
    for text, own, cost in zip(texts, alone, costs, strict=True):
        if found[text][0] == own:
            assert found[text][1].prefilled == cost.prefilled
            assert found[text][1].decoded == cost.decoded
