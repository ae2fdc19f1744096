"""The catalogue of all probes, and the page made of their docstrings.

A probe's docstring holds, after its summary, five labelled entries: Formula, Unit, Range, Source
and Needs. An entry goes on over lines that are indented deeper than its label.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import MappingProxyType

from overlay.errors import InputError
from probes.attention import attention, looks
from probes.copied import backing, consensus, copied_share
from probes.dispersion import dispersion
from probes.entropy import entropy_drop, normalised_entropy
from probes.faithfulness import linear_datamodeling_score, log_prob_drop, rank_correlation
from probes.hidden_drift import cosine_distances, hidden_drift, relative_l2, standardise
from probes.influence import removal, shares, sum_over_spans
from probes.logit_drift import kl_divergence, logit_drift
from probes.loss_sensitivity import loss_sensitivity
from probes.path import path_ratio
from probes.protocol import DifferentiableModel
from probes.question_gain import question_gain
from probes.rank_change import rank_change
from probes.support import (
    agreement,
    conflict_loss,
    information_gain,
    support_max,
    support_mean,
)
from probes.token_grad import gradient_times_input, token_grad

__all__ = ["CATALOGUE", "GROUPS", "LABELS", "Description", "Entry", "describe", "markdown"]

LABELS = ("Formula", "Unit", "Range", "Source", "Needs")

GROUPS = MappingProxyType(
    {
        "drift": "how far the state on a window moves when the context changes",
        "certainty": "how sure the model is of the next tokens",
        "support": "what a chunk does to its own draft and to those of the other chunks",
        "attention": "where the model looks when it reads the question",
        "attribution": "what the answer owes to each chunk, sentence, or token",
        "volatility": "how unsteady the way to an answer is, over steps and over variants",
        "faithfulness": "whether an attribution says what removing the parts really does",
    }
)

_HEAD = """\
# Probes

<!-- Made from the docstrings by `python -m eval.docs`. Change those, not this page. -->

A probe turns what a model shows into a number. This page lists all of them, from the docstrings
of the functions that compute them.

The *window* is the run of tokens `w_1 .. w_T` on which the model is read: the tokens of a draft
answer. The *state* on it, under one context, is `h[l, t]`, the output of layer l, and `p[t, v]`,
the probability of token v, both at the position that predicts `w_t`. `log` is the natural
logarithm. A *chunk* is one retrieved passage. `M[i, j]` is the mean log-probability, per token,
of the draft made under chunk j when it is scored under chunk i alone; `M[0, j]` is the same
without any context, the baseline.

