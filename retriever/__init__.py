"""Documents to chunks, chunks to a Chroma store, questions to ranked chunks."""

from retriever.chunking import DEFAULT_LIMIT, Chunk, Chunker
from retriever.collections import collection_folder, collections
from retriever.documents import Document, parse_document, read_folder
from retriever.embedded_text import embedded_text
from retriever.embedder import PACKAGED, Embedder, SentenceTransformerEmbedder
from retriever.errors import DocumentError, EmbedderError, EmbedderMismatchError, StoreError
from retriever.files import Skip, Skipped
from retriever.ingest import ingest, ingest_documents
from retriever.naming import below
from retriever.parsing import Limits
from retriever.search import Mode, Retriever, Searcher
from retriever.several import search_several
from retriever.store import ChunkStore, RankedChunk, StoredDocument, StoreWriter
from retriever.synchronise import IngestOptions, IngestReport, Progress

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
    "IngestOptions",
    "IngestReport",
    "Limits",
    "Mode",
    "Progress",
    "RankedChunk",
    "Retriever",
    "Searcher",
    "SentenceTransformerEmbedder",
    "Skip",
    "Skipped",
    "StoreError",
    "StoreWriter",
    "StoredDocument",
    "below",
    "collection_folder",
    "collections",
    "embedded_text",
    "ingest",
    "ingest_documents",
    "parse_document",
    "read_folder",
    "search_several",
]
