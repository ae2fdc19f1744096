"""llama-cpp-python, plain RAG and the overlay by turns, on the same chunks, question and model.

The overlay answers twice: cold, and again, when the same was asked before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from eval.bench.material import Material, long_question
from eval.policies.bench import Bench
from overlay.answer import Answer, Outcome
from overlay.errors import InputError
from overlay.labelled.items import Passage
from overlay.settings import Fallback, Settings
from probes.cost import Cost
from probes.kv_store import KVStore
from probes.protocol import Model
from retriever import Embedder

__all__ = ["MODES", "REFERENCE", "Design", "Timing", "fits", "measure"]

MODES = ("plain", "overlay", "again")
REFERENCE = "llama-cpp-python"
"""Its own chat completion, of the same file and text."""
_KEPT_BYTES = 2**30


@dataclass(frozen=True, slots=True)
class Design:
    """What is measured.

    Attributes:
        ks: numbers of chunks.
        lengths: tokens of a chunk.
        answer_tokens: longest answer.
        repeats: answers by each mode, to another question each time.
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
        mode: plain, overlay, again: the overlay where the same was asked before; or
            :data:`REFERENCE`.
        k, length: chunks, and tokens of each.
        repeat: which question; the same one for all modes, numbers and lengths.
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
    model: Model,
    embedder: Embedder,
    settings: Settings,
    rounds: Sequence[tuple[int, int, int]],
    answer_tokens: int,
    *,
    reference: Callable[[str, Sequence[Passage], tuple[int, int, int]], Timing] | None = None,
) -> Iterator[Timing]:
    """Answer by all modes in every round; which one begins changes from repeat to repeat.

    Verdicts are those of the settings. The overlay never abstains here: an answer that is not
    given costs nothing.

    Args:
        reference: takes part where it is given.

    Raises:
        InputError: the chunks of a round outgrow the model's context, or the sample documents
            hold fewer pieces.
        EmbedderError: the embedder does not load.
    """
    chosen = settings.model_copy(
        update={"max_tokens": answer_tokens, "fallback": Fallback.ANSWER, "temperature": 0.0}
    )
    bench = Bench(model, chosen)
    material = Material(model, embedder, seed=settings.seed)
    for number, (k, length, repeat) in enumerate(rounds):
        if not fits(model, k, length, answer_tokens):
            raise InputError(
                f"{k} chunks of {length} tokens do not fit a context of {model.info.context_size}",
                hint="ask for fewer or shorter chunks, or raise context_size",
                param="k",
            )
        asked = material.question(repeat)
        passages = material.passages(asked, k, length)
        question = long_question(asked)
        if number == 0:
            _rehearse(bench, question, passages)
        with KVStore(_KEPT_BYTES) as kept:
            # Asked once now: what another order of the modes left behind shall not matter.
            asked_before = Bench(model, chosen, kept)
            asked_before.dosed(question, passages, chosen)
            modes = MODES if reference is None else (REFERENCE, *MODES)
            for mode in modes if repeat % 2 == 0 else modes[::-1]:
                if reference is not None and mode == REFERENCE:
                    yield reference(question, passages, (k, length, repeat))
                    continue
                if mode == "plain":
                    answer = bench.plain(question, passages)
                else:
                    own = bench if mode == "overlay" else asked_before
                    answer = own.dosed(question, passages, chosen)
                yield _timing(mode, k, length, repeat, answer)


def _rehearse(bench: Bench, question: str, passages: Sequence[Passage]) -> None:
    """Answer once unmeasured: libraries load and allocate at first use."""
    bench.plain(question, passages[:1])
    bench.dosed(question, passages[:1], bench.settings)


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
