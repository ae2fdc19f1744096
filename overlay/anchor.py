"""The anchor: what the accepted chunks say closest to the question, said again beside it."""

from __future__ import annotations

from collections.abc import Sequence

from overlay.sentences import split_sentences

__all__ = ["anchors", "plain_sentences"]

_PIECES = (3, 5)
"""Characters: shorter ones stand in every sentence, longer ones miss other forms of a word."""


def anchors(question: str, texts: Sequence[str], draft: str) -> tuple[str, ...]:
    """The sentence that shares most with a question, and the one that shares most with it and a
    draft of its answer.

    Formula: ``argmax_s sum_g idf(g)^2`` over the character n-grams ``g`` within words that the
        sentence and the question (with the draft behind it) share, with
        ``idf(g) = ln((1 + n) / (1 + n_g)) + 1``, where ``n_g`` of the ``n`` sentences and questions
        hold ``g``
    Source: inverse document frequency by Spärck Jones, 1972, smoothed as scikit-learn does

    A question that was not written from its answer's sentence often shares more with another one:
    with that which names what is asked about. It takes no evaluation of the model. Nothing is
    divided by the sentence's length: a longer one says more. Markdown headings are passed over:
    they name what is asked for, and answer nothing.

    Args:
        texts: of the chunks.
        draft: what the model would answer; may be empty.

    Returns:
        The first such sentence of either sort, on one line; one where both are the same; none where
        nothing is shared.
    """
    sentences = [sentence for text in texts for sentence in plain_sentences(text)]
    if not sentences:
        return ()
    queries = [question, f"{question} {draft}"] if draft else [question]
    found = [_nearest(query, sentences) for query in queries if query.strip()]
    return tuple(dict.fromkeys(sentence for sentence in found if sentence))


def plain_sentences(text: str) -> list[str]:
    """The sentences of a text, each on one line, without Markdown headings."""
    sentences = split_sentences(_without_headings(text))
    return [unbroken for sentence in sentences if (unbroken := " ".join(sentence.split()))]


def _nearest(query: str, sentences: Sequence[str]) -> str:
    """The sentence that shares most with the query; empty where none shares anything."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # takes half a second

    weighing = TfidfVectorizer(analyzer="char_wb", ngram_range=_PIECES, binary=True, norm=None)
    weights = weighing.fit_transform([query, *sentences])
    shared = (weights[1:] @ weights[0].T).toarray().ravel()
    best = int(shared.argmax())
    return sentences[best] if shared[best] > 0 else ""


def _without_headings(text: str) -> str:
    return "".join(
        line for line in text.splitlines(keepends=True) if not line.lstrip().startswith("#")
    )
