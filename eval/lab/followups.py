"""``overlay lab followups``: what each way to search for a follow-up finds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import TYPE_CHECKING

import click

from overlay.cli.options import config_option, output_option, settings_options
from overlay.follow_ups import search_queries

if TYPE_CHECKING:
    from eval.lab.condensing import Condensed
    from eval.tasks.followups import FollowUp
    from overlay.settings import Settings
    from overlay.views.text_table import Table
    from retriever import Searcher

__all__ = ["WAYS", "Result", "followup_table", "followups", "measure"]

_SHOWN = 5  # passages, as many as a model is commonly given
_BASE = "last question"
_CEILING = "full wording"
_SHIPPED = "last two; all and reply"

Way = Callable[["FollowUp"], Sequence[str]]
"""The queries whose rankings are fused."""


def _users(one: FollowUp) -> list[str]:
    return [turn.content for turn in one.messages if turn.role == "user"]


def _last(one: FollowUp) -> str:
    return one.messages[-1].content


def _last_two(one: FollowUp) -> str:
    return " ".join(_users(one)[-2:])


def _joined(one: FollowUp) -> str:
    return " ".join(_users(one))


def _with_reply(one: FollowUp) -> str:
    return " ".join([*_users(one)[:-1], one.messages[-2].content, _last(one)])


WAYS: Mapping[str, Way] = MappingProxyType(
    {
        _BASE: lambda one: (_last(one),),
        _CEILING: lambda one: (one.question,),
        "last two": lambda one: (_last_two(one),),
        "all": lambda one: (_joined(one),),
        "all and reply": lambda one: (_with_reply(one),),
        "last; last two": lambda one: (_last(one), _last_two(one)),
        "last; all": lambda one: (_last(one), _joined(one)),
        "last; all and reply": lambda one: (_last(one), _with_reply(one)),
        "last two; all": lambda one: (_last_two(one), _joined(one)),
        _SHIPPED: lambda one: search_queries(one.chat),
    }
)
"""By what the table calls them. A semicolon stands between queries that are fused."""


@dataclass(frozen=True, slots=True)
class Result:
    """Of one way and some conversations, in their order.

    Attributes:
        searched: the queries.
        found: whether a helpful passage is among the first five.
        calls: what wording the question anew took; none where no model does.
    """

    searched: tuple[tuple[str, ...], ...]
    found: tuple[bool, ...]
    calls: tuple[Condensed, ...] = ()

    @property
    def share(self) -> float:
        """Of the conversations, those with a helpful passage; 0 to 1."""
        return sum(self.found) / len(self.found)


@click.command()
@click.argument("models", nargs=-1)
@output_option("--output", "Keep what was searched for and found here (JSON lines).")
@output_option("--markdown", "Write the table here.")
@settings_options("embedder", "seed")
@config_option
def followups(
    models: tuple[str, ...],
    *,
    output: Path | None,
    markdown: Path | None,
    config: Path | None,
    **settings: str | None,
) -> None:
    """Compare ways to search for the last question of a conversation.

    The conversations are about the sample documents. Each of MODELS also words the last questions
    anew, in one short greedy call, so that they can be understood alone.
    """
    from rich.console import Console

    from eval.tasks.followups import changed_topics, sample_followups
    from eval.tasks.sample import ingest_sample
    from overlay.library import Library
    from overlay.settings import load_settings
    from overlay.views.files import save
    from overlay.views.text_table import markdown_page, print_table

    loaded = load_settings(config, **settings)
    asked, changed = sample_followups(), changed_topics()
    with TemporaryDirectory() as folder:
        stored = loaded.model_copy(update={"store": Path(folder)})
        ingest_sample(stored)
        with Library(stored) as library:
            searcher = library.retriever
            results = {name: measure(searcher, asked, way) for name, way in WAYS.items()}
            others = {name: measure(searcher, changed, way) for name, way in WAYS.items()}
            for model in models:
                results |= _condensed(loaded, model, searcher, asked)
    table = followup_table(results, others, seed=loaded.seed)
    print_table(Console(), table)
    if output is not None:
        save(output, _lines(asked, results) + _lines(changed, others))
    if markdown is not None:
        save(markdown, markdown_page([table]))


def measure(
    searcher: Searcher, asked: Sequence[FollowUp], way: Way, calls: Sequence[Condensed] = ()
) -> Result:
    """What a way finds, conversation by conversation."""
    from eval.tasks.followups import found
    from retriever import search_several

    searched = [tuple(way(one)) for one in asked]
    hits = (search_several(searcher, queries, _SHOWN) for queries in searched)
    helped = tuple(found(one, each) for one, each in zip(asked, hits, strict=True))
    return Result(tuple(searched), helped, tuple(calls))


def followup_table(
    results: Mapping[str, Result], changed: Mapping[str, Result], *, seed: int
) -> Table:
    """A row a way: the share of conversations with a helpful passage among the first five.

    Args:
        results: of the follow-ups, by way.
        changed: of questions that change the topic; no model words these anew.
    """
    from overlay.views.text_table import Table

    best = results[_CEILING].share
    rows = [
        (
            name,
            f"{result.share:.3f}",
            "" if name == _BASE else _difference(result.found, results[_BASE].found, seed),
            f"{result.share / best:.2f}" if best else "",
            f"{changed[name].share:.3f}" if name in changed else "",
            *_cost(result.calls),
        )
        for name, result in results.items()
    ]
    return Table(
        "What each way to search for a follow-up finds",
        f"{len(results[_BASE].found)} follow-ups, and {len(changed[_BASE].found)} questions that "
        "change the topic. Questions are joined to one query; the rankings of queries between "
        "semicolons are fused. "
        f"Found: the share with a helpful passage among the first {_SHOWN}, and how much more that "
        f"is than of the {_BASE} (95 % bootstrap interval over conversations). Tokens, seconds: "
        "means of the call that words a question anew, its examples read before.",
        (
            "searched for",
            "found",
            f"more than {_BASE}",
            f"of {_CEILING}",
            "found, topic changed",
            "tokens",
            "seconds",
        ),
        tuple(rows),
    )


def _cost(calls: Sequence[Condensed]) -> tuple[str, str]:
    if not calls:
        return "0", "0"
    tokens = sum(one.evaluated for one in calls) / len(calls)
    return f"{tokens:.0f}", f"{sum(one.seconds for one in calls) / len(calls):.1f}"


def _difference(ours: Sequence[bool], theirs: Sequence[bool], seed: int) -> str:
    from selector.statistics.interval import mean_interval

    apart = [float(one) - float(other) for one, other in zip(ours, theirs, strict=True)]
    return mean_interval(apart, seed=seed, bounds=(-1.0, 1.0)).signed(3)


def _condensed(
    settings: Settings, name: str, searcher: Searcher, asked: Sequence[FollowUp]
) -> dict[str, Result]:
    """The new wordings of a model as the only query, and beside the last question."""
    from eval.lab.condensing import Condenser
    from overlay.cli.progress import track
    from overlay.loading import load_model

    model = load_model(settings.model_copy(update={"model": name}))
    try:
        shown = model.info.name
        with Condenser(model) as condenser:
            calls = [condenser.condense(one.chat) for one in track(asked, f"{shown} words anew")]
    finally:
        model.close()
    texts = {one.id: call.text for one, call in zip(asked, calls, strict=True)}
    return {
        f"by {shown}": measure(searcher, asked, lambda one: (texts[one.id],), calls),
        f"last; by {shown}": measure(
            searcher, asked, lambda one: (_last(one), texts[one.id]), calls
        ),
    }


def _lines(asked: Sequence[FollowUp], results: Mapping[str, Result]) -> str:
    import json

    return "".join(
        json.dumps(
            {"way": name, "id": one.id, "searched_for": queries, "found": hit}, ensure_ascii=False
        )
        + "\n"
        for name, result in results.items()
        for one, queries, hit in zip(asked, result.searched, result.found, strict=True)
    )
