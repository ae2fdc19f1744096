"""Draws a token from the last logits: greedy, or llama.cpp's own sampler chain."""

from __future__ import annotations

import llama_cpp

from probes.protocol import Sampling

__all__ = ["Sampler"]


class Sampler:
    """A sampler chain. Close it."""

    def __init__(self, sampling: Sampling) -> None:
        params = llama_cpp.llama_sampler_chain_default_params()
        self._chain = llama_cpp.llama_sampler_chain_init(params)
        if sampling.temperature == 0.0:
            links = [llama_cpp.llama_sampler_init_greedy()]
        else:
            links = [
                llama_cpp.llama_sampler_init_top_p(sampling.top_p, 1),
                llama_cpp.llama_sampler_init_temp(sampling.temperature),
                # The seed is a C uint32; a caller's larger one still gives a repeatable draw.
                llama_cpp.llama_sampler_init_dist(sampling.seed % 2**32),
            ]
        for link in links:
            llama_cpp.llama_sampler_chain_add(self._chain, link)

    def draw(self, context: llama_cpp.llama_context_p, row: int) -> int:
        """Draw from the logits of a row that was decoded in the last call."""
        return int(llama_cpp.llama_sampler_sample(self._chain, context, row))

    def close(self) -> None:
        """Free the chain and its links."""
        llama_cpp.llama_sampler_free(self._chain)
