"""Plain RAG and the overlay by turns, on the same chunks, question and model.

The overlay answers twice: cold, and warm, when the model has read the chunks before.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice, product

from eval.items import Kind, Passage
from eval.policies.bench import Bench
from eval.tasks.sample import DOCUMENTS
from overlay.answer import Answer, Outcome
from overlay.errors import InputError
from overlay.settings import Fallback, Settings
from overlay.warming import warm
from probes.cost import Cost
from probes.kv_store import KVStore
from probes.protocol import Model
from probes.subject import as_text

__all__ = ["MODES", "QUESTION", "Design", "Timing", "fits", "measure"]

QUESTION = "Tell me everything that the context says, one thing after the other."
"""Asks for long answers: short ones would end before the tokens that are to be timed."""

MODES = ("plain", "overlay", "warm")
_KEPT_BYTES = 2**30


@dataclass(frozen=True, slots=True)
class Design:
    """What is measured.

    Attributes:
        ks: numbers of chunks.
        lengths: tokens of a chunk.
        answer_tokens: longest answer.
        repeats: answers by each mode, on other chunks each time.
    """

    ks: tuple[int, ...]
    lengths: tuple[int, ...]
    answer_tokens: int
    repeats: int

    @property
    def rounds(self) -> list[tuple[int, int, int]]:
        """Number of chunks, length and repeat of each round; the repeats stand furthest apart."""
        return [(k, n, r) for r, k, n in product(range(self.repeats), self.ks, self.lengths)]


@dataclass(frozen=True, slots=True)
class Timing:
    """One answer.

    Attributes:
        mode: plain, overlay, or warm: the overlay on chunks that were read before.
        k, length: chunks, and tokens of each.
        accepted: chunks that the answer was given from.
        cost: by phase.
        first, whole: seconds to the first token, and to the last.
        said: tokens of the answer.
    """

    mode: str
    k: int
    length: int
    repeat: int
    accepted: int
    cost: dict[str, Cost]
    first: float
    whole: float
    said: int

    @property
    def evaluated(self) -> int:
        """Model-token evaluations."""
        return sum(self.cost.values(), Cost()).evaluated


def fits(model: Model, k: int, length: int, answer_tokens: int) -> bool:
    """Whether so many chunks leave room for the rest of the prompt and the answer."""
    return k * length + answer_tokens <= model.info.context_size * 3 // 4


def measure(
    model: Model, settings: Settings, rounds: Sequence[tuple[int, int, int]], answer_tokens: int
) -> Iterator[Timing]:
    """Answer by all modes in every round; which one begins changes from round to round.

    The overlay never abstains here: an answer that is not given costs nothing.

    Raises:
        InputError: the chunks of a round outgrow the model's context.
    """
    chosen = settings.model_copy(
        update={"max_tokens": answer_tokens, "fallback": Fallback.ANSWER, "temperature": 0.0}
    )
    bench = Bench(model, chosen)
    tokens = _document_tokens(model)
    for number, (k, length, repeat) in enumerate(rounds):
        if not fits(model, k, length, answer_tokens):
            raise InputError(
                f"{k} chunks of {length} tokens do not fit a context of {model.info.context_size}",
                hint="ask for fewer or shorter chunks, or raise context_size",
                param="k",
            )
        passages = _passages(model, tokens, k, length, skip=repeat * k)
        with KVStore(_KEPT_BYTES) as kept:
            # Read once now: what another order of the modes left behind shall not matter.
            deque(warm(model, kept, [passage.text for passage in passages]), maxlen=0)
            warmed = Bench(model, chosen, kept)
            for mode in MODES if number % 2 == 0 else MODES[::-1]:
                if mode == "plain":
                    answer = bench.plain(QUESTION, passages)
                else:
                    own = bench if mode == "overlay" else warmed
                    answer = own.dosed(QUESTION, passages, chosen, None)
                yield _timing(mode, k, length, repeat, answer)


def _timing(mode: str, k: int, length: int, repeat: int, answer: Answer) -> Timing:
    accepted = sum(step.verdict.accepted for step in answer.steps)
    return Timing(
        mode=mode,
        k=k,
        length=length,
        repeat=repeat,
        accepted=accepted if answer.outcome is Outcome.ANSWERED else 0,
        cost=answer.usage.phases,
        first=answer.seconds_to_first_token,
        whole=answer.seconds,
        said=answer.usage.completion_tokens,
    )


def _document_tokens(model: Model) -> list[int]:
    files = sorted(path for path in DOCUMENTS.rglob("*") if path.suffix in {".md", ".txt"})
    texts = [path.read_text(encoding="utf-8") for path in files]
    return [token for text in texts for token in model.tokenize(f"{text}\n")]


def _passages(model: Model, tokens: Sequence[int], k: int, length: int, skip: int) -> list[Passage]:
    """``k`` pieces of the documents; a chunk's line break is one of its tokens."""
    size = length - 1
    pieces = [tokens[start : start + size] for start in range(0, len(tokens) - size, size)]
    return [
        Passage(as_text(model, piece), Kind.UNKNOWN)
        for piece in islice(cycle(pieces), skip, skip + k)
    ]
