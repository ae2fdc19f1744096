"""Chunks in the prompt before any draft: sessions, question gains, state deltas."""

from __future__ import annotations

import numpy as np
import pytest

from probes.llamacpp import LlamaCppModel
from probes.prompted import prompt_chunks
from probes.protocol import Model
from tests.probes.tiny_transformers import CONFIGS, open_tiny, save_tiny

CHUNKS = ("The keeper counts the boats.", "Soup is served from noon until the bread is gone.")
TAIL = " Who counts the boats at the quay?"
LAYER = 1


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return open_tiny(save_tiny(tmp_path_factory.mktemp("llama"), CONFIGS["llama"]))


def check(model: Model, error: float, *, lead: int = 0) -> None:
    head, tail = model.tokenize("Read this."), model.tokenize(TAIL)
    chunks = [model.tokenize(chunk) for chunk in CHUNKS]
    logs, states = [], []
    for chunk in ([], *chunks):
        with model.session() as session:
            session.extend([*head, *chunk])
            read = session.read(tail)
            logs.append(read.log_probs[np.arange(len(tail)), tail])
            session.extend(tail)
            states.append(session.read(tail[:2], [LAYER]).hidden[0, 0])
    with model.session() as prefix:
        prefix.extend(head)
        before = model.cost
        with prompt_chunks(model, prefix, chunks, tail, lead=lead) as prompted:
            deltas = prompted.state_deltas(model, LAYER)
            spent = model.cost - before
            # The last token of each session is evaluated for its state; nothing comes twice.
            tails = (len(chunks) + 1) * len(tail)
            assert (
                spent.evaluated == len(head) - 1 + sum(map(len, chunks)) + tails + len(chunks) + 1
            )
            for j, chunk in enumerate(chunks):
                assert list(prompted.sessions[j].tokens) == [*head, *chunk, *tail]
                gain = float(np.mean((logs[j + 1] - logs[0])[lead:]))
                assert prompted.question_gains[j] == pytest.approx(gain, abs=error)
                own = states[j + 1] - states[0]
                assert np.abs(deltas[j] - own).max() <= error * np.abs(own).max()


def test_llama_cpp(model: LlamaCppModel) -> None:
    free = model.cells.free
    check(model, 0.1)
    check(model, 0.1, lead=3)
    assert model.cells.free == free


def test_a_tiny_model(tiny: Model) -> None:
    check(tiny, 1e-3)
    check(tiny, 1e-3, lead=3)


def test_no_chunk_is_read_by_what_stands_beside_it_to_the_last_bit(model: LlamaCppModel) -> None:
    head, tail = model.tokenize("Read this."), model.tokenize(TAIL)
    sentences = (*CHUNKS, "The quay was built of slate.", "A bell rings when the ferry comes.")
    # As long as chunks are, and unlike, so that another order puts them elsewhere in the cache.
    texts = [" ".join([sentence] * (9 + place)) for place, sentence in enumerate(sentences)]
    found: list[dict[int, object]] = []
    for places in ((0, 1, 2, 3), (2, 0, 3, 1), (1, 3), (2,)):
        chunks = [model.tokenize(texts[place]) for place in places]
        with model.session() as prefix:
            prefix.extend(head)
            with prompt_chunks(model, prefix, chunks, tail) as prompted:
                deltas = prompted.state_deltas(model, LAYER)
                read = zip(places, prompted.question_gains, deltas.tolist(), strict=True)
                found.append({place: (gain, delta) for place, gain, delta in read})
    for other in found[1:]:
        assert other == {place: found[0][place] for place in other}
