"""The transformers implementation of :class:`probes.protocol.DifferentiableModel`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
import transformers
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from overlay.errors import InputError
from probes.base_model import BaseModel
from probes.batching import Request, draft_side_by_side, grouped
from probes.checks import check_layers, check_own
from probes.errors import UnavailableError
from probes.model_cache import default_model_cache
from probes.protocol import Capabilities, Gradient, ModelInfo, Sampling, Session
from probes.state import FloatArray
from probes.transformers.cells import Span, gather
from probes.transformers.evaluator import Evaluation, Evaluator, Row, Workspace
from probes.transformers.gradients import Differentiator
from probes.transformers.hardware import choose_device, choose_dtype, device_name, quantization
from probes.transformers.looking import Looking
from probes.transformers.sampler import Sampler
from probes.transformers.selfcheck import check_sessions, why_hidden
from probes.transformers.session import TransformersSession
from probes.transformers.turning import KeyTurner
from probes.transformers.vocabulary import Vocabulary
from probes.transformers.weights import explained, load_weights

__all__ = ["TransformersModel"]

# Rows of one forward call: enough to keep the cores busy, few enough for the masks.
_BATCH_ROWS = 512
# Rows of sessions that are prefilled side by side. Each row is compared with the cells of all of
# them, and masked from the others' only then: with long prompts that costs more than it saves.
_FLUSH_ROWS = 256
_LOGITS_BYTES = 64 * 2**20
# Rows whose attention to all cells is held at a time, for all heads of a layer.
_LOOKING_ROWS = 64

_Result = TypeVar("_Result")


class TransformersModel(BaseModel[TransformersSession, Evaluation]):
    """A causal language model under transformers. See :class:`DifferentiableModel`.

    Args:
        source: a folder as ``save_pretrained`` writes it, a hub id ``OWNER/NAME``, or a GGUF
            file. A GGUF file is converted once, which takes half a minute and more.
        context_size: tokens that one prompt and its answer may take; at most what the model was
            trained on.
        threads: CPU threads, for the whole process; 0 leaves torch's own choice, all cores.
        device: ``auto``, ``cpu`` or ``cuda``; auto takes a GPU where there is one.
        dtype: ``auto``, ``float32``, ``bfloat16`` or ``float64``; auto is float32 on a CPU and
            bfloat16 on a GPU.
        quantize: ``none``, or ``4bit`` or ``8bit`` by bitsandbytes, on a GPU.
        model_cache: folder of converted GGUF files; ``~/.cache/overlay/models`` by default.
        name: what to call the model; by default the hub id, or the last part of the path.
        chat_template: in Jinja's language, in place of the tokenizer's own; the plain one where
            neither is there.

    Raises:
        ModelError: the model cannot be loaded, or this machine lacks what is asked for.
        InputError: ``device``, ``dtype`` or ``quantize`` has an unknown value.
    """

    _vocabulary: Vocabulary

    def __init__(
        self,
        source: Path | str,
        *,
        context_size: int = 4096,
        threads: int = 0,
        device: str = "auto",
        dtype: str = "auto",
        quantize: str = "none",
        model_cache: Path | None = None,
        name: str | None = None,
        chat_template: str | None = None,
    ) -> None:
        chosen = choose_device(device)
        number_type = choose_dtype(dtype, chosen)
        if threads:
            torch.set_num_threads(threads)
        self._weights = load_weights(
            source,
            device=chosen,
            dtype=number_type,
            quantization=quantization(quantize, chosen, number_type),
            model_cache=model_cache or default_model_cache(),
        )
        model = self._weights.model
        self._quantize = quantize
        self._name = name or _default_name(source)
        self._config = model.config.get_text_config(decoder=True)
        vocabulary = Vocabulary(self._weights.tokenizer, model, chat_template)
        self._evaluator = Evaluator(model)
        with explained(self._name):
            check_sessions(model, self._evaluator, vocabulary.size)
        trained = getattr(self._config, "max_position_embeddings", None) or context_size
        super().__init__(vocabulary, self._evaluator.meter, min(context_size, trained))
        self._read_rows = max(32, min(_BATCH_ROWS, _LOGITS_BYTES // (4 * vocabulary.size)))
        self.silence()

    @cached_property
    def info(self) -> ModelInfo:
        """See :attr:`probes.protocol.Model.info`.

        ``cache_size`` is what callers should keep to: cells are made as they are needed, and
        nothing but the machine's memory ends them.
        """
        return ModelInfo(
            name=self._name,
            path=self._weights.path,
            sha256=self._weights.sha256,
            backend="transformers",
            device=device_name(self.network.device),
            layers=self._config.num_hidden_layers,
            width=self._config.hidden_size,
            vocabulary=self._vocabulary.size,
            context_size=self._context_size,
            cache_size=2 * self._context_size,
        )

    @property
    def capabilities(self) -> Capabilities:
        """See :attr:`probes.protocol.Model.capabilities`."""
        return Capabilities(
            layer_states=bool(self._evaluator.layers),
            gradients=True,
            batch=True,
            attention=not self._no_attention,
        )

    @property
    def fingerprint(self) -> str:
        """See :attr:`probes.protocol.Model.fingerprint`."""
        versions = f"torch {torch.__version__} transformers {transformers.__version__}"
        kinds = f"{self.network.dtype} {self._quantize} {self.network.device.type}"
        return f"{versions} {kinds} {self._weights.sha256}"

    @property
    def network(self) -> PreTrainedModel:
        """The model itself, frozen, for libraries that work on one."""
        return self._weights.model

    @property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        """The tokenizer itself."""
        return self._weights.tokenizer

    @cached_property
    def _turner(self) -> KeyTurner:
        return KeyTurner(self.network, self._evaluator)

    def session(self) -> TransformersSession:
        """See :meth:`probes.protocol.Model.session`."""
        return TransformersSession(self)

    def gradient(self, tokens: Sequence[int], window: Sequence[int]) -> Gradient:
        """See :meth:`probes.protocol.DifferentiableModel.gradient`."""
        return self._differentiator(tokens, window).gradient()

    def integrated_gradients(
        self, tokens: Sequence[int], window: Sequence[int], *, steps: int = 16
    ) -> FloatArray:
        """See :meth:`probes.protocol.DifferentiableModel.integrated_gradients`."""
        if steps < 1:
            raise InputError(f"{steps} steps", param="steps")
        return self._differentiator(tokens, window).integrated(steps)

    def close(self) -> None:
        """See :meth:`probes.protocol.Model.close`."""
        # Nothing outside of Python is held: the weights go with the last reference.

    def graft(self, session: Session, donor: Session, start: int, stop: int) -> bool:
        """See :meth:`probes.blending.Grafting.graft`.

        Returns:
            Whether keys can be turned to other positions, and none of the cells is masked.
        """
        if not self._turner.works:
            return False
        own, other = check_own([session, donor], TransformersSession)
        cells = gather(other.cells, start, stop)
        if cells.size != stop - start:
            return False
        turned = self._turner.turn(cells, own.cached - start)
        own.cells = (*own.cells, Span(turned, turned.start, turned.start + stop - start))
        return True

    @cached_property
    def _no_attention(self) -> str:
        why = why_hidden(self._evaluator, self._vocabulary.size)
        return f"transformers does not show where {self._name} looks: {why}" if why else ""

    def _attend(
        self,
        requests: Sequence[Request],
        spans: Sequence[tuple[int, int]],
        layers: Sequence[int],
    ) -> list[FloatArray]:
        owners = self._own([session for session, _ in requests])
        counts = [1 + len(window) for _, window in requests]
        rows = [
            Row(token, owner.cached + offset, view, logits=False)
            for view, (owner, (_, window)) in enumerate(zip(owners, requests, strict=True))
            for offset, token in enumerate([owner.tokens[-1], *window])
        ]
        workspace = self._evaluator.workspace([owner.cells for owner in owners], len(rows))
        column = len(workspace.positions)
        looking = Looking(spans, layers or None)
        for start in range(0, len(rows), _LOOKING_ROWS):
            self._evaluator.run(workspace, rows[start : start + _LOOKING_ROWS], looking=looking)
        for owner, (_, window), count in zip(owners, requests, counts, strict=True):
            if window:
                self._append(owner, workspace, column, len(window))
                owner.tokens.extend(window)
            column += count
        found = looking.found(self._config.num_hidden_layers)
        return np.split(found, np.cumsum(counts)[:-1], axis=2)

    def _own(self, sessions: Sequence[Session]) -> list[TransformersSession]:
        return check_own(sessions, TransformersSession)

    def _check_layers(self, layers: Sequence[int]) -> None:
        check_layers(layers, self._config.num_hidden_layers)
        if layers and not self.capabilities.layer_states:
            raise UnavailableError(f"transformers does not show the layers of {self._name}")

    def _flush(self, sessions: Sequence[TransformersSession]) -> None:
        late = [session for session in sessions if len(session.pending) > 1]
        for group in grouped([(s, s.pending[:-1]) for s in late], rows=_FLUSH_ROWS):
            self._flush_together(self._own([session for session, _ in group]))

    def _flush_together(self, late: Sequence[TransformersSession]) -> None:
        """Evaluate what is pending in one workspace."""
        rows = [
            Row(token, session.cached + offset, view, logits=False)
            for view, session in enumerate(late)
            for offset, token in enumerate(session.pending[:-1])
        ]
        workspace = self._evaluator.workspace([session.cells for session in late], len(rows))
        column = len(workspace.positions)
        for start in range(0, len(rows), _BATCH_ROWS):
            self._evaluator.run(workspace, rows[start : start + _BATCH_ROWS])
        for session in late:
            first, last = session.cached, len(session.tokens) - 1
            self._append(session, workspace, column, last - first)
            column += last - first

    def _append(
        self, session: TransformersSession, workspace: Workspace, column: int, count: int
    ) -> None:
        """Give a session the cells in ``count`` columns of a workspace."""
        first = session.cached
        span = Span(workspace.take(column, count), first, first + count)
        session.cells = (*session.cells, span)

    def _read_windows(
        self,
        requests: Sequence[Request],
        layers: Sequence[int],
        reduce: Callable[[Sequence[int], Evaluation], _Result],
        *,
        stay: bool = False,
    ) -> list[_Result]:
        results: list[_Result] = []
        for group in grouped(requests, rows=self._read_rows):
            owners = self._own([session for session, _ in group])
            rows = [
                Row(token, owner.cached + offset, view, logits=True)
                for view, (owner, (_, window)) in enumerate(zip(owners, group, strict=True))
                for offset, token in enumerate([owner.tokens[-1], *window[:-1]])
            ]
            workspace = self._evaluator.workspace([owner.cells for owner in owners], len(rows))
            column = len(workspace.positions)
            logits, hidden = self._evaluator.run(workspace, rows, layers)
            if stay:
                for owner, (_, window) in zip(owners, group, strict=True):
                    self._append(owner, workspace, column, len(window))
                    owner.tokens.extend(window)
                    column += len(window)
            start = 0
            for _, window in group:
                end = start + len(window)
                part = Evaluation(logits[start:end], [states[start:end] for states in hidden])
                results.append(reduce(window, part))
                start = end
        return results

    def _grow_drafts(
        self,
        owners: Sequence[TransformersSession],
        length: int,
        layers: Sequence[int],
        keep: Callable[[Sequence[int], Evaluation], None],
        *,
        stay: bool = False,
    ) -> list[list[int]]:
        columns: list[list[int]] = [[] for _ in owners]
        workspace = self._evaluator.workspace(
            [owner.cells for owner in owners], room=len(owners) * length
        )

        def step(last: Sequence[tuple[int, int | None]], number: int) -> list[int]:
            rows = [
                Row(
                    owners[index].tokens[-1] if token is None else token,
                    owners[index].cached + number,
                    index,
                    logits=True,
                )
                for index, token in last
            ]
            for column, (index, _) in enumerate(last, len(workspace.positions)):
                columns[index].append(column)
            read = self._evaluator.run(workspace, rows, layers, decoding=True)
            keep([index for index, _ in last], read)
            choices: list[int] = read.logits.argmax(dim=-1).tolist()
            return choices

        ends = self._vocabulary.ends_generation
        drafts = draft_side_by_side(len(owners), length, step, ends)
        for owner, draft, own in zip(owners, drafts, columns, strict=True):
            if stay:
                said = [token for token in draft if not ends(token)]
                for column in own[: len(said)]:
                    self._append(owner, workspace, column, 1)
                owner.tokens.extend(said)
        return drafts

    def _generate(
        self,
        session: TransformersSession,
        sampling: Sampling,
        layers: Sequence[int] = (),
        keep: Callable[[Evaluation], None] | None = None,
    ) -> Iterator[int]:
        sampler, matcher = Sampler(sampling, self.network.device), self.matcher(sampling)
        self._flush_and_reuse([session])
        workspace = None
        cells = session.cells
        for _ in range(min(sampling.max_tokens, self._context_size - len(session.tokens))):
            if matcher is not None and matcher.complete:
                return
            # Whoever takes the tokens may use the session in between; then its cells are new.
            self.flush([session])
            if workspace is None or session.cells is not cells:
                workspace = self._evaluator.workspace([session.cells], room=sampling.max_tokens)
            column, position = len(workspace.positions), session.cached
            row = Row(session.tokens[-1], position, 0, logits=True)
            read = self._evaluator.run(workspace, [row], layers, decoding=True)
            token = sampler.draw(read.logits[0], None if matcher is None else matcher.allowed())
            if self._vocabulary.ends_generation(token):
                # The last token stays pending, so that the session can be read.
                return
            if matcher is not None:
                matcher.accept(token)
            if keep is not None:
                keep(read)
            segment = workspace.take(column, 1)
            cells = session.cells = (*session.cells, Span(segment, position, position + 1))
            session.tokens.append(token)
            yield token

    def _arrays(self, read: Evaluation) -> tuple[FloatArray, FloatArray]:
        log_probs = read.logits.float().log_softmax(dim=-1).cpu().numpy()
        if not read.hidden:
            shape = (0, log_probs.shape[0], self._config.hidden_size)
            return log_probs, np.empty(shape, dtype=np.float32)
        return log_probs, torch.stack(read.hidden).float().cpu().numpy()

    def _expected(self, window: Sequence[int], read: Evaluation) -> FloatArray:
        logits = read.logits.float()
        chosen = logits[torch.arange(len(window)), list(window)]
        return np.asarray((chosen - logits.logsumexp(dim=-1)).cpu().numpy())

    def _differentiator(self, tokens: Sequence[int], window: Sequence[int]) -> Differentiator:
        for name, value in (("tokens", tokens), ("window", window)):
            if not value:
                raise InputError(f"{name} is empty", param=name)
        self.check_length(len(tokens) + len(window))
        return Differentiator(self.network, tokens, window, self._meter)


def _default_name(source: Path | str) -> str:
    path = Path(source)
    if path.suffix == ".gguf":
        return path.stem
    return path.name if isinstance(source, Path) or path.is_dir() else source
