"""What becomes of LangChain's documents and LlamaIndex's nodes under a judge."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import pytest
from langchain_core.documents import Document
from llama_index.core.schema import MetadataMode, NodeWithScore, TextNode

from overlay.errors import InputError
from overlay.integrations.judges import OverlayJudge
from overlay.integrations.langchain import OverlayCompressor
from overlay.integrations.llamaindex import OverlayPostprocessor
from overlay.integrations.passages import JudgedPassage, Passage
from overlay.judged import Judged
from overlay.options import AskOptions
from overlay.runtime import Overlay
from probes.cost import Cost
from retriever import Chunk
from selector.budget import Budget


class Halves:
    """Lets in the first half of each passage, the last passage first."""

    def __init__(self) -> None:
        self.asked: list[Passage] = []

    def judge(self, _question: str, passages: Sequence[Passage], /) -> list[JudgedPassage]:
        self.asked.extend(passages)
        return [
            JudgedPassage(number, one.text[: len(one.text) // 2], True, "half", 0.25, 0.25, 1.5)
            for number, one in reversed(list(enumerate(passages)))
        ]


FACTS = {
    "accepted": True,
    "reason": "half",
    "volatility": 0.25,
    "spent": 0.25,
    "attention": 1.5,
}


def test_documents_hold_what_was_let_in_of_them() -> None:
    judge = Halves()
    documents = [
        Document("onetwo", id="a", metadata={"source": "a.md", "title": "A", "page": 3}),
        Document("fourfive", metadata={"source": None}),
    ]
    compressor = OverlayCompressor(judge=judge)
    second, first = asyncio.run(compressor.acompress_documents(documents, "why?"))
    assert judge.asked == [Passage("onetwo", "a.md", "A"), Passage("fourfive")]
    assert (first.id, first.page_content, second.page_content) == ("a", "one", "four")
    assert first.metadata == {"source": "a.md", "title": "A", "page": 3, "overlay": FACTS}
    assert documents[0].page_content == "onetwo"
    assert "overlay" not in documents[0].metadata


def test_nodes_hold_what_was_let_in_of_them() -> None:
    judge = Halves()
    node = TextNode(text="onetwo", metadata={"file_name": "a.md", "page": 3})
    [found] = OverlayPostprocessor(judge=judge).postprocess_nodes(
        [NodeWithScore(node=node, score=0.5)], query_str="why?"
    )
    assert judge.asked == [Passage("onetwo", "a.md")]
    assert (found.node.node_id, found.score) == (node.node_id, 0.5)
    assert found.node.metadata == {"file_name": "a.md", "page": 3, "overlay": FACTS}
    for mode in (MetadataMode.LLM, MetadataMode.EMBED):
        assert found.node.get_content(mode) == "file_name: a.md\npage: 3\n\none"
    assert node.text == "onetwo"
    assert "overlay" not in node.metadata


def test_nodes_are_judged_for_a_question() -> None:
    nodes = [NodeWithScore(node=TextNode(text="one"))]
    with pytest.raises(InputError, match="none is given") as caught:
        OverlayPostprocessor(judge=Halves()).postprocess_nodes(nodes)
    assert caught.value.param == "query_str"


class Counts:
    """Stands for an overlay, and counts how many threads are in it at once."""

    def __init__(self) -> None:
        self.inside = 0
        self.most = 0
        self._lock = threading.Lock()

    def judge(self, _question: str, _passages: Sequence[Chunk], _options: AskOptions) -> Judged:
        with self._lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        time.sleep(0.02)
        with self._lock:
            self.inside -= 1
        return Judged((), Budget(0.5, 2), Cost())


def test_threads_that_ask_one_overlay_wait_for_one_another() -> None:
    counts = Counts()
    judge = OverlayJudge(cast(Overlay, counts))
    with ThreadPoolExecutor(4) as threads:
        for asked in [threads.submit(judge.judge, "why?", [Passage("one")]) for _ in range(4)]:
            assert asked.result() == []
    assert counts.most == 1
