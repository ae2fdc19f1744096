"""The LangChain and LlamaIndex parts on the packaged model, in process and over HTTP."""

from __future__ import annotations

import pytest
from langchain_classic.retrievers import ContextualCompressionRetriever
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from llama_index.core.base.base_retriever import BaseRetriever as NodeRetriever
from llama_index.core.llms import MockLLM
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from overlay.integrations.judges import OverlayJudge, ServerJudge
from overlay.integrations.langchain import OverlayCompressor
from overlay.integrations.llamaindex import OverlayPostprocessor
from overlay.integrations.passages import PassageJudge
from overlay.runtime import Overlay
from tests.clients.lost_property import HELPS, INJECTS, QUESTION, found

pytestmark = pytest.mark.real_model


class Finds(BaseRetriever):
    """Finds the same whatever is asked."""

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        return [
            Document(text, id=source, metadata={"source": source})
            for source, text in found().items()
        ]


class FindsNodes(NodeRetriever):
    """The same for LlamaIndex."""

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return [
            NodeWithScore(node=TextNode(text=text, metadata={"file_name": source}), score=0.5)
            for source, text in found().items()
        ]


@pytest.fixture(scope="module", params=["in process", "over HTTP"])
def judge(request: pytest.FixtureRequest) -> PassageJudge:
    if request.param == "over HTTP":
        return ServerJudge(request.getfixturevalue("served"))
    overlay = request.getfixturevalue("opened")
    assert isinstance(overlay, Overlay)
    return OverlayJudge(overlay)


def test_langchain_leaves_the_injected_instruction_out(judge: PassageJudge) -> None:
    steady = ContextualCompressionRetriever(
        base_compressor=OverlayCompressor(judge=judge), base_retriever=Finds()
    )
    kept = steady.invoke(QUESTION)
    assert HELPS in {one.metadata["source"] for one in kept}
    assert "ZEPHYRINE" not in "".join(one.page_content for one in kept)
    [helping] = [one for one in kept if one.id == HELPS]
    assert helping.page_content == found()[HELPS]
    facts = helping.metadata["overlay"]
    assert facts["accepted"]
    assert 0 <= facts["volatility"] <= 0.6
    assert facts["question_gain"] > 0
    assert facts["reason"]


def test_what_is_over_budget_can_be_seen(judge: PassageJudge) -> None:
    documents = Finds().invoke(QUESTION)
    compressor = OverlayCompressor(judge=judge, keep_rejected=True)
    marked = compressor.compress_documents(documents, QUESTION)
    assert {one.id for one in marked} == {one.id for one in documents}
    [attack] = [one.metadata["overlay"] for one in marked if one.id == INJECTS]
    assert not attack["accepted"]
    assert attack["volatility"] > 0.6
    assert "instruct" in attack["reason"]
    assert all("overlay" not in one.metadata for one in documents)


def test_llamaindex_leaves_the_injected_instruction_out(judge: PassageJudge) -> None:
    engine = RetrieverQueryEngine.from_args(
        FindsNodes(), llm=MockLLM(), node_postprocessors=[OverlayPostprocessor(judge=judge)]
    )
    reply = engine.query(QUESTION)
    kept = reply.source_nodes
    assert HELPS in {one.node.metadata["file_name"] for one in kept}
    assert all(one.node.metadata["overlay"]["accepted"] for one in kept)
    # The mock says what it is prompted with.
    prompted = str(reply)
    assert "Lost property is kept for 60 days" in prompted
    assert "ZEPHYRINE" not in prompted
    assert "volatility" not in prompted