*Needs* names what the model must show, and which backend shows it: llama.cpp and transformers
("both"), or transformers only. What a model cannot show is reported as missing, with the reason;
it never becomes a made-up number.
"""

_LABELLED = re.compile(rf"({'|'.join(LABELS)}):(.*)")
_SECTION = re.compile(r"(Args|Returns|Raises|Yields):")
_ROLE = re.compile(r":\w+:`([^`]*)`")


@dataclass(frozen=True, slots=True)
class Entry:
    """One probe.

    Attributes:
        name: as in readings, in reports, and in what they say is unavailable.
        function: what computes it; its docstring describes it.
        group: one of :data:`GROUPS`.
        fields: where it appears, as ``Class.field`` of :mod:`probes.reading` and
            :mod:`probes.report`; empty for what is read of no chunk.
    """

    name: str
    function: Callable[..., object]
    group: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Description:
    """What a probe's docstring says.

    Attributes:
        summary: its first paragraph.
        notes: its other paragraphs, without arguments, results and errors.
    """

    summary: str
    formula: str
    unit: str
    range: str
    source: str
    needs: str
    notes: tuple[str, ...]


CATALOGUE = (
    Entry(
        "hidden_drift",
        hidden_drift,
        "drift",
        ("Reading.hidden_drift", "TrajectoryPoint.step_hidden"),
    ),
    Entry("cosine_distances", cosine_distances, "drift"),
    Entry("hidden_l2", relative_l2, "drift", ("Reading.hidden_l2",)),
    Entry("hidden_standardised", standardise, "drift", ("Reading.hidden_standardised",)),
    Entry(
        "logit_drift",
        logit_drift,
        "drift",
        (
            "Reading.logit_drift",
            "TrajectoryPoint.step_drift",
            "TrajectoryPoint.net_drift",
            "VariantProbe.drift",
        ),
    ),
    Entry("kl_divergence", kl_divergence, "drift", ("Reading.kl_divergence",)),
    Entry("rank_change", rank_change, "certainty", ("Reading.rank_change",)),
    Entry("entropy", normalised_entropy, "certainty", ("TrajectoryPoint.entropy",)),
    Entry("entropy_drop", entropy_drop, "certainty", ("Reading.entropy_drop",)),
    Entry("copied", copied_share, "support"),
    Entry("backing", backing, "support"),
    Entry("consensus", consensus, "support"),
    Entry("information_gain", information_gain, "support", ("Reading.information_gain",)),
    Entry("question_gain", question_gain, "support", ("Reading.question_gain",)),
    Entry("support_max", support_max, "support", ("Reading.support_max",)),
    Entry("support_mean", support_mean, "support", ("Reading.support_mean",)),
    Entry("conflict_loss", conflict_loss, "support", ("Reading.conflict_loss",)),
    Entry("agreement", agreement, "support"),
    Entry("looks", looks, "attention"),
    Entry("attention", attention, "attention", ("ChunkProbe.attention",)),
    Entry(
        "removal",
        removal,
        "attribution",
        ("ChunkProbe.removal", "SentenceProbe.removal", "TokenProbe.removal"),
    ),
    Entry(
        "loss_sensitivity",
        loss_sensitivity,
        "attribution",
        ("ChunkProbe.loss_sensitivity", "TokenProbe.mutation"),
    ),
    Entry("token_grad", token_grad, "attribution", ("TokenProbe.token_grad",)),
    Entry("gradient_input", gradient_times_input, "attribution", ("TokenProbe.gradient_input",)),
    Entry(
        "integrated_gradients",
        DifferentiableModel.integrated_gradients,
        "attribution",
        ("TokenProbe.integrated_gradients",),
    ),
    Entry("sum_over_spans", sum_over_spans, "attribution"),
    Entry(
        "influence_removal",
        shares,
        "attribution",
        ("ChunkProbe.influence_removal", "SentenceProbe.share"),
    ),
    Entry("influence_gradient", shares, "attribution", ("ChunkProbe.influence_gradient",)),
    Entry("path_ratio", path_ratio, "volatility", ("ProbeReport.path_ratio",)),
    Entry("dispersion", dispersion, "volatility", ("ProbeReport.dispersion",)),
    Entry("rank_correlation", rank_correlation, "faithfulness"),
    Entry("top_k_drop", log_prob_drop, "faithfulness"),
    Entry("linear_datamodeling_score", linear_datamodeling_score, "faithfulness"),
)


def describe(entry: Entry) -> Description:
    """Read a probe's docstring.

    Raises:
        InputError: a labelled entry is missing, empty, or there twice.
    """
    labelled: dict[str, str] = {}
    paragraphs: list[str] = []
    for block in _blocks(inspect.getdoc(entry.function) or ""):
        match = _LABELLED.match(block)
        if match is None:
            paragraphs.append(_plain(block))
        elif match[1] in labelled:
            raise InputError(f"{entry.name}: its docstring has two {match[1]}", param=match[1])
        else:
            labelled[match[1]] = _plain(match[2])
    for label in LABELS:
        if not labelled.get(label):
            raise InputError(f"{entry.name}: its docstring has no {label}", param=label)
    if not paragraphs:
        raise InputError(f"{entry.name}: its docstring has no summary", param="summary")
    summary, *notes = paragraphs
    return Description(
        summary=summary,
        formula=labelled["Formula"],
        unit=labelled["Unit"],
        range=labelled["Range"],
        source=labelled["Source"],
        needs=labelled["Needs"],
        notes=tuple(notes),
    )


def markdown() -> str:
    """The page that describes all probes."""
    return "\n".join([_HEAD, *_table(), *_sections()])


def _blocks(doc: str) -> Iterator[str]:
    """Paragraphs and labelled entries, each on one line, up to the first section."""
    block: list[str] = []
    for line in doc.splitlines():
        if _SECTION.match(line):
            break
        begins = not line or _LABELLED.match(line) is not None
        if begins and block:
            yield " ".join(block)
            block = []
        if line:
            block.append(line.strip())
    if block:
        yield " ".join(block)


def _plain(text: str) -> str:
    """Markdown of a docstring's text: roles and double backticks become single ones."""
    return _ROLE.sub(r"`\1`", text).replace("``", "`").strip()


def _table() -> Iterator[str]:
    yield "| probe | unit | needs | what it says |"
    yield "|---|---|---|---|"
    for entry in CATALOGUE:
        said = describe(entry)
        cells = (_link(entry.name), said.unit, said.needs, said.summary)
        yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"
    yield ""


def _sections() -> Iterator[str]:
    for group, meaning in GROUPS.items():
        yield f"## {group.capitalize()}\n\nProbes of {meaning}.\n"
        for entry in CATALOGUE:
            if entry.group == group:
                yield from _section(entry)


def _section(entry: Entry) -> Iterator[str]:
    said = describe(entry)
    function = f"{entry.function.__module__}.{entry.function.__qualname__}"
    where = ", ".join(f"`{field}`" for field in entry.fields) or "in no reading"
    yield f"### {entry.name}\n\n{said.summary}\n"
    yield f"- Formula: {said.formula}"
    yield f"- Unit: {said.unit}"
    yield f"- Range: {said.range}"
    yield f"- Source: {said.source}"
    yield f"- Needs: {said.needs}"
    yield f"- Where: {where}; computed by `{function}`\n"
    for note in said.notes:
        yield f"{note}\n"


def _link(name: str) -> str:
    return f"[{name}](#{name})"
