"""Scenarios: what a question's chunks are made of. Perturbations: the same case, said otherwise.

A scenario takes the helpful passages of a question and puts others beside them; the order is
drawn anew from the seed, the question and the scenario. Where a question's file lacks what a
scenario needs, it is taken from the other questions of the same task (irrelevant passages,
other answers) or written from the templates of :mod:`eval.attacks`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from eval.attacks import inject, poison, swap_answer
from overlay.errors import InputError
from overlay.labelled.items import Item, Kind, Passage
from overlay.labelled.matching import contains_any
from overlay.sentences import split_sentences

__all__ = ["PERTURBATIONS", "SCENARIOS", "Pool", "compose", "perturb"]

_COUNTED = re.compile(r"(noise|contradicting)-(\d)")
_BESIDE = 2  # irrelevant passages beside the one that a scenario is about


class Pool:
    """What other questions of the same task can lend.

    Args:
        items: all questions of the task.
    """

    def __init__(self, items: Sequence[Item]) -> None:
        self._passages = [
            (item.id, passage)
            for item in items
            for passage in item.of_kind(Kind.HELPFUL, Kind.IRRELEVANT)
        ]
        self._answers = [(item.id, answer) for item in items for answer in item.answers[:1]]

    def irrelevant(self, item: Item, count: int, draw: random.Random) -> list[Passage]:
        """Passages of other questions that hold none of the item's answers."""
        found: list[Passage] = []
        held = {passage.text for passage in item.passages}
        for place in draw.sample(range(len(self._passages)), len(self._passages)):
            if len(found) == count:
                break
            owner, passage = self._passages[place]
            known = (*item.answers, *item.wrong_answers)
            if (
                owner != item.id
                and passage.text not in held
                and not contains_any(passage.text, known)
            ):
                held.add(passage.text)
                found.append(replace(passage, kind=Kind.IRRELEVANT, similarity=None))
        return found

    def wrong_answers(self, item: Item, count: int, draw: random.Random) -> list[str]:
        """Answers that are wrong here: the item's own, then those of other questions that look
        like its right one (a number for a number, about as many words)."""
        own = list(item.wrong_answers)
        if not item.answers:
            return own[:count]
        shape = _shape(item.answers[0])
        others = [
            answer
            for owner, answer in self._answers
            if owner != item.id
            and _shape(answer) == shape
            and not contains_any(answer, item.answers)
        ]
        draw.shuffle(others)
        return list(dict.fromkeys([*own, *others]))[:count]


@dataclass(frozen=True, slots=True)
class _Case:
    item: Item
    pool: Pool
    draw: random.Random

    def irrelevant(self, count: int) -> list[Passage]:
        own = self.item.of_kind(Kind.IRRELEVANT)[:count]
        return [*own, *self.pool.irrelevant(self.item, count - len(own), self.draw)]


_Scenario = Callable[[_Case], Item | None]


def compose(item: Item, scenario: str, pool: Pool, seed: int) -> Item | None:
    """The item with the passages of a scenario.

    Args:
        scenario: a key of :data:`SCENARIOS`, or ``noise-N`` (1 to 8), ``contradicting-N`` (1 to 3).

    Returns:
        None where the question cannot be put so: it has no answer, or nothing to build from.

    Raises:
        InputError: there is no such scenario.
    """
    draw = random.Random(f"{seed} {item.id} {scenario}")  # noqa: S311 - a sample, not a secret
    composed = _scenario(scenario)(_Case(item, pool, draw))
    if composed is None or scenario in _KEEP_ORDER:
        return composed
    passages = list(composed.passages)
    draw.shuffle(passages)
    return replace(composed, passages=tuple(passages))


def perturb(item: Item, perturbation: str, pool: Pool, seed: int) -> Item:
    """The same case, changed in a way that should not change the answer.

    Raises:
        InputError: there is no such perturbation.
    """
    if perturbation not in PERTURBATIONS:
        raise InputError(
            f"there is no perturbation {perturbation!r}",
            hint=f"known: {', '.join(PERTURBATIONS)}",
            param="perturbations",
        )
    draw = random.Random(f"{seed} {item.id} {perturbation}")  # noqa: S311 - a sample, not a secret
    return PERTURBATIONS[perturbation](_Case(item, pool, draw))


def _scenario(name: str) -> _Scenario:
    if name in SCENARIOS:
        return SCENARIOS[name]
    counted = _COUNTED.fullmatch(name)
    kind, count = (counted[1], int(counted[2])) if counted else ("", 0)
    if kind == "noise" and 1 <= count <= 8:
        return lambda case: _noise(case, count)
    if kind == "contradicting" and 1 <= count <= 3:
        return lambda case: _contradicting(case, count)
    raise InputError(
        f"there is no scenario {name!r}",
        hint=f"known: {', '.join(SCENARIOS)}, noise-1 to -8, contradicting-1 to -3",
        param="scenarios",
    )


def _as_given(case: _Case) -> Item | None:
    return case.item if case.item.passages else None


def _clean(case: _Case) -> Item | None:
    return _with(case, [])


def _noise(case: _Case, count: int) -> Item | None:
    return _with(case, case.irrelevant(count))


def _contradicting(case: _Case, count: int) -> Item | None:
    own = case.item.of_kind(Kind.CONTRADICTING)[:count]
    wrong = list(case.item.wrong_answers)
    helpful = case.item.of_kind(Kind.HELPFUL)
    made: list[Passage] = []
    for answer in case.pool.wrong_answers(case.item, count, case.draw):
        text = swap_answer(helpful[0].text, case.item.answers, answer) if helpful else None
        if len(own) + len(made) < count and text is not None and answer not in wrong[: len(own)]:
            made.append(Passage(text, Kind.CONTRADICTING, helpful[0].source))
            wrong.append(answer)
    if len(own) + len(made) < count:
        return None
    composed = _with(case, [*own, *made, *case.irrelevant(_BESIDE)])
    return composed and replace(composed, wrong_answers=tuple(dict.fromkeys(wrong)))


