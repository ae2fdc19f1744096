"""The protocol that every instrumented model follows, whatever its backend.

A *session* is a token sequence whose KV cache the model keeps. Sessions are cheap to fork and
to roll back, and nothing that a session holds is evaluated twice. The ``*_many`` methods of a
model do for several sessions in one batch what the session methods do for one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from probes.chat import ChatStyle, Message
from probes.cost import Cost
from probes.form import Form
from probes.state import FloatArray, State
from probes.turns import Turns

__all__ = [
    "Capabilities",
    "DifferentiableModel",
    "Gradient",
    "Model",
    "ModelInfo",
    "Sampling",
    "Session",
]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a model can do; a probe that needs what is missing reports that, by name.

    Attributes:
        layer_states: hidden states of single layers can be read.
        gradients: gradients with respect to input embeddings can be computed.
        batch: several sessions are evaluated in one forward call.
        attention: how much each head of each layer attends to a token can be read.
    """

    layer_states: bool
    gradients: bool
    batch: bool
    attention: bool


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """Facts about a loaded model; sizes in tokens, layers, or units of width.

    ``device`` is ``cpu``, or what the GPU is called. ``context_size`` limits one session,
    ``cache_size`` all sessions together.
    """

    name: str
    path: str
    sha256: str
    backend: str
    device: str
    layers: int
    width: int
    vocabulary: int
    context_size: int
    cache_size: int

    @property
    def title(self) -> str:
        """What heads a table of this model: its name, its backend, and its GPU if it has one."""
        where = "" if self.device == "cpu" else f", {self.device}"
        return f"{self.name} on {self.backend}{where}"


@dataclass(frozen=True, slots=True)
class Sampling:
    """How tokens are drawn. Temperature 0 is greedy; ``seed`` makes a draw repeatable.

    Attributes:
        form: that the drawn tokens have from the first on, and end in where ``max_tokens`` and the
            context reach that far; None for any.
    """

    max_tokens: int
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    form: Form | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Gradient:
    """How the log-probability of a window depends on the input embeddings before it.

    Attributes:
        log_prob: summed natural log-probability of the window's tokens.
        embeddings: ``[n, width]`` input embeddings of the n tokens before the window.
        gradient: ``[n, width]`` derivative of ``log_prob`` with respect to them.
    """

    log_prob: float
    embeddings: FloatArray
    gradient: FloatArray


class Session(Protocol):
    """A token sequence with a KV cache. Close it, or use it as a context manager."""

    @property
    def tokens(self) -> Sequence[int]:
        """All tokens of the session, in order."""

    def extend(self, tokens: Sequence[int]) -> None:
        """Append tokens. They are evaluated, once, when something is next read or forked.

        Raises:
            PromptTooLongError: the session would outgrow the model's context.
        """

    def fork(self, n: int) -> Sequence[Session]:
        """Return ``n`` sessions that share this one's tokens and cache and then go their way."""

    def fork_masked(self, start: int, stop: int) -> Session:
        """Return a fork in which no later token attends to positions ``start`` to ``stop - 1``.

        A removal that evaluates nothing again: the tokens behind the span keep their positions,
        and what they took from the span when they were evaluated. A span right before the last
        token has none of those behind it: there the fork is the session without the span.

        Raises:
            InputError: the span is empty, holds the last token, or lies outside.
        """

    def rollback(self, position: int) -> None:
        """Forget every token from ``position`` (0-based) on."""

    def save(self, start: int, stop: int) -> bytes:
        """The cache cells of positions ``start`` to ``stop - 1``, for :meth:`extend_saved`.

        Raises:
            InputError: the span is empty, holds the last token, or lies outside.
        """

    def extend_saved(self, tokens: Sequence[int], cells: bytes) -> bool:
        """:meth:`extend`, but with cells saved where the same tokens followed on the same tokens.

        Args:
            cells: those from the last token of this session to the last but one of ``tokens``,
                saved by a model of the same :attr:`Model.fingerprint`.

        Returns:
            Whether the cells could be used. If not, the tokens are evaluated as ever.

        Raises:
            PromptTooLongError: as :meth:`extend`.
        """

    def extend_blended(self, donor: Session, start: int, stop: int, *, fresh: int) -> int:
        """:meth:`extend` by tokens ``start`` to ``stop - 1`` of another session, with its cells.

        Approximate: what a cell holds depends on all tokens before it, and others stand before
        them here. The keys are turned to their new positions; the first tokens, whose cells differ
        most, can be evaluated anew.

        Source: Yao et al., 2024, arXiv 2405.16444 (CacheBlend), for cells that were computed behind
            another text; Hu et al., 2024, arXiv 2410.15332 (EPIC), for evaluating the first tokens
            of each text

        Args:
            fresh: how many of the tokens, from the first on, are evaluated.

        Returns:
            How many cells were taken. None if the model's keys cannot be turned or there is no room
            for a copy; then all tokens are evaluated as ever.

        Raises:
            InputError: the span is empty or lies outside of the other session.
            PromptTooLongError: as :meth:`extend`.
        """

    def read(self, window: Sequence[int], layers: Sequence[int] = ()) -> State:
        """Read the state on ``window`` as if it followed; the session stays as it was."""

    def generate(self, sampling: Sampling) -> Iterator[int]:
        """Yield tokens and append them, until an end-of-generation token or ``max_tokens``.

        The end-of-generation token is neither yielded nor appended.

        Raises:
            InputError: the form turns out to be too intricate to be followed.
        """

    def close(self) -> None:
        """Give the cache back. Closing twice is harmless."""

    def __enter__(self) -> Session: ...

    def __exit__(self, *exc: object) -> None: ...


