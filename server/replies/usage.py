"""Token counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from overlay.answer import Answer
from probes.cost import Cost

__all__ = ["cost_of", "usage_of"]


def usage_of(answers: Sequence[Answer]) -> dict[str, object]:
    """What all answers of a request took together, in OpenAI's form."""
    prompt = sum(answer.usage.prompt_tokens for answer in answers)
    completion = sum(answer.usage.completion_tokens for answer in answers)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "completion_tokens_details": {
            "reasoning_tokens": sum(answer.usage.reasoning_tokens for answer in answers)
        },
    }


def cost_of(cost: Cost) -> dict[str, int]:
    """What the model spent where it answered nothing."""
    return {"evaluated_tokens": cost.evaluated, **asdict(cost)}
