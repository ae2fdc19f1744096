"""Gradients of a window's log-probability by the input embeddings before it.

One forward and one backward pass over the whole sequence, without a cache: cells that were
evaluated before carry no gradient.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from transformers import PreTrainedModel

from probes.cost import Meter
from probes.errors import ModelError, UnavailableError
from probes.protocol import Gradient
from probes.state import FloatArray

__all__ = ["Differentiator"]

_VOCABULARY_ROWS = 8192


class Differentiator:
    """Differentiates the log-probability of ``window`` by the embeddings of ``tokens``.

    Args:
        meter: counts each row twice, once forward and once backward.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokens: Sequence[int],
        window: Sequence[int],
        meter: Meter,
    ) -> None:
        self._meter = meter
        self._model = model
        self._before = len(tokens)
        self._window = torch.tensor(list(window), device=model.device)
        # In half precision the steps of a path would be too coarse to add up.
        self._precision = torch.promote_types(model.dtype, torch.float32)
        with torch.no_grad():
            known = torch.tensor([[*tokens, *window[:-1]]], device=model.device)
            self._embeddings = model.get_input_embeddings()(known)

    def gradient(self) -> Gradient:
        """See :meth:`probes.protocol.DifferentiableModel.gradient`."""
        inputs = self._inputs().requires_grad_()
        try:
            log_prob = self._log_prob(inputs).sum()
            (gradient,) = torch.autograd.grad(log_prob, inputs)
        except (RuntimeError, NotImplementedError) as error:
            raise _explain(error) from error
        return Gradient(float(log_prob.detach()), _array(inputs.detach()[0]), _array(gradient[0]))

    def integrated(self, steps: int) -> FloatArray:
        """See :meth:`probes.protocol.DifferentiableModel.integrated_gradients`.

        The path starts where all tokens are alike, and a deep model's output can jump along it:
        on SmolLM2 with 65 tokens, 16 and 64 points both summed to 122 nats of a difference of
        75, and 32 to 58. What the tokens share is then a ranking, not an account.
        """
        # Imported here: captum pulls in matplotlib, and few callers need either.
        from captum.attr import IntegratedGradients  # type: ignore[import-untyped]  # captum has no types

        inputs = self._inputs()
        baseline = _mean_embedding(self._model, self._precision).expand_as(inputs)
        try:
            # Gauss and Legendre's points are exact for polynomials of twice their number.
            attribution = IntegratedGradients(self._log_prob).attribute(
                inputs,
                baselines=baseline,
                n_steps=steps,
                method="gausslegendre",
                internal_batch_size=1,
            )
        except (RuntimeError, NotImplementedError) as error:
            raise _explain(error) from error
        return _array(attribution.detach()[0].sum(dim=-1))

    def _inputs(self) -> torch.Tensor:
        """``[1, n, width]`` embeddings of the tokens before the window."""
        inputs: torch.Tensor = self._embeddings[:, : self._before].to(self._precision)
        return inputs

    def _log_prob(self, inputs: torch.Tensor) -> torch.Tensor:
        """``[batch]`` summed log-probability of the window after ``[batch, n, width]`` inputs."""
        behind = self._embeddings[:, self._before :].expand(inputs.shape[0], -1, -1)
        embeddings = torch.cat([inputs.to(self._embeddings.dtype), behind], dim=1)
        rows = torch.arange(self._before - 1, embeddings.shape[1], device=embeddings.device)
        with torch.enable_grad():
            output = self._model(inputs_embeds=embeddings, use_cache=False, logits_to_keep=rows)
        self._meter.prefill(2 * embeddings.shape[0] * embeddings.shape[1])
        log_probs = output.logits.to(self._precision).log_softmax(dim=-1)
        places = torch.arange(len(self._window), device=rows.device)
        chosen = log_probs[:, places, self._window]
        summed: torch.Tensor = chosen.sum(dim=1)
        return summed


def _mean_embedding(model: PreTrainedModel, precision: torch.dtype) -> torch.Tensor:
    """``[width]`` mean over the vocabulary of what the embedding module gives.

    The module itself is asked, not its weights: some scale what they look up.
    """
    module = model.get_input_embeddings()
    size: int = model.config.get_text_config(decoder=True).vocab_size
    with torch.no_grad():
        sums = [
            module(ids).sum(dim=0, dtype=precision)
            for ids in torch.split(torch.arange(size, device=model.device), _VOCABULARY_ROWS)
        ]
        return torch.stack(sums).sum(dim=0) / size


def _explain(error: Exception) -> Exception:
    if isinstance(error, torch.OutOfMemoryError):
        return ModelError(
            "the device has no memory left for a backward pass",
            hint="shorten the prompt, or set quantize",
            param="context_size",
        )
    return UnavailableError(f"these weights cannot be differentiated: {error}")


def _array(values: torch.Tensor) -> FloatArray:
    return values.float().cpu().numpy()
