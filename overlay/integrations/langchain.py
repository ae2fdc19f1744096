"""LangChain: leaves out what is over budget of the documents that any retriever found.

    from langchain_classic.retrievers import ContextualCompressionRetriever
    from overlay.integrations.judges import ServerJudge
    from overlay.integrations.langchain import OverlayCompressor

    steady = ContextualCompressionRetriever(
        base_compressor=OverlayCompressor(judge=ServerJudge()), base_retriever=retriever
    )

Raises:
    ImportError: langchain-core is not installed; the extra ``langchain`` brings it.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import ConfigDict, SkipValidation

from overlay.integrations.passages import Passage, PassageJudge, judged

try:
    from langchain_core.callbacks import Callbacks
    from langchain_core.documents import Document
    from langchain_core.documents.compressor import BaseDocumentCompressor
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] != "langchain_core":
        raise
    raise ImportError(
        "LangChain is not installed: pip install 'overlay-rag[langchain]'", name=error.name
    ) from error

__all__ = ["OverlayCompressor"]


class OverlayCompressor(BaseDocumentCompressor):
    """Lets in the documents that are within budget, in the order in which to put them in.

    ``metadata["overlay"]`` of each has its volatility, its question gain and the reason of the
    verdict, see :class:`overlay.integrations.passages.JudgedPassage`. The documents given stay as
    they are. ``source`` and ``title`` of their metadata are read with the text.

    Attributes:
        judge: see :mod:`overlay.integrations.judges`.
        keep_rejected: return what is over budget as well, after the rest, to see why.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    judge: SkipValidation[PassageJudge]
    keep_rejected: bool = False

    def compress_documents(
        self,
        documents: Sequence[Document],
        query: str,
        callbacks: Callbacks | None = None,  # noqa: ARG002 - nothing here reports to them
    ) -> Sequence[Document]:
        """The documents to put before the model.

        Raises:
            InputError: there are more than 64, or the judge refuses them.
            OverlayError: they cannot be judged.
        """
        passages = [
            Passage(one.page_content, *(str(one.metadata.get(key) or "") for key in _TOLD))
            for one in documents
        ]
        return [
            documents[one.number].model_copy(
                update={
                    "page_content": one.text,
                    "metadata": {**documents[one.number].metadata, "overlay": one.facts},
                }
            )
            for one in judged(self.judge, query, passages, rejected=self.keep_rejected)
        ]


_TOLD = ("source", "title")
