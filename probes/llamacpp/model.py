"""The llama.cpp implementation of :class:`probes.protocol.Model`."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import llama_cpp
import numpy as np
from scipy.special import log_softmax, logsumexp

from probes.base_model import BaseModel
from probes.batching import Request, draft_side_by_side, grouped
from probes.checks import check_layers, check_own
from probes.errors import UnavailableError
from probes.gguf import file_sha256, gguf_sha256
from probes.llamacpp.batch import Row
from probes.llamacpp.cells import Cells
from probes.llamacpp.evaluator import BATCH_TOKENS, MICRO_BATCH_TOKENS, Evaluation, Evaluator
from probes.llamacpp.generation import Generation
from probes.llamacpp.library import load_context, load_model
from probes.llamacpp.looking import Looking
from probes.llamacpp.marks import Marks
from probes.llamacpp.padding import Calls, Padding, balance
from probes.llamacpp.session import LlamaCppSession
from probes.llamacpp.tap import LayerTap
from probes.llamacpp.vocabulary import Vocabulary
from probes.protocol import Capabilities, ModelInfo, Sampling, Session
from probes.state import FloatArray

__all__ = ["LlamaCppModel"]

_SHARD_OF = re.compile(r"-\d{5}-of-\d{5}$")
_SHARED_ROWS = 128
_LOGITS_BYTES = 64 * 2**20
# Rows that are evaluated to find out what a model shows; as many as need no padding.
_TRIED = 8

_Result = TypeVar("_Result")


class LlamaCppModel(BaseModel[LlamaCppSession, Evaluation]):
    """A GGUF model under llama.cpp. See :class:`probes.protocol.Model`.

    Attributes:
        cells: its cache.

    Args:
        path: the GGUF file; of a model in several files, any of them.
        context_size: tokens that one prompt and its answer may take; at most what the model was
            trained on. The cache holds twice as many, so that chunks can be probed side by side.
        threads: CPU threads; 0 for all cores.
        gpu_layers: layers to put on the GPU, where llama.cpp was built with one; -1 for all.
        name: what to call the model; the file's stem by default.
        chat_template: in Jinja's language, in place of the file's own; the plain one where neither
            is there.
        exact: on a CPU, round a text the same way to the last bit, whatever is evaluated beside it;
            otherwise it goes faster.
        copy: loaded in the file's place, see :func:`probes.llamacpp.requantized.faster_copy`; the
            model goes by the name and the hash of ``path`` all the same.

    Raises:
        ModelError: the model cannot be loaded.
    """

    _vocabulary: Vocabulary

    def __init__(
        self,
        path: Path,
        *,
        context_size: int = 4096,
        threads: int = 0,
        gpu_layers: int = 0,
        name: str | None = None,
        chat_template: str | None = None,
        exact: bool = True,
        copy: Path | None = None,
    ) -> None:
        self._path = path
        self._copy = copy
        self._name = name or _SHARD_OF.sub("", path.stem)
        self._model = load_model(copy or path, gpu_layers=gpu_layers)
        offloads = bool(gpu_layers) and llama_cpp.llama_supports_gpu_offload()
        self._device = "gpu" if offloads else "cpu"
        vocabulary = Vocabulary(self._model, chat_template)
        self._layers: int = llama_cpp.llama_model_n_layer(self._model)
        self._width: int = llama_cpp.llama_model_n_embd(self._model)
        longest = min(context_size, llama_cpp.llama_model_n_ctx_train(self._model))
        self._cache_size = 2 * longest
        padding = Padding.EXACT if exact else Padding.TILES
        if offloads:
            padding = Padding.NONE
        weights = llama_cpp.llama_model_n_params(self._model)
        calls = Calls(
            MICRO_BATCH_TOKENS if padding is Padding.EXACT else BATCH_TOKENS,
            padding,
            balance(weights, self._layers, self._width),
        )
        self._micro_batch_tokens = calls.rows
        tap = LayerTap(self._width)
        self._context = load_context(
            self._model,
            tap,
            cache_tokens=self._cache_size,
            batch_tokens=BATCH_TOKENS,
            micro_batch_tokens=self._micro_batch_tokens,
            threads=threads or os.cpu_count() or 1,
        )
        self.cells = Cells(self._context)
        self._evaluator = Evaluator(
            self._context,
            tap,
            self.cells,
            calls,
            width=self._width,
            vocabulary=vocabulary.size,
        )
        super().__init__(vocabulary, self._evaluator.meter, longest, self._evaluator.turns)
        self._read_rows = max(32, min(BATCH_TOKENS, _LOGITS_BYTES // (4 * vocabulary.size)))
        self._closed = False
        self.silence()

    @cached_property
    def info(self) -> ModelInfo:
        """See :attr:`probes.protocol.Model.info`."""
        return ModelInfo(
            name=self._name,
            path=str(self._path),
            sha256=gguf_sha256(self._path),
            backend="llama.cpp",
            device=self._device,
            layers=self._layers,
            width=self._width,
            vocabulary=self._vocabulary.size,
            context_size=self._context_size,
            cache_size=self._cache_size,
        )

    @cached_property
    def capabilities(self) -> Capabilities:
        """See :attr:`probes.protocol.Model.capabilities`.

        What can be read is tried out: not every architecture's graph shows all.
        """
        readable, why = self._shown
        return Capabilities(layer_states=readable, gradients=False, batch=True, attention=not why)

    @cached_property
    def fingerprint(self) -> str:
        """See :attr:`probes.protocol.Model.fingerprint`."""
        weights = file_sha256(self._copy) if self._copy else self.info.sha256
        return f"llama.cpp {llama_cpp.__version__} by {self._micro_batch_tokens} {weights}"

    @cached_property
    def _shown(self) -> tuple[bool, str]:
        """Whether layers can be read, and why attention cannot; empty where it can."""
        looking = Looking(Marks([(0, 1)], 0), layers=self._layers, rows=[_TRIED], check=True)
        with self.session() as session:
            rows = [
                Row(self._vocabulary.size * place // _TRIED, place, session.sequence, logits=True)
                for place in range(_TRIED)
            ]
            try:
                readable = self._evaluator.shows(rows, self._layers, looking)
            finally:
                self.cells.drop(session.sequence, 0)
        return readable, looking.why_not()

    @property
    def _no_attention(self) -> str:
        _, why = self._shown
        return f"llama.cpp does not show where {self._name} looks: {why}" if why else ""

    def session(self) -> LlamaCppSession:
        """See :meth:`probes.protocol.Model.session`.

        Raises:
            ModelError: all sequences are in use.
        """
        return LlamaCppSession(self, self.cells.take())

    def close(self) -> None:
        """See :meth:`probes.protocol.Model.close`."""
        if not self._closed:
            self._closed = True
            self._evaluator.close()
            llama_cpp.llama_free(self._context)
            llama_cpp.llama_model_free(self._model)

    def copy(self, session: LlamaCppSession, without: tuple[int, int] = (0, 0)) -> LlamaCppSession:
        """A session with the same tokens and the same cache cells, but for a span of them."""
        twin = self.session()
        start, stop = without
        for first, last in ((0, start), (stop, session.cached)):
            self.cells.copy(session.sequence, twin.sequence, first, last)
        twin.tokens = list(session.tokens)
        twin.cached = session.cached
        self._close_hole(twin)
        return twin

    def restore(self, session: LlamaCppSession, span: tuple[int, int], cells: bytes) -> bool:
        """Put cells that were saved of the positions of ``span`` at the session's next positions.

        Keys are turned where those are others; whether that can be done is the caller's to ask.

        Returns:
            Whether there was room for them, and they are what was saved.
        """
        if not self.cells.restore(session.sequence, session.cached, span, cells):
            return False
        session.cached += span[1] - span[0]
        return True

    def graft(self, session: Session, donor: Session, start: int, stop: int) -> bool:
        """See :meth:`probes.blending.Grafting.graft`.

        Returns:
            Whether keys can be turned to other positions, and there was room for the copy.
        """
        if not self.cells.can_shift or not self.cells.free:
            return False
        own, other = check_own([session, donor], LlamaCppSession)
        return self.restore(own, (start, stop), self.cells.save(other.sequence, start, stop))

    def trim(self, session: LlamaCppSession, cached: int) -> None:
        """Keep at most the first ``cached`` tokens of the session's cache."""
        if session.cached > cached:
            self.cells.forget(session.sequence, cached)
            session.cached = cached
            self._close_hole(session)

    def release(self, session: LlamaCppSession) -> None:
        """Take the sequence of a closed session back."""
        if not self._closed:
            self.cells.give_back(session.sequence)

    def _own(self, sessions: Sequence[Session]) -> list[LlamaCppSession]:
        return check_own(sessions, LlamaCppSession)

    def _check_layers(self, layers: Sequence[int]) -> None:
        check_layers(layers, self._layers)
        if layers and not self.capabilities.layer_states:
            raise UnavailableError(f"llama.cpp does not name the layers of {self._name}")

    def _flush(self, sessions: Sequence[LlamaCppSession]) -> None:
        rows = [
            Row(token, session.cached + offset, session.sequence, logits=False)
            for session in sessions
            for offset, token in enumerate(session.pending[:-1])
        ]
        # A micro-batch a call: no slower, and whoever watches can end it between two. Fewer rows
        # where others wait for a token.
        shared = self.turns.tasks > 1
        step = min(self._micro_batch_tokens, _SHARED_ROWS) if shared else self._micro_batch_tokens
        for start in range(0, len(rows), step):
            self._evaluator.evaluate(rows[start : start + step])
            self.turns.rest()
        for session in sessions:
            session.cached = len(session.tokens) - 1

    def _read_windows(
        self,
        requests: Sequence[Request],
        layers: Sequence[int],
        reduce: Callable[[Sequence[int], Evaluation], _Result],
        *,
        stay: bool = False,
    ) -> list[_Result]:
        """See :meth:`BaseModel._read_windows`.

        Each window is evaluated on a fork of its session. ``reduce`` must copy what it keeps of the
        logits.
        """
        results: list[_Result] = []
        for group in grouped(requests, rows=self._read_rows, sessions=self.cells.free):
            owners = self._own([session for session, _ in group])
            forks = owners if stay else [self.copy(owner) for owner in owners]
            try:
                rows = [
                    Row(token, fork.cached + offset, fork.sequence, logits=True)
                    for fork, (_, window) in zip(forks, group, strict=True)
                    for offset, token in enumerate([fork.tokens[-1], *window[:-1]])
                ]
                logits, hidden = self._evaluator.tapped(rows, layers)
                start = 0
                for _, window in group:
                    end = start + len(window)
                    part = Evaluation(logits[start:end], hidden[:, start:end].copy())
                    results.append(reduce(window, part))
                    start = end
            finally:
                if not stay:
                    for fork in forks:
                        fork.close()
            if stay:
                for owner, (_, window) in zip(owners, group, strict=True):
                    owner.tokens.extend(window)
                    owner.cached += len(window)
        return results

    def _attend(
        self,
        requests: Sequence[Request],
        spans: Sequence[tuple[int, int]],
        layers: Sequence[int],
    ) -> list[FloatArray]:
        """See :meth:`BaseModel._attend`.

        Raises:
            ModelError: all sequences are in use, or the cache is full.
        """
        owners = self._own([session for session, _ in requests])
        last, position = owners[0].tokens[-1], owners[0].cached
        marks = Marks(spans, position)
        counts = [1 + len(window) for _, window in requests]
        looking = Looking(marks, layers=self._layers, rows=counts, wanted=layers or None)
        taken: list[int] = []
        try:
            for parts in marks.sequences:
                taken.append(self.cells.take())
                for start, stop in parts:
                    self.cells.copy(owners[0].sequence, taken[-1], start, stop)
            rows = [Row(last, position, sequence, logits=False) for sequence in taken] + [
                Row(token, position + offset, owner.sequence, logits=False)
                for owner, (_, window) in zip(owners, requests, strict=True)
                for offset, token in enumerate([last, *window])
            ]
            self._evaluator.attend(rows, looking, sum(counts))
        except BaseException:
            for owner in owners:
                self.cells.forget(owner.sequence, position)
            raise
        finally:
            for sequence in reversed(taken):
                self.cells.give_back(sequence)
        for owner, (_, window) in zip(owners, requests, strict=True):
            owner.tokens.extend(window)
            owner.cached += len(window)
            self.cells.forget(owner.sequence, owner.cached)
        return looking.found()

    def _grow_drafts(
        self,
        owners: Sequence[LlamaCppSession],
        length: int,
        layers: Sequence[int],
        keep: Callable[[Sequence[int], Evaluation], None],
        *,
        stay: bool = False,
    ) -> list[list[int]]:
        def step(last: Sequence[tuple[int, int | None]], number: int) -> list[int]:
            rows = [
                Row(
                    owners[index].tokens[-1] if token is None else token,
                    owners[index].cached + number,
                    owners[index].sequence,
                    logits=True,
                )
                for index, token in last
            ]
            read = self._evaluator.tapped(rows, layers, decoding=True, alone=len(owners) == 1)
            keep([index for index, _ in last], read)
            choices: list[int] = np.argmax(read.logits, axis=1).tolist()
            return choices

        ends = self._vocabulary.ends_generation
        drafts = draft_side_by_side(len(owners), length, step, ends)
        for owner, draft in zip(owners, drafts, strict=True):
            if stay:
                said = [token for token in draft if not ends(token)]
                owner.tokens.extend(said)
                owner.cached += len(said)
            self.cells.forget(owner.sequence, owner.cached)
        return drafts

    def _generate(
        self,
        session: LlamaCppSession,
        sampling: Sampling,
        layers: Sequence[int] = (),
        keep: Callable[[Evaluation], None] | None = None,
    ) -> Iterator[int]:
        """See :meth:`BaseModel._generate`.

        Raises:
            ModelError: all sequences are in use.
        """
        self._flush_and_reuse([session])
        room = min(sampling.max_tokens, self._context_size - len(session.tokens))
        drawing = Generation(self, session, self._evaluator, sampling, layers=layers, keep=keep)
        with drawing as generation:
            for _ in range(room):
                token = generation.draw()
                if token is None:
                    return
                session.tokens.append(token)
                yield token

    def _arrays(self, read: Evaluation) -> tuple[FloatArray, FloatArray]:
        return np.asarray(log_softmax(read.logits, axis=1), dtype=np.float32), read.hidden

    def _expected(self, window: Sequence[int], read: Evaluation) -> FloatArray:
        chosen = read.logits[np.arange(len(window)), list(window)]
        return np.asarray(chosen - logsumexp(read.logits, axis=1), dtype=np.float32)

    def _close_hole(self, session: LlamaCppSession) -> None:
        """Drop masked tokens at the end of the cache: new cells must follow on the last one."""
        filled = self.cells.filled(session.sequence)
        del session.tokens[filled : session.cached]
        session.cached = filled