class Model(Protocol):
    """An instrumented language model. Not safe for use from several threads at once."""

    @property
    def info(self) -> ModelInfo:
        """Facts about the model."""

    @property
    def capabilities(self) -> Capabilities:
        """What the model can do."""

    @property
    def fingerprint(self) -> str:
        """What saved cells depend on: weights, number types, backend, version and rounding."""

    @property
    def cost(self) -> Cost:
        """What was spent since loading."""

    @property
    def evaluated(self) -> int:
        """Tokens evaluated since loading: the unit in which costs are compared."""

    def tokenize(self, text: str) -> list[int]:
        """Token ids of plain text. Special tokens spelled out in it stay plain text."""

    def piece(self, token: int) -> bytes:
        """The bytes of one token; a character can span several tokens."""

    def spelled(self, token: int) -> bytes:
        """The same, with special tokens as they are spelled."""

    @property
    def chat_style(self) -> ChatStyle:
        """What answers look like beside their end tokens."""

    @property
    def opening(self) -> Sequence[int]:
        """Tokens that stand before every text, as the model was trained; a chat brings its own."""

    def ends_generation(self, token: int) -> bool:
        """Whether a token ends an answer: it is neither yielded nor appended."""

    def encode_chat(self, messages: Sequence[Message]) -> list[list[int]]:
        """Tokens of a chat in the model's own template, split at the messages' slots.

        Returns:
            One list more than there are slots. The prompt ends where the answer begins.

        Raises:
            InputError: the chat template refuses the messages, in every form that says the same.
            ModelError: it refuses a single question, too.
        """

    def session(self) -> Session:
        """Open an empty session."""

    def flush(self, sessions: Sequence[Session]) -> None:
        """Evaluate what is pending, all but the last token of each session, in one batch.

        Reading, drafting and forking do it by themselves.
        """

    def read_many(
        self, requests: Sequence[tuple[Session, Sequence[int]]], layers: Sequence[int] = ()
    ) -> list[State]:
        """:meth:`Session.read` for several (session, window) pairs."""

    def attend(
        self,
        session: Session,
        spans: Sequence[tuple[int, int]],
        window: Sequence[int] = (),
        layers: Sequence[int] = (),
    ) -> FloatArray:
        """How much the session's last token attends to spans of the session, by layer and head.

        And each token of ``window``, as if it followed; the session stays as it was. Only these
        tokens are evaluated. A layer with a sliding window attends to nothing outside of it.

        Args:
            spans: ``start`` and ``stop`` of positions ``start`` to ``stop - 1``, at least one; they
                may overlap.
            layers: whose attention is read; all of them where none is named.

        Returns:
            ``[layers, heads, 1 + len(window), spans]`` attention probabilities, summed over a
            span's tokens: from 0 to 1.

        Raises:
            InputError: there is no span, or one is empty or lies outside; or a layer is not there.
            PromptTooLongError: session and window outgrow the model's context.
            UnavailableError: the model cannot show it, see :attr:`Capabilities.attention`.
        """

    def extend_attended(
        self,
        requests: Sequence[tuple[Session, Sequence[int]]],
        spans: Sequence[tuple[int, int]],
        layers: Sequence[int] = (),
    ) -> list[FloatArray]:
        """:meth:`Session.extend` for several sessions, and what their new tokens attend to.

        What :meth:`attend` gives of each window, all in one batch, and with nothing to evaluate
        again behind it but each session's last token. No session may stand in two requests.

        Args:
            requests: sessions that hold the same tokens, and by what each is extended.

        Raises:
            InputError: as :meth:`attend`; or the sessions hold unlike tokens.
            PromptTooLongError, UnavailableError: as :meth:`attend`.
        """

    def generate_state(
        self, session: Session, sampling: Sampling, layers: Sequence[int] = ()
    ) -> State | None:
        """:meth:`Session.generate` to its end, and the state on its tokens, read while it is made.

        What :meth:`Session.read` would give of them, without evaluating them again.

        Returns:
            None where it generates nothing.
        """

    def generate_states(
        self, sessions: Sequence[Session], sampling: Sampling, layers: Sequence[int] = ()
    ) -> list[State | None]:
        """:meth:`generate_state` of several sessions, side by side where nothing is drawn.

        A draw, and a form, take one session after the other.
        """

    def score_many(self, requests: Sequence[tuple[Session, Sequence[int]]]) -> list[float]:
        """Mean natural log-probability of each window's tokens under its session."""

    def extend_scored(self, requests: Sequence[tuple[Session, Sequence[int]]]) -> list[FloatArray]:
        """:meth:`Session.extend` for several sessions, and how their new tokens were expected.

        Each token is evaluated once. No session may stand in two requests.

        Returns:
            Natural log-probabilities ``[tokens]`` of each request.
        """

    def draft_many(self, sessions: Sequence[Session], length: int) -> list[list[int]]:
        """Greedy continuations of up to ``length`` tokens; the sessions stay as they were.

        A draft ends before an end-of-generation token, but always holds one token, so that it
        can serve as a window.
        """

    def draft_states(
        self, sessions: Sequence[Session], length: int, layers: Sequence[int] = ()
    ) -> list[State]:
        """:meth:`draft_many`, and the state on each draft, read while it is made.

        What :meth:`read_many` would give of the drafts, without evaluating them again.
        """

    @property
    def turns(self) -> Turns[Any]:
        """Runs several tasks on this model by turns, each on a counter of its own."""

    def watch(self, check: Callable[[], None] | None) -> None:
        """Call ``check`` after every forward call from now on; None calls nothing.

        What it raises ends what the model does. The sessions under way can then only be closed.
        """

    def close(self) -> None:
        """Free the model."""


