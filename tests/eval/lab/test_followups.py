"""Ways to search for follow-ups compared, and the command's model calls."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from eval.lab.condensing import Condensed, Condenser
from eval.lab.followups import WAYS, Result, followup_table, measure
from eval.tasks.followups import changed_topics, sample_followups
from eval.tasks.sample import DOCUMENTS
from probes.llamacpp import LlamaCppModel
from retriever import Chunker, ChunkStore, Retriever, ingest
from tests.retriever.hashing import HashEmbedder


@pytest.fixture(scope="module")
def retriever(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Retriever]:
    embedder = HashEmbedder()
    with ChunkStore(tmp_path_factory.mktemp("store"), embedder) as store:
        ingest(Path(DOCUMENTS), store, embedder, Chunker(embedder.count_tokens))
        yield Retriever(store, embedder)


def test_every_way_is_measured(retriever: Retriever) -> None:
    asked = sample_followups()[:2]
    results = {name: measure(retriever, asked, way) for name, way in WAYS.items()}
    assert results["full wording"].searched == tuple((one.question,) for one in asked)
    assert results["last question"].searched[0] == ("And Larkhaugh?",)
    assert results["all"].searched[0] == ("On which day does Fennick Hut open? And Larkhaugh?",)
    assert results["last two; all and reply"].searched[0] == (
        "On which day does Fennick Hut open? And Larkhaugh?",
        "On which day does Fennick Hut open? Fennick Hut opens on 4 May. And Larkhaugh?",
    )
    assert all(len(result.found) == 2 for result in results.values())


def test_the_table_says_how_much_of_the_ceiling_each_way_reaches() -> None:
    queries = (("q",),) * 2
    results = {
        "last question": Result(queries, (False, False)),
        "full wording": Result(queries, (True, True)),
        "by some model": Result(queries, (True, False), (Condensed("q", 40, 1.0),) * 2),
    }
    changed = {"last question": Result(queries, (True, True))}
    base, full, model = followup_table(results, changed, seed=0).rows
    assert base == ("last question", "0.000", "", "0.00", "1.000", "0", "0")
    assert (full[1], full[3]) == ("1.000", "1.00")
    assert (model[1], *model[3:]) == ("0.500", "0.50", "", "40", "1.0")


def test_a_changed_topic_stands_behind_other_documents() -> None:
    changed = changed_topics()
    assert len(changed) == 52
    for one in changed:
        assert one.messages[-1].content == one.question
        roles = [turn.role for turn in one.messages]
        assert roles == ["user", "assistant"] * (len(roles) // 2) + ["user"]


def test_a_model_words_a_question_anew_the_same_way_twice(model: LlamaCppModel) -> None:
    free = model.cells.free
    chat = sample_followups()[0].chat
    with Condenser(model) as condenser:
        once, again = condenser.condense(chat), condenser.condense(chat)
    assert once.text == again.text
    assert "\n" not in once.text
    assert 0 < once.evaluated == again.evaluated < 200
    assert model.cells.free == free
