"""The stability report: an answer's trajectory as plain data, for JSON."""

from __future__ import annotations

from dataclasses import asdict

from overlay.answer import Answer, Step

__all__ = ["report", "step_report"]


def step_report(step: Step) -> dict[str, object]:
    """One step: the chunk, its reading, and the verdict. Units as in the probe functions."""
    chunk = step.chunk.chunk
    return {
        "chunk": {
            "id": chunk.id,
            "source": chunk.source,
            "place": chunk.place,
            "title": chunk.title,
            "date": chunk.date,
            "text": chunk.text,
            "similarity": round(step.chunk.similarity, 4),
            "rank": step.chunk.rank,
        },
        "halved": step.halved,
        "outvoted": step.verdict.outvoted,
        "accepted": step.verdict.accepted,
        "short": step.verdict.short,
        "reason": step.verdict.reason,
        "volatility": step.verdict.volatility,
        "spent": step.verdict.spent,
        "draft": step.draft,
        "question_gain": step.question_gain,
        "attention": step.attention,
        "marginal_drift": step.marginal_drift,
        "reading": None if step.reading is None else asdict(step.reading),
    }


def report(answer: Answer) -> dict[str, object]:
    """The whole report: outcome, budget, volatility index, cost, and the steps in order."""
    return {
        "mode": answer.mode,
        "outcome": answer.outcome,
        "note": answer.note,
        "searched_for": list(answer.searched_for),
        "anchor": list(answer.anchor),
        "budget": asdict(answer.budget),
        "spent": answer.spent,
        "volatility_index": answer.volatility_index,
        "log_prob": None if answer.signs is None else answer.signs.log_prob,
        "gain": None if answer.signs is None else answer.signs.gain,
        "backing": None if answer.signs is None else answer.signs.backing,
        "copied": None if answer.signs is None else answer.signs.copied,
        "consensus": None if answer.signs is None else answer.signs.consensus,
        "variants": [asdict(one) for one in answer.variants],
        "judged_by": answer.judged_by,
        "guarantee": None if answer.guarantee is None else answer.guarantee.model_dump(),
        "model": answer.model,
        "cost": {
            "evaluated_tokens": answer.usage.cost.evaluated,
            **asdict(answer.usage.cost),
            "phases": {name: asdict(cost) for name, cost in answer.usage.phases.items()},
            "seconds": round(answer.seconds, 3),
            "seconds_to_first_token": round(answer.seconds_to_first_token, 3),
        },
        "steps": [step_report(step) for step in answer.steps],
    }