class DifferentiableModel(Model, Protocol):
    """A model whose capabilities include gradients."""

    def gradient(self, tokens: Sequence[int], window: Sequence[int]) -> Gradient:
        """Differentiate the window's log-probability by the embeddings of ``tokens``.

        A backward pass through frozen weights costs about what the forward pass does: each
        counts its tokens once in :attr:`evaluated`.

        Raises:
            UnavailableError: these weights cannot be differentiated.
        """

    def integrated_gradients(
        self, tokens: Sequence[int], window: Sequence[int], *, steps: int = 16
    ) -> FloatArray:
        """Attribute the window's log-probability to each token along a path of embeddings.

        Formula: ``sum_d (e_i - b)[d] * integral over s in [0, 1] of (d log p / d e_i[d])`` at
            ``b + s (e - b)``, with ``e_i`` the token's embedding and ``b`` the mean embedding of
            the vocabulary
        Unit: nats
        Range: unbounded; the tokens add up to the log-probability less that of the baseline,
            but for the error of the quadrature, which in a deep model can be as large as the
            values: read them as an order, not as a sum
        Source: Sundararajan et al., 2017, arXiv 1703.01365, eq. 1; computed by Captum
        Needs: gradients; transformers only

        Returns:
            ``[n]`` nats.
        """
