"""Kept cells: the same states without evaluating again, within the store's limits."""

from __future__ import annotations

import pickle
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from overlay.errors import InputError, ResourceError
from probes.kv_store import KVStore
from probes.llamacpp import LlamaCppModel
from probes.logit_drift import logit_drift
from probes.protocol import Model
from probes.state import State
from probes.transformers import TransformersModel
from tests.probes.tiny_transformers import CONFIGS, open_tiny, save_tiny

PREFIX = "Context:\n"
CHUNKS = (
    "The lighthouse keeper counts the boats every evening and writes it into a green book.\n",
    "On Fridays she rings the bell twice, once for the boats and once for the book.\n",
)
TAIL = "Question: who counts the boats?\n"
MIB = 2**20


@pytest.fixture(scope="module", params=["llama", "gemma3"])
def tiny(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Model:
    folder = tmp_path_factory.mktemp(request.param)
    return open_tiny(save_tiny(folder, CONFIGS[request.param]))


@pytest.fixture(params=["llama.cpp", "transformers"])
def either(request: pytest.FixtureRequest, model: LlamaCppModel, other: TransformersModel) -> Model:
    return model if request.param == "llama.cpp" else other


def ask(model: Model, kept: KVStore | None, chunks: Sequence[str] = CHUNKS) -> list[State]:
    """The states on a draft under each chunk."""
    prefix = model.session()
    prefix.extend(model.tokenize(PREFIX))
    sessions = prefix.fork(len(chunks))
    texts = [model.tokenize(chunk) for chunk in chunks]
    if kept is None:
        for session, text in zip(sessions, texts, strict=True):
            session.extend(text)
    else:
        kept.extend_many(model, sessions, texts)
    for session in sessions:
        session.extend(model.tokenize(TAIL))
    layers = (0, model.info.layers - 1)
    states = model.read_many([(s, model.tokenize(" The keeper")) for s in sessions], layers)
    for session in (prefix, *sessions):
        session.close()
    return states


def assert_same(model: Model, found: Sequence[State], expected: Sequence[State]) -> None:
    # llama.cpp rounds alike wherever cells lie; transformers' kernels depend on the batch.
    relative = 0.0 if model.info.backend == "llama.cpp" else 0.05
    for one, two in zip(found, expected, strict=True):
        assert logit_drift(one, two) < 1e-7
        span = np.abs(two.hidden).max()
        assert np.allclose(one.hidden, two.hidden, rtol=relative, atol=relative * span)


def check_kept(model: Model) -> None:
    """The same states, and the chunks are evaluated once."""
    expected = ask(model, None)
    with KVStore(64 * MIB) as kept:
        before = model.cost
        cold = ask(model, kept)
        middle = model.cost
        warm = ask(model, kept)
        after = model.cost
    assert_same(model, cold, expected)
    assert_same(model, warm, cold)
    texts = sum(len(model.tokenize(chunk)) for chunk in CHUNKS)
    saved = (middle - before).evaluated - (after - middle).evaluated
    # A session's last token is always evaluated with what is read after it.
    assert saved == texts


def test_kept_cells_give_the_same_states_and_are_not_evaluated_again(either: Model) -> None:
    check_kept(either)


def test_kept_cells_give_the_same_states_on_tiny_models(tiny: Model) -> None:
    check_kept(tiny)


def test_cells_behind_another_prefix_or_of_another_model_are_not_taken(
    tiny: Model, tmp_path_factory: pytest.TempPathFactory
) -> None:
    [text] = [tiny.tokenize(CHUNKS[0])]
    twin = open_tiny(save_tiny(tmp_path_factory.mktemp("twin"), CONFIGS["qwen2"]))
    with KVStore(64 * MIB) as kept:
        for model, prefix in ((tiny, "one"), (tiny, "two"), (twin, "two")):
            with model.session() as session:
                session.extend(model.tokenize(prefix))
                before = model.evaluated
                kept.extend_many(model, [session], [text])
                assert model.evaluated - before == len(prefix) + len(text) - 1


def test_a_prompt_itself_can_be_kept(either: Model) -> None:
    tokens = either.tokenize(CHUNKS[0])
    with KVStore(64 * MIB) as kept:
        states = []
        for fresh in (len(tokens) - 1, 0):
            with either.session() as session:
                before = either.evaluated
                kept.extend_many(either, [session], [tokens])
                assert either.evaluated - before == fresh
                states.append(session.read(tokens[:3]))
    assert logit_drift(*states) < 1e-4


def test_broken_cells_are_evaluated_again(either: Model) -> None:
    expected = ask(either, None)
    with KVStore(64 * MIB) as kept:
        ask(either, kept)
        for key, cells in list(kept._memory.items()):
            kept._memory[key] = cells[: len(cells) // 2]
        assert_same(either, ask(either, kept), expected)


def test_the_least_recently_used_go_first(tiny: Model) -> None:
    texts = [tiny.tokenize(f"chunk number {n}") for n in range(3)]

    def fresh(kept: KVStore, n: int) -> int:
        with tiny.session() as session:
            session.extend([1])
            before = tiny.evaluated
            kept.extend_many(tiny, [session], [texts[n]])
            return tiny.evaluated - before

    with KVStore(MIB) as measure:
        fresh(measure, 0)
        size = measure.held
    limit = 2 * size + size // 2
    with KVStore(limit) as kept:
        assert [fresh(kept, n) > 0 for n in (0, 1, 0, 2, 0, 1)] == [1, 1, 0, 1, 0, 1]
        assert kept.held <= limit


def test_cells_on_disk_outlive_the_process_and_keep_to_their_limit(
    tiny: Model, tmp_path: Path
) -> None:
    limit = MIB
    with KVStore(0, tmp_path / "kv", limit) as kept:
        before = tiny.evaluated
        ask(tiny, kept)
        cold = tiny.evaluated - before
        assert kept.held == 0
    with KVStore(MIB, tmp_path / "kv", limit) as kept:
        before = tiny.evaluated
        ask(tiny, kept)
        assert tiny.evaluated - before < cold
        for n in range(200):
            ask(tiny, kept, [f"chunk number {n}: {CHUNKS[n % 2]}"])
        assert kept.on_disk <= 1.1 * limit


def test_a_pickle_in_the_folder_is_not_loaded(tiny: Model, tmp_path: Path) -> None:
    folder = tmp_path / "kv"
    with KVStore(0, folder, MIB) as kept:
        ask(tiny, kept)
    with sqlite3.connect(folder / "cache.db") as database:
        database.execute(
            "UPDATE Cache SET mode = 4, filename = NULL, value = ?", (pickle.dumps("evil"),)
        )
    with KVStore(0, folder, MIB) as kept:
        assert_same(tiny, ask(tiny, kept), ask(tiny, None))


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ResourceError, match=r"file.*") as caught:
        KVStore(0, tmp_path / "file" / "kv", MIB)
    assert "kv_disk" in caught.value.hint


@pytest.mark.parametrize(("start", "stop"), [(2, 2), (3, 9), (-1, 2)])
def test_a_span_that_cannot_be_saved_is_refused(either: Model, start: int, stop: int) -> None:
    with either.session() as session:
        session.extend(either.tokenize("one two three four")[:4])
        with pytest.raises(InputError, match="session has 4 tokens"):
            session.save(start, stop)
