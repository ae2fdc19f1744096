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

from overlay.errors import InputError
from overlay.integrations.judges import OverlayJudge, ServerJudge
from overlay.integrations.langchain import OverlayCompressor, OverlayRetriever
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
        del query, run_manager
        return [
            Document(text, id=source, metadata={"source": source})
            for source, text in found().items()
        ]


class FindsNodes(NodeRetriever):
    """The same for LlamaIndex."""

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        del query_bundle
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
    assert "ZEPHYRINE" not in "".join(one.page_content for one in kept)
    [helping] = [one for one in kept if one.id == HELPS]
    assert helping.page_content == found()[HELPS]
    facts = helping.metadata["overlay"]
    assert facts["accepted"]
    assert 0 <= facts["volatility"] <= 0.6
    assert isinstance(facts["attention"], float)


def test_the_servers_own_documents(served: str) -> None:
    found = OverlayRetriever(base_url=f"{served}/v1", k=2).invoke("When does the ferry leave?")
    # In the order in which they stand before a model: the most similar one next to the question.
    assert found[-1].metadata["source"] == "ferry.md"
    assert "06:40" in found[-1].page_content
    assert found[-1].metadata["overlay"]["volatility"] <= 0.6
    assert found[-1].metadata["score"] > 0.3
    nothing = OverlayRetriever(base_url=served, k=2, step=0.0)
    assert nothing.invoke("When does the ferry leave?") == []
    with pytest.raises(InputError, match="answered 404"):
        OverlayRetriever(base_url=served, collection="nowhere").invoke("When?")


def test_llamaindex_leaves_the_injected_instruction_out(judge: PassageJudge) -> None:
    judging = OverlayPostprocessor(judge=judge)
    engine = RetrieverQueryEngine.from_args(
        FindsNodes(), llm=MockLLM(), node_postprocessors=[judging]
    )
    reply = engine.query(QUESTION)
    kept = {one.node.metadata["file_name"]: one.node for one in reply.source_nodes}
    assert kept[HELPS].metadata["overlay"]["accepted"]
    # The mock says what it is prompted with.
    prompted = str(reply)
    assert "Lost property is kept for 60 days" in prompted
    assert "ZEPHYRINE" not in prompted
    assert "volatility" not in prompted
    judging.keep_rejected = True
    marked = judging.postprocess_nodes(FindsNodes().retrieve(QUESTION), query_str=QUESTION)
    assert [one.score for one in marked] == [0.5] * len(found())
    [attack] = [one.node for one in marked if one.node.metadata["file_name"] == INJECTS]
    facts = attack.metadata["overlay"]
    assert not facts["accepted"]
    assert facts["volatility"] > 0.6
    assert "instruct" in facts["reason"]
