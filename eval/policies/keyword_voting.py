"""Isolate, then aggregate: keyword voting of RobustRAG (arXiv 2405.15556)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from eval.policies.bench import Bench
from eval.policies.protocol import Response
from overlay.answer import Outcome
from overlay.answering.speak import ABSTENTION
from overlay.labelled.items import Kind, Passage
from overlay.labelled.matching import normalise

__all__ = ["KeywordVoting", "keywords", "vote"]

_WORD = re.compile(r"[\w'.,:-]*\w")


class KeywordVoting:
    """Answers from each passage alone, and gives the model only the words that several agree on.

    Algorithm 1 of the paper: a keyword stays where at least ``min(share * n, votes)`` of the n
    isolated answers hold it, and the model answers again with the keywords that stay as its
    context. Words and runs of words between stop words are keywords; the paper's tagger of parts
    of speech is left out. Small models repeat the question, so its words do not count. An
    isolated answer that refuses does not vote.

    Args:
        share: alpha, 0.3 in the paper.
        votes: beta, 3 in the paper.
    """

    knows_kinds = False

    def __init__(self, bench: Bench, *, share: float = 0.3, votes: int = 3) -> None:
        self._bench = bench
        self._share = share
        self._votes = votes

    def answer(self, question: str, passages: Sequence[Passage]) -> Response:
        """Answer from the agreed keywords; a passage counts as accepted if it holds one."""
        alone = self._bench.drafts(question, [[passage] for passage in passages])
        voters = [text for text in alone if not _refuses(text)]
        if not voters:
            return Response(ABSTENTION, Outcome.ABSTAINED, (False,) * len(passages))
        asked = keywords(question)
        least = min(self._share * len(voters), self._votes)
        agreed = [word for word in vote(voters, least) if word not in asked]
        words = Passage(f"Words that the sources agree on: {', '.join(agreed)}.", Kind.UNKNOWN)
        final = self._bench.plain(question, [words] if agreed else [])
        accepted = tuple(
            not _refuses(text) and not keywords(text).isdisjoint(agreed) for text in alone
        )
        outcome = Outcome.ANSWERED if agreed else Outcome.WITHOUT_CONTEXT
        return Response(final.text, outcome, accepted)


def vote(answers: Iterable[str], least: float) -> list[str]:
    """Keywords that at least ``least`` of the answers hold, the most frequent first."""
    counts = Counter(word for answer in answers for word in sorted(keywords(answer)))
    kept = [(word, count) for word, count in counts.items() if count >= least]
    return [word for word, _ in sorted(kept, key=lambda pair: (-pair[1], pair[0]))]


def keywords(text: str) -> set[str]:
    """Words that mean something, and runs of such words, in lower case."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    found: set[str] = set()
    run: list[str] = []
    for word in [*_WORD.findall(text.lower()), None]:
        if word is not None and word not in ENGLISH_STOP_WORDS:
            run.append(word)
            continue
        found |= {*run, " ".join(run)} if run else set()
        run = []
    return found


def _refuses(text: str) -> bool:
    said = f" {normalise(text)} "
    phrases = (" i dont know ", " does not mention ", " not provided in ", " no information ")
    return not said.strip() or any(phrase in said for phrase in phrases)
