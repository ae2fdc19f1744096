"""Documents to chunks, chunks to a Chroma store, questions to ranked chunks."""

from retriever.chunking import DEFAULT_LIMIT, Chunk, Chunker
from retriever.documents import Document, parse_document, read_folder
from retriever.embedded_text import embedded_text
from retriever.embedder import PACKAGED, Embedder, SentenceTransformerEmbedder
from retriever.errors import DocumentError, EmbedderError, EmbedderMismatchError, StoreError
from retriever.ingest import IngestReport, Progress, ingest, ingest_documents
from retriever.search import Mode, Retriever, Searcher
from retriever.store import ChunkStore, RankedChunk, StoredDocument, StoreWriter

__all__ = [
    "DEFAULT_LIMIT",
    "PACKAGED",
    "Chunk",
    "ChunkStore",
    "Chunker",
    "Document",
    "DocumentError",
    "Embedder",
    "EmbedderError",
    "EmbedderMismatchError",
    "IngestReport",
    "Mode",
    "Progress",
    "RankedChunk",
    "Retriever",
    "Searcher",
    "SentenceTransformerEmbedder",
    "StoreError",
    "StoreWriter",
    "StoredDocument",
    "embedded_text",
    "ingest",
    "ingest_documents",
    "parse_document",
    "read_folder",
]
