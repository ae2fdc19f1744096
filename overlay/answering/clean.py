"""Stage 2: what instructs the model is cut out of the chunks, before the model reads any.

An attack stands in a passage that is retrieved for what else it says. Its sentences can mostly be
told by their wording; what is left is a chunk like others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from overlay.answering.candidate import Candidate, part_of
from overlay.answering.job import Job
from overlay.instructions.wording import own_wording
from selector.verdict import Verdict

__all__ = ["clean"]

_INSTRUCTS = 0.5
_BESIDE = 0.3
"""Beside a sentence that instructs, one that does so less is suspect, too: one plain sentence in
twelve lies above."""


def clean(job: Job, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Leave out the sentences that instruct; judge a chunk at once that holds nothing else.

    Nothing is looked at where nobody judges, or a step may spend everything.
    """
    found = list(candidates)
    if not found or not job.judge.reads or job.judge.budget.step >= 1:
        return found
    wording = own_wording()
    for place, chance in enumerate(wording.chances([one.text for one in found])):
        if chance <= _INSTRUCTS:
            continue
        left = wording.without(found[place].text, _BESIDE) if job.settings.halve else ""
        if left:
            found[place] = part_of(job.model, found[place], left)
        else:
            reason = f"its words are likely to instruct the model: {chance:.2f} of 1."
            found[place] = replace(
                found[place], verdict=Verdict(False, "an instruction", reason, chance)
            )
    return found
