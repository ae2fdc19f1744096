"""Tries out, before anything is served, what every answer asks of a model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from overlay.errors import OverlayError
from overlay.prompt import Prompt, build_prompt, chunk_tokens
from probes.chat import Message
from probes.errors import ModelError
from probes.protocol import Model
from probes.state import State

__all__ = ["check_model"]

# Every form of a chat that clients send: a system prompt, a reply, an empty turn, two in a row.
_CHAT = (
    Message("system", "Be brief."),
    Message("assistant", "Hello."),
    Message("user", "Hi."),
    Message("assistant", ""),
    Message("user", "Where is it?"),
)
_CHUNKS = ("It is here.", "It was there once, and is gone.")
_DRAFT = 2
# Of the logits' spread. Another text in the context changes far more, and rounding far less.
_TOLERANCE = 0.1


def check_model(model: Model) -> None:
    """Word a chat, put a chunk into it, take one out again, and begin an answer.

    Takes some hundred tokens' time, and counts as no answer's cost.

    Raises:
        ModelError: something of that fails, or an answer would depend on what was taken out.
    """
    with _explained(model):
        build_prompt(model, _CHAT)
        prompt = build_prompt(model, [Message("user", "?")])
        straight, rolled_back = _read_both(model, prompt)
        if not (np.isfinite(straight.log_probs).all() and np.isfinite(straight.hidden).all()):
            raise ModelError(
                f"{model.info.name} computes no numbers: its weights are broken, or too large for "
                "the number type",
                hint="fetch the model again, or set dtype to float32",
                param="model",
            )
        error = _difference(straight, rolled_back)
        if not error < _TOLERANCE:
            raise ModelError(
                f"{model.info.name} does not forget what is rolled back: its log-probabilities are "
                f"off by {error:.2g} of their spread",
                hint="choose another model, or another backend",
                param="model",
            )


def _read_both(model: Model, prompt: Prompt) -> tuple[State, State]:
    """The state on an answer's first tokens, read straight on and after a chunk was taken out."""
    layers = (model.info.layers // 2,) if model.capabilities.layer_states else ()
    chunk, other = (chunk_tokens(model, text) for text in _CHUNKS)
    with model.session() as session:
        session.extend([*prompt.prefix, *chunk, *prompt.tail])
        [straight] = model.draft_states([session], _DRAFT, layers)
    with model.session() as prefix:
        prefix.extend(prompt.prefix)
        [fork] = prefix.fork(1)
        with fork:
            fork.extend([*other, *prompt.tail])
            model.draft_many([fork], _DRAFT)
            fork.rollback(len(prompt.prefix))
            fork.extend([*chunk, *prompt.tail])
            return straight, fork.read(straight.window, layers)


def _difference(one: State, other: State) -> float:
    first, second = (np.asarray(read.log_probs, dtype=np.float64) for read in (one, other))
    spread = first - first.mean(axis=1, keepdims=True)
    return float(np.linalg.norm(first - second) / np.linalg.norm(spread))


@contextmanager
def _explained(model: Model) -> Iterator[None]:
    """Say of every failure that it is the model's, and when it would have come."""
    try:
        yield
    except ModelError:
        raise
    except OverlayError as error:
        raise ModelError(
            f"{model.info.name} would fail at the first question: {error.message}",
            hint=error.hint or "choose another model",
            param=error.param or "model",
        ) from error
    except Exception as error:
        # A backend fails in its own ways; whatever it is would be the answer's failure.
        raise ModelError(
            f"{model.info.name} would fail at the first question: {type(error).__name__}: {error}",
            hint="choose another model, or another backend",
            param="model",
        ) from error
