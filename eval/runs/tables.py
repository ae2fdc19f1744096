"""A run's numbers as tables of text, for the terminal, for Markdown and for the page."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

from eval.metrics.gap import gap_closed
from eval.runs.checks import checks
from eval.runs.differences import differences
from eval.runs.loading import Run
from eval.runs.measures import FLIPS, MEANS, WHOLES
from eval.runs.results import Result
from eval.runs.summary import costs, mean_of, policies_of, split, summarise
from overlay.views.text_table import Table
from selector.statistics.interval import Interval

__all__ = [
    "check_table",
    "cost_table",
    "difference_table",
    "overview_table",
    "result_tables",
]

_UNKNOWN = "-"
_OVERVIEW = (
    ("wrong given", "wrong"),
    ("obeyed", "obeyed"),
    ("abstained, helped", "abst."),
    ("flips", "flips"),
    ("harmful accepted", "harmful"),
    ("volatility AUROC", "AUROC"),
)


def result_tables(run: Run) -> list[Table]:
    """All policies: answers, stability and chunks; then accuracy by scenario and by data set."""
    rows = summarise(run.results, seed=run.seed)
    cases = max(row.cases for row in rows)
    questions = len({r.question for r in run.results})
    tables = [
        _measures(
            f"Answers, {cases} cases of {questions} questions",
            rows_of=[(row.policy, row.values) for row in rows],
            names=[(m.name, m.explains) for m in MEANS],
        ),
        _measures(
            "Stability",
            rows_of=[(row.policy, row.values) for row in rows],
            names=[(m.name, m.explains) for m in (*FLIPS, *WHOLES)],
        ),
    ]
    grouped: tuple[tuple[str, Callable[[Result], Hashable]], ...] = (
        ("scenario", lambda r: r.scenario),
        ("data set", lambda r: r.dataset),
    )
    for name, by in grouped:
        groups = split(run.results, by)
        if len(groups) > 1:
            tables.append(_accuracies(run, name, groups))
    if run.oracle is not None:
        tables.append(_gaps(run, run.oracle))
    return tables


def overview_table(run: Run) -> Table:
    """The most telling measures, narrow enough for a terminal."""
    rows = summarise(run.results, seed=run.seed)
    ratios = {cost.policy: f"{cost.token_ratio:.1f}" for cost in costs(run.results, run.reference)}
    known = [
        (name, head)
        for name, head in _OVERVIEW
        if any(row.values[name] is not None for row in rows)
    ]
    return Table(
        f"{run.title}: {max(row.cases for row in rows)} cases",
        f"With 95 % intervals for accuracy; cost is the ratio of model-token evaluations to "
        f"{run.reference}. `overlay eval report` shows everything.",
        ("policy", "accuracy", *(head for _, head in known), "cost"),
        tuple(
            (
                row.policy,
                _cell(row.values["accuracy"]),
                *(_value(row.values[name]) for name, _ in known),
                ratios[row.policy],
            )
            for row in rows
        ),
    )


def difference_table(run: Run, reference: str | None = None) -> Table:
    """Every policy less the reference, and what can be said of it."""
    against = reference or run.reference
    rows = []
    for found in differences(run.results, against, seed=run.seed):
        rows.append(
            (
                found.measure,
                found.policy,
                found.comparison.difference.signed(),
                f"{found.comparison.p_value:.3f}",
                str(found.cases),
                str(found.conclusion),
            )
        )
    return Table(
        f"Compared with {against}",
        "Mean difference over the cases that both answered, with a 95 % bootstrap interval over "
        "questions; p: McNemar's exact test, or a permutation of questions where one has several "
        "cases; better or worse only where the interval leaves out 0 and p, after Holm's "
        "correction over the policies, is at most 0.05.",
        ("measure", "policy", "difference", "p", "cases", "conclusion"),
        tuple(rows),
    )


def cost_table(run: Run) -> Table:
    """Tokens, which are counted, and wall time, which is not the same twice."""
    return Table(
        "Cost",
        f"Model-token evaluations of one answer and their ratio to {run.reference}, each policy "
        "charged what it needs alone; those of them that were decoded, and tokens that a cache "
        "gave instead; median wall time and the median ratio over the first "
        f"{run.timed} cases, in which each policy worked alone. Times wobble, counts do not.",
        ("policy", "tokens", "ratio", "decoded", "reused", "seconds", "ratio of seconds"),
        tuple(
            (
                cost.policy,
                f"{cost.tokens:.0f}",
                f"{cost.token_ratio:.2f}",
                _count(cost.decoded),
                _count(cost.reused),
                _value(cost.seconds),
                _value(cost.second_ratio),
            )
            for cost in costs(run.results, run.reference)
        ),
    )


def _count(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}"


def check_table(run: Run) -> Table:
    """What must hold, and whether it does."""
    found = checks(run.results, run.same, seed=run.seed)
    return Table(
        "Checks",
        "Equalities that must hold, and a predictor that must fail; its interval misses 0.5 by "
        "chance once in twenty times.",
        ("check", "holds", "found"),
        tuple((check.claim, "yes" if check.holds else "NO", check.found) for check in found),
    )


def _measures(
    title: str,
    *,
    rows_of: Sequence[tuple[str, dict[str, Interval | float | None]]],
    names: Sequence[tuple[str, str]],
) -> Table:
    known = [
        (name, explains)
        for name, explains in names
        if any(values[name] is not None for _, values in rows_of)
    ]
    return Table(
        title,
        "; ".join(f"{name}: {explains}" for name, explains in known) + ".",
        ("policy", *(name for name, _ in known)),
        tuple((policy, *(_cell(values[name]) for name, _ in known)) for policy, values in rows_of),
    )


def _accuracies(run: Run, name: str, groups: dict[Hashable, list[Result]]) -> Table:
    rows = []
    for policy in policies_of(run.results):
        cells = [
            _cell(
                mean_of([r for r in group if r.policy == policy], lambda r: r.right, seed=run.seed)
            )
            for group in groups.values()
        ]
        rows.append((policy, *cells))
    return Table(
        f"Accuracy by {name}",
        "In the head: cases. A dash: none of these questions has an answer.",
        ("policy", *_heads(groups)),
        tuple(rows),
    )


def _heads(groups: dict[Hashable, list[Result]]) -> list[str]:
    """Name and number of cases of each group."""
    counts = [len({(r.question, r.scenario) for r in group}) for group in groups.values()]
    return [f"{group} ({count})" for group, count in zip(groups, counts, strict=True)]


def _gaps(run: Run, oracle: str) -> Table:
    groups: dict[Hashable, list[Result]] = {"all": [r for r in run.results if not r.perturbation]}
    scenarios = split(run.results, lambda r: r.scenario)
    if len(scenarios) > 1:
        groups |= scenarios
    contradicted = [r for r in groups["all"] if r.contradicting]
    outnumbered = [r for r in contradicted if r.contradicting < r.helpful]
    if 0 < len(outnumbered) < len(contradicted):
        groups["contradicting outnumbered"] = outnumbered
    policies = [name for name in policies_of(run.results) if name not in (oracle, run.reference)]
    columns = [_group_gaps(run, group, policies, oracle) for group in groups.values()]
    rows = [(policy, *(_cell(column[policy]) for column in columns)) for policy in policies]
    return Table(
        "Gap closed",
        f"Accuracy above {run.reference}'s as a share of what {oracle} has above it, with a 95 % "
        f"bootstrap interval over questions. A dash: {oracle} is no better there. Contradicting "
        "outnumbered: of the cases with contradicting passages, those that have more helpful ones. "
        "In the head: cases.",
        ("policy", *_heads(groups)),
        tuple(rows),
    )


def _group_gaps(
    run: Run, group: Sequence[Result], policies: Sequence[str], oracle: str
) -> dict[str, Interval | None]:
    """By policy; None where there is no gap, or no question that has an answer."""
    right: dict[str, dict[tuple[str, str], float]] = {}
    for r in group:
        if r.right is not None:
            right.setdefault(r.policy, {})[r.question, r.scenario] = float(r.right)
    if not right:
        return dict.fromkeys(policies)
    cases = list(right[run.reference])
    questions = [question for question, _ in cases]
    told = {name: [found[case] for case in cases] for name, found in right.items()}
    base, best = told[run.reference], told[oracle]
    return {name: gap_closed(told[name], base, best, questions, seed=run.seed) for name in policies}


def _value(value: Interval | float | None) -> str:
    if value is None:
        return _UNKNOWN
    return f"{value.value if isinstance(value, Interval) else value:.2f}"


def _cell(value: Interval | float | None) -> str:
    if value is None:
        return _UNKNOWN
    if isinstance(value, Interval):
        return str(value)
    return f"{value:.2f}"
