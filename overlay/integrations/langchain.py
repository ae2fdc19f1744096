"""LangChain: leaves out what is over budget of the documents that any retriever found.

:class:`OverlayRetriever` finds them in a server's own collections.

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

from pydantic import ConfigDict, Field, SecretStr, SkipValidation

from overlay.integrations.judges import ServerJudge
from overlay.integrations.passages import Passage, PassageJudge, judged
from overlay.integrations.served import LOCAL, Served
from retriever.collections import DEFAULT_COLLECTION

try:
    from langchain_core.callbacks import CallbackManagerForRetrieverRun, Callbacks
    from langchain_core.documents import Document
    from langchain_core.documents.compressor import BaseDocumentCompressor
    from langchain_core.retrievers import BaseRetriever
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] != "langchain_core":
        raise
    raise ImportError(
        "LangChain is not installed: pip install 'overlay-rag[langchain]'", name=error.name
    ) from error

__all__ = ["OverlayCompressor", "OverlayRetriever"]

_TOLD = ("source", "title")


class OverlayCompressor(BaseDocumentCompressor):
    """Lets in the documents that are within budget, in the order in which to put them in.

    ``metadata["overlay"]`` of each has its volatility, its attention and the reason of the
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


class OverlayRetriever(BaseRetriever):
    """Finds chunks of a running server's documents, and lets in those that are within budget.

    ``metadata`` of each has ``source``, ``where`` (with its place in the document), ``score`` (its
    similarity) and ``overlay``, as :class:`OverlayCompressor` says.

    Attributes:
        base_url: where the server listens.
        api_key: sent as a bearer token.
        collection: of the server's store.
        k: how many chunks to judge, up to 50.
        step, answer: the budget, in place of the server's own.
        timeout: seconds to wait for a reply.
    """

    base_url: str = LOCAL
    api_key: SecretStr | None = None
    collection: str = DEFAULT_COLLECTION
    k: int = Field(default=8, ge=1, le=50)
    step: float | None = None
    answer: float | None = None
    timeout: float = 120.0

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002 - nothing is reported to it
    ) -> list[Document]:
        """The documents to put before the model.

        Raises:
            OverlayError: see :meth:`overlay.integrations.served.Served.post`.
        """
        key = self.api_key.get_secret_value() if self.api_key else None
        server = Served(self.base_url, key, self.timeout)
        path = f"vector_stores/vs_{self.collection}/search"
        try:
            found = [
                Document(
                    "\n".join(part["text"] for part in hit["content"]),
                    metadata={
                        "source": hit["filename"],
                        "where": hit["where"],
                        "score": hit["score"],
                    },
                )
                for hit in server.post(path, {"query": query, "max_num_results": self.k})["data"]
            ]
        except (KeyError, TypeError) as error:
            raise server.stranger(path) from error
        judge = ServerJudge(
            self.base_url, key, step=self.step, answer=self.answer, timeout=self.timeout
        )
        return list(OverlayCompressor(judge=judge).compress_documents(found, query))
