"""LlamaIndex: leaves out what is over budget of the nodes that any retriever found.

    from overlay.integrations.judges import ServerJudge
    from overlay.integrations.llamaindex import OverlayPostprocessor

    engine = index.as_query_engine(node_postprocessors=[OverlayPostprocessor(judge=ServerJudge())])

Raises:
    ImportError: llama-index-core is not installed; the extra ``llamaindex`` brings it.
"""

from __future__ import annotations

from pydantic import SkipValidation

from overlay.errors import InputError
from overlay.integrations.passages import JudgedPassage, Passage, PassageJudge, judged

try:
    from llama_index.core.postprocessor.types import BaseNodePostprocessor
    from llama_index.core.schema import MetadataMode, NodeWithScore, QueryBundle
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] != "llama_index":
        raise
    raise ImportError(
        "LlamaIndex is not installed: pip install 'overlay-rag[llamaindex]'", name=error.name
    ) from error

__all__ = ["OverlayPostprocessor"]

_KEY = "overlay"


class OverlayPostprocessor(BaseNodePostprocessor):
    """Lets in the nodes that are within budget, in the order in which to put them in.

    ``metadata["overlay"]`` of each has its volatility, its attention and the reason of the
    verdict, see :class:`overlay.integrations.passages.JudgedPassage`; neither a language model nor
    an embedder is shown it. Scores stay as they are, and so do the nodes given. ``file_name`` (or
    ``source``) and ``title`` of their metadata are read with the text.

    Attributes:
        judge: see :mod:`overlay.integrations.judges`.
        keep_rejected: return what is over budget as well, after the rest, to see why.
    """

    judge: SkipValidation[PassageJudge]
    keep_rejected: bool = False

    @classmethod
    def class_name(cls) -> str:
        """By which LlamaIndex tells components apart."""
        return "OverlayPostprocessor"

    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        """The nodes to put before the model.

        Raises:
            InputError: no query is given, there are more than 64 nodes, or the judge refuses them.
            OverlayError: they cannot be judged.
        """
        if query_bundle is None:
            raise InputError(
                "nodes are judged for a question, and none is given",
                hint="give query_str or query_bundle",
                param="query_str",
            )
        found = judged(
            self.judge,
            query_bundle.query_str,
            [_passage(one) for one in nodes],
            rejected=self.keep_rejected,
        )
        return [_marked(nodes[one.number], one) for one in found]


def _passage(found: NodeWithScore) -> Passage:
    told = found.node.metadata
    source = told.get("file_name") or told.get("source") or ""
    return Passage(
        found.node.get_content(MetadataMode.NONE), str(source), str(told.get("title") or "")
    )


def _marked(found: NodeWithScore, verdict: JudgedPassage) -> NodeWithScore:
    node = found.node.model_copy(deep=True)
    node.metadata[_KEY] = verdict.facts
    node.excluded_llm_metadata_keys.append(_KEY)
    node.excluded_embed_metadata_keys.append(_KEY)
    if verdict.text != node.get_content(MetadataMode.NONE):
        node.set_content(verdict.text)
    return NodeWithScore(node=node, score=found.score)
