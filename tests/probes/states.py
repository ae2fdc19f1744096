"""Random states for property tests."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from scipy.special import log_softmax

from probes.state import State

WINDOW = (3, 1, 4)
LAYERS = (0, 5)


def make_state(logits: np.ndarray, hidden: np.ndarray, layers: tuple[int, ...] = LAYERS) -> State:
    log_probs = np.asarray(log_softmax(logits, axis=1), dtype=np.float32)
    return State(WINDOW, log_probs, hidden.astype(np.float32), layers)


@st.composite
def states(draw: st.DrawFn, vocabulary: int = 7, width: int = 4) -> State:
    seed = draw(st.integers(0, 2**32 - 1))
    # From nearly uniform to nearly deterministic distributions.
    sharpness = draw(st.sampled_from([0.0, 0.1, 1.0, 10.0, 200.0]))
    random = np.random.default_rng(seed)
    logits = sharpness * random.standard_normal((len(WINDOW), vocabulary))
    hidden = random.standard_normal((len(LAYERS), len(WINDOW), width))
    return make_state(logits, hidden)
