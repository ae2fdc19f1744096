"""Record what the overlay answers, and compare two records to the letter.

A change of shape must not change an answer. Record before it and after it, on one machine:

    python -m scripts.record_answers record before.jsonl --questions 100 ../shared/data/dev/*.jsonl
    python -m scripts.record_answers compare before.jsonl after.jsonl
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from overlay.answer import Answer
from overlay.cli.progress import track
from overlay.loading import load_model
from overlay.options import AskOptions, Mode
from overlay.runtime import Overlay
from overlay.settings import Settings, load_settings
from retriever import Chunk, RankedChunk, SentenceTransformerEmbedder

SAME = ("outcome", "note", "anchor", "text", "context", "verdicts")
"""What must not change; what it costs is told beside it."""


@dataclass(frozen=True, slots=True)
class Given:
    """Stands where the retriever does: the chunks of one question."""

    chunks: Sequence[RankedChunk]

    def search(self, _question: str, k: int, /) -> list[RankedChunk]:
        return list(self.chunks[:k])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    recording = commands.add_parser(
        "record", help="answer questions and write down what came of it"
    )
    recording.add_argument("output", type=Path)
    recording.add_argument(
        "files", type=Path, nargs="+", help="question files, as overlay eval takes"
    )
    recording.add_argument("--questions", type=int, default=100, help="from all files together")
    recording.add_argument("--model", help="as the setting model")
    comparing = commands.add_parser("compare", help="say where two records differ")
    comparing.add_argument("before", type=Path)
    comparing.add_argument("after", type=Path)
    given = parser.parse_args()
    if given.command == "record":
        settings = load_settings(model=given.model)
        rows = record(settings, draw(given.files, given.questions, settings.seed))
        with given.output.open("w", encoding="utf-8") as file:
            file.writelines(f"{json.dumps(row)}\n" for row in rows)
    else:
        sys.exit(compare(read(given.before), read(given.after)))


def draw(files: Sequence[Path], count: int, seed: int) -> list[dict[str, Any]]:
    """As many questions of each file, or one more, drawn by the seed."""
    picked = []
    for number, file in enumerate(sorted(files)):
        size = count // len(files) + (number < count % len(files))
        rows = read(file)
        picked += random.Random(seed).sample(rows, min(size, len(rows)))  # noqa: S311 - a sample, no secret
    return picked


def record(settings: Settings, questions: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """What is answered under the overlay, and as plain RAG."""
    embedder = SentenceTransformerEmbedder(settings.embedder)
    with closing(load_model(settings)) as model:
        for row in track(questions, "answering"):
            texts = [chunk["text"] for chunk in row["chunks"]]
            [asked, *vectors] = embedder.embed([row["question"], *texts])
            similarities = [float(asked @ vector) for vector in vectors]
            places = sorted(range(len(texts)), key=lambda place: -similarities[place])
            chunks = [
                RankedChunk(
                    Chunk(f"{rank:032x}", f"{rank}.md", "", 0, texts[p]), similarities[p], rank
                )
                for rank, p in enumerate(places)
            ]
            overlay = Overlay(model, Given(chunks), settings)
            for mode in (Mode.OVERLAY, Mode.PLAIN):
                answer = overlay.ask(row["question"], AskOptions(mode=mode, k=len(chunks)))
                yield {"id": row["id"], "mode": str(mode), **plain(answer)}


def plain(answer: Answer) -> dict[str, Any]:
    """An answer as it is compared."""
    return {
        "outcome": str(answer.outcome),
        "note": answer.note,
        "anchor": list(answer.anchor),
        "text": answer.text,
        "context": [step.chunk.chunk.text for step in answer.steps if step.verdict.accepted],
        "verdicts": {
            step.chunk.rank: [
                step.verdict.accepted,
                step.verdict.short,
                round(step.verdict.spent, 9),
            ]
            for step in answer.steps
        },
        "index": answer.volatility_index,
        "evaluated": answer.usage.cost.evaluated,
        "first_token": answer.seconds_to_first_token,
    }


def compare(before: Sequence[dict[str, Any]], after: Sequence[dict[str, Any]]) -> int:
    """Print what differs; 1 if anything does that must not."""
    others = {(row["id"], row["mode"]): row for row in after}
    pairs = [(row, others[row["id"], row["mode"]]) for row in before]
    changed = 0
    for old, new in pairs:
        differing = [name for name in SAME if old[name] != new[name]]
        changed += bool(differing)
        for name in differing:
            sys.stdout.write(f"{old['id']} {old['mode']} {name}: {old[name]!r} -> {new[name]!r}\n")
    sys.stdout.write(f"{len(pairs)} answers compared, {changed} differ\n")
    for mode in sorted({old["mode"] for old, _ in pairs}):
        of_mode = [pair for pair in pairs if pair[0]["mode"] == mode]
        tokens = [sum(pair[side]["evaluated"] for pair in of_mode) for side in (0, 1)]
        dearer = sum(new["evaluated"] > old["evaluated"] for old, new in of_mode)
        first = median(new["first_token"] / old["first_token"] for old, new in of_mode)
        sys.stdout.write(
            f"{mode}: evaluated {tokens[0]} -> {tokens[1]}, dearer {dearer} of {len(of_mode)}; "
            f"first token x {first:.3f}\n"
        )
    return int(changed > 0)


def read(path: Path) -> list[dict[str, Any]]:
    """The rows of a file of JSON lines."""
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


if __name__ == "__main__":
    main()
