"""How models mark their thoughts, which are no part of an answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = [
    "KINDS",
    "THINK",
    "Marks",
    "known_marks",
    "may_open",
    "opened_by",
    "switches",
    "without_thoughts",
    "without_thoughts_ahead",
]


@dataclass(frozen=True, slots=True)
class Marks:
    """What stands around thoughts, as the tokens are spelled.

    Attributes:
        opened: before the thoughts, at the beginning of what the model says.
        closed: between them and the answer.
        nothing: in place of both, where there are to be no thoughts.
    """

    opened: str
    closed: str
    nothing: str


def _pair(opened: str, closed: str, between: str = "") -> Marks:
    return Marks(opened, closed, f"{opened}{between}{closed}{between}")


# As Qwen3's own template writes it for enable_thinking=False.
THINK = _pair("<think>", "</think>", "\n\n")
KINDS = (
    THINK,
    _pair("[THINK]", "[/THINK]"),
    _pair("<|START_THINKING|>", "<|END_THINKING|>"),
    # Harmony, of gpt-oss: channels of one turn, of which the last is the answer.
    Marks(
        "<|channel|>analysis<|message|>",
        "<|end|><|start|>assistant<|channel|>final<|message|>",
        "<|channel|>final<|message|>",
    ),
    _pair("<|channel>thought\n", "<channel|>"),
    _pair("<|open|>think<|sep|>", "<|close|>think<|sep|>"),
    _pair("<seed:think>", "</seed:think>"),
    _pair("<|inner_prefix|>", "<|inner_suffix|>"),
    _pair("<|begin_of_thought|>", "<|end_of_thought|>", "\n\n"),
    _pair("<unused94>thought\n", "<unused95>"),
    _pair("<thought>", "</thought>", "\n\n"),
    _pair("<thinking>", "</thinking>", "\n\n"),
    _pair("<reasoning>", "</reasoning>", "\n\n"),
)
"""The kinds in use: Qwen, DeepSeek, GLM and many more; Mistral; Cohere; gpt-oss; Gemma 4; Kimi;
Seed; Apertus; OpenThinker; MedGemma; EXAONE Deep; and two that fine-tuned models write."""

# Variables by which templates leave thoughts out.
_SWITCHES = {"enable_thinking": False, "thinking": False, "reasoning": False, "thinking_budget": 0}
_NONE = re.compile("[\"']none[\"']")


def known_marks(template: str) -> tuple[Marks, ...]:
    """The kinds that a model may write: what its template names, and the commonest one always."""
    return tuple(
        kind
        for kind in KINDS
        if kind is THINK or kind.opened in template or kind.closed in template
    )


def switches(template: str) -> dict[str, object]:
    """Variables that make a template leave thoughts out, or keep them short, as far as it can."""
    found: dict[str, object] = {
        name: off for name, off in _SWITCHES.items() if re.search(rf"\b{name}\b", template)
    }
    if "reasoning_effort" in template:
        found["reasoning_effort"] = "none" if _NONE.search(template) else "low"
    return found


def without_thoughts_ahead(text: str, kinds: Sequence[Marks]) -> str:
    """The end of a prompt in which thoughts are not left open: an opened mark is closed at once."""
    end = text.rstrip()
    for kind in kinds:
        if end.endswith(kind.opened.rstrip()):
            return end[: -len(kind.opened.rstrip())] + kind.nothing
    return text


def without_thoughts(text: str, kinds: Sequence[Marks]) -> str:
    """An earlier answer without the thoughts that a client sent back before it."""
    kind = opened_by(text.lstrip(), kinds)
    if kind is None:
        return text
    _, closed, answer = text.partition(kind.closed)
    return answer.lstrip() if closed else text


def opened_by(said: str, kinds: Sequence[Marks]) -> Marks | None:
    """The kind of thoughts that a text begins with, if it does."""
    return next((kind for kind in kinds if said.startswith(kind.opened)), None)


def may_open(said: str, kinds: Sequence[Marks]) -> bool:
    """Whether a text may yet turn out to begin with thoughts."""
    return any(kind.opened.startswith(said) for kind in kinds)
