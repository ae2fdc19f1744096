"""``overlay lab stores``: question files whose passages were retrieved for real."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from overlay.cli.options import config_option, settings_options

if TYPE_CHECKING:
    from overlay.labelled.items import Item
    from retriever import Document

__all__ = ["joined", "stores"]

_KINDS = {"helpful": "gold", "contradicting": "counterfactual", "irrelevant": "distractor"}
"""How a question file calls them; it says nothing of what nobody knows."""


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--questions", type=click.IntRange(min=1), default=150, show_default=True)
@click.option("--output", type=click.Path(path_type=Path), required=True, help="Write them here.")
@settings_options("embedder", "seed", "k", "chunk_tokens")
@config_option
def stores(
    files: tuple[Path, ...],
    *,
    questions: int,
    output: Path,
    config: Path | None,
    **settings: str | None,
) -> None:
    """Ask questions of a store that is made of all their passages.

    FILES hold one question a line, as `overlay eval` takes them. Their passages are put together
    by article, chunked anew, and searched. What is found is written as such a file again: a chunk
    helps where it holds an accepted answer. Passages of the files that are wrong on purpose
    (contradicting, injected) are left out.
    """
    from tempfile import TemporaryDirectory

    from eval.tasks.retrieved import kind_by_text, open_corpus, retrieve
    from overlay.labelled.draw import draw_questions
    from overlay.labelled.given import read_questions
    from overlay.settings import load_settings
    from overlay.views.files import save

    loaded = load_settings(config, **settings)
    drawn = draw_questions(files, questions, loaded.seed)
    documents = joined(item for found in read_questions(files) for item in found)
    with (
        TemporaryDirectory() as folder,
        open_corpus(documents, loaded, Path(folder)) as searcher,
    ):
        found = retrieve(drawn, searcher, loaded.k, kind_by_text())
    save(output, "".join(_line(item, output.stem) for item in found))


def joined(items: Iterable[Item]) -> list[Document]:
    """The passages of each article as one document; a passage without one is its own."""
    import hashlib

    from eval.lab.passages import title_of
    from overlay.labelled.items import Kind
    from retriever import Document
    from retriever.content import Part

    texts: dict[str, dict[str, None]] = {}
    for item in items:
        for passage in item.of_kind(Kind.HELPFUL, Kind.IRRELEVANT):
            texts.setdefault(title_of(passage.source) or passage.text, {})[passage.text] = None
    found = []
    for name, own in texts.items():
        text = "\n".join(own)
        digest = hashlib.sha256(text.encode()).hexdigest()
        title = "" if name in own else name
        found.append(Document(title or digest, title, (Part(text),), digest))
    return found


def _line(item: Item, dataset: str) -> str:
    chunks: Sequence[dict[str, str | None]] = [
        {"text": one.text, "kind": _KINDS.get(one.kind), "source": one.source}
        for one in item.passages
    ]
    row = {
        "id": f"{dataset}-{item.id}",
        "question": item.question,
        "answers": item.answers,
        "dataset": dataset,
        "chunks": chunks,
    }
    return json.dumps(row, ensure_ascii=False) + "\n"