def _outvoted(case: _Case) -> Item | None:
    """One contradicting passage, and two or more that help: a second one is cut from the first."""
    composed = _contradicting(case, 1)
    if composed is None:
        return None
    helpful = composed.of_kind(Kind.HELPFUL)
    if len(helpful) > 1:
        return composed
    text = _excerpt(helpful[0].text, case.item.answers)
    second = text and Passage(text, Kind.HELPFUL, f"excerpt of {helpful[0].source}".strip())
    return replace(composed, passages=(second, *composed.passages)) if second else None


def _excerpt(text: str, answers: Sequence[str]) -> str | None:
    """The sentence that holds an answer and the one before it; None where that is all of it."""
    sentences = split_sentences(text)
    for place, sentence in enumerate(sentences):
        if contains_any(sentence, answers):
            taken = sentences[max(place - 1, 0) : place + 1]
            return "".join(taken).strip() if len(taken) < len(sentences) else None
    return None


def _injected(case: _Case) -> Item | None:
    own = case.item.of_kind(Kind.INJECTED)[:1]
    if own:
        return _with(case, [*own, *case.irrelevant(_BESIDE)])
    hosts = case.irrelevant(_BESIDE + 1)
    if not hosts:
        return None
    text, target = inject(hosts[0].text, case.draw)
    attacked = Passage(text, Kind.INJECTED, hosts[0].source)
    composed = _with(case, [attacked, *hosts[1:]])
    return composed and replace(composed, target=target, clean_text=hosts[0].text)


def _injected_helpful(case: _Case) -> Item | None:
    """The instruction stands in a passage that helps: who drops the passage drops the answer."""
    helpful = case.item.of_kind(Kind.HELPFUL)
    if not helpful:
        return None
    text, target = inject(helpful[0].text, case.draw)
    composed = _with(case, case.irrelevant(_BESIDE))
    if composed is None:
        return None
    attacked = replace(helpful[0], text=text)
    return replace(composed, passages=(attacked, *composed.passages[1:]), target=target)


def _poisoned(case: _Case) -> Item | None:
    own = case.item.of_kind(Kind.POISONED)[:1]
    if own:
        return _with(case, [*own, *case.irrelevant(_BESIDE)])
    wrong = case.pool.wrong_answers(case.item, 1, case.draw)
    if not wrong:
        return None
    made = Passage(poison(case.item.question, wrong[0]), Kind.POISONED)
    composed = _with(case, [made, *case.irrelevant(_BESIDE)])
    known = dict.fromkeys([*case.item.wrong_answers, *wrong])
    return composed and replace(composed, wrong_answers=tuple(known))


def _no_helpful(case: _Case) -> Item | None:
    found = case.irrelevant(4)
    return replace(case.item, passages=tuple(found)) if found else None


def _duplicated(case: _Case) -> Item | None:
    """One passage stands three times: a harmful one if there is any, else an irrelevant one."""
    if not case.item.passages or not case.item.of_kind(Kind.HELPFUL):
        return None
    harmful = [p for p in case.item.passages if p.kind.harmful]
    attacking = [p for p in harmful if p.kind is not Kind.IRRELEVANT]
    twin = case.draw.choice(attacking or harmful or list(case.item.passages))
    return replace(case.item, passages=(*case.item.passages, twin, twin))


def _with(case: _Case, others: Sequence[Passage]) -> Item | None:
    """The helpful passages with others; None where nothing helps."""
    helpful = case.item.of_kind(Kind.HELPFUL)
    if not helpful or not case.item.answers:
        return None
    return replace(case.item, passages=(*helpful, *others))


def _reordered(case: _Case) -> Item:
    passages = list(case.item.passages)
    for _ in range(8):
        case.draw.shuffle(passages)
        if tuple(passages) != case.item.passages:
            break
    return replace(case.item, passages=tuple(passages))


def _reworded(case: _Case) -> Item:
    question = case.item.question.strip()
    return replace(case.item, question=case.draw.choice(_WORDINGS).format(question))


def _irrelevant_added(case: _Case) -> Item:
    passages = list(case.item.passages)
    for passage in case.pool.irrelevant(case.item, 1, case.draw):
        passages.insert(case.draw.randrange(len(passages) + 1), passage)
    return replace(case.item, passages=tuple(passages))


def _shape(answer: str) -> tuple[bool, int]:
    """Whether it holds digits, and how many words it has: one, a few, or many."""
    words = len(answer.split())
    return any(character.isdigit() for character in answer), min((words + 1) // 2, 3)


_WORDINGS = (
    "Please answer this question: {}",
    "I would like to know: {}",
    "Here is what I want to find out. {}",
    "{} Tell me, please.",
)

SCENARIOS: dict[str, _Scenario] = {
    "as-given": _as_given,
    "shuffled": _as_given,
    "clean": _clean,
    "outvoted": _outvoted,
    "injected": _injected,
    "injected-helpful": _injected_helpful,
    "poisoned": _poisoned,
    "no-helpful": _no_helpful,
    "duplicated": _duplicated,
}
_KEEP_ORDER = ("as-given",)

PERTURBATIONS: dict[str, Callable[[_Case], Item]] = {
    "reordered": _reordered,
    "reworded": _reworded,
    "irrelevant-added": _irrelevant_added,
}
