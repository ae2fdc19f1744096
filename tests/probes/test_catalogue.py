"""The catalogue holds every probe, and every probe says what it is."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from overlay.errors import InputError
from probes import reading, report
from probes.catalogue import CATALOGUE, GROUPS, LABELS, Entry, describe, markdown

ROOT = Path(__file__).resolve().parents[2]
CLASSES = {
    kind.__name__: kind
    for kind in (
        reading.Reading,
        report.ChunkProbe,
        report.ProbeReport,
        report.SentenceProbe,
        report.TokenProbe,
        report.TrajectoryPoint,
        report.VariantProbe,
    )
}
# Log-probabilities as the model gives them: what probes are made of.
NOT_PROBES = {
    "ProbeReport.support_matrix",
    "TrajectoryPoint.answer_log_prob",
    "VariantProbe.answer_log_prob",
}

# Public functions that return floats, but only fetch what a probe is made of.
HELPERS = {"probes.attention.pooled", "probes.look.end_states"}
FLOATS = {
    "float",
    "float | None",
    "float | Float64Array",
    "Float64Array",
    "FloatArray",
    "Matrix",
    "NDArray[np.float64]",
}


def documented() -> None:
    """Say something.

    Formula: ``a |b|``
        over two lines
    Unit: nats
    Range: any
    Source: :func:`probes.nobody.nothing`
    Needs: nothing

    A note
    over two lines.

    Args:
        none: at all.

    This is no note.
    """


def public_functions() -> Iterator[tuple[str, ast.FunctionDef]]:
    """Public functions of the modules right under ``probes``; backends are packages."""
    for path in (ROOT / "probes").glob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                yield f"probes.{path.stem}.{node.name}", node


def is_probe(function: ast.FunctionDef) -> bool:
    """A probe returns floats, one or an array of them, or says that it is one."""
    doc = ast.get_docstring(function) or ""
    if re.search(rf"^({'|'.join(LABELS)}):", doc, re.MULTILINE):
        return True
    returned = ast.unparse(function.returns) if function.returns else ""
    is_overload = any(ast.unparse(node) == "overload" for node in function.decorator_list)
    return not is_overload and returned in FLOATS


def test_every_probe_is_in_the_catalogue() -> None:
    found = {name for name, function in public_functions() if is_probe(function)} - HELPERS
    listed = {
        f"{entry.function.__module__}.{entry.function.__qualname__}" for entry in CATALOGUE
    } - {"probes.protocol.DifferentiableModel.integrated_gradients"}
    assert found == listed


@pytest.mark.parametrize("entry", CATALOGUE, ids=lambda entry: entry.name)
def test_every_probe_describes_itself(entry: Entry) -> None:
    said = describe(entry)
    assert said.summary.endswith(".")
    assert entry.group in GROUPS
    needs = said.needs
    kinds = ("log-probabilities", "layer states", "gradients", "texts", "attention")
    assert any(kind in needs for kind in kinds)
    assert "both backends" in needs or "transformers only" in needs
    assert ("transformers only" in needs) == ("gradients" in needs)
    assert "DESIGN" not in (inspect.getdoc(entry.function) or "")


def test_names_are_unique_and_no_group_is_empty() -> None:
    names = [entry.name for entry in CATALOGUE]
    assert len(set(names)) == len(names)
    assert {entry.group for entry in CATALOGUE} == set(GROUPS)


def test_every_number_of_a_report_is_in_the_catalogue() -> None:
    numbers = {
        f"{name}.{field.name}"
        for name, kind in CLASSES.items()
        for field in fields(kind)
        if "float" in str(field.type)
    }
    listed = [field for entry in CATALOGUE for field in entry.fields]
    assert len(set(listed)) == len(listed)
    assert set(listed) == numbers - NOT_PROBES


def test_every_number_of_a_reading_is_listed_under_its_own_name() -> None:
    for entry in CATALOGUE:
        for field in entry.fields:
            kind, _, name = field.partition(".")
            assert kind != "Reading" or name == entry.name


def test_a_description_by_hand() -> None:
    said = describe(Entry("documented", documented, "drift"))
    assert said.summary == "Say something."
    assert said.formula == "`a |b|` over two lines"
    assert said.unit == "nats"
    assert said.range == "any"
    assert said.source == "`probes.nobody.nothing`"
    assert said.needs == "nothing"
    assert said.notes == ("A note over two lines.",)


@pytest.mark.parametrize("label", LABELS)
def test_a_missing_empty_or_doubled_line_is_refused(label: str) -> None:
    doc = inspect.getdoc(documented) or ""
    for changed, match in (
        (doc.replace(f"{label}:", "Other:"), f"no {label}"),
        (
            re.sub(rf"^{label}:.*\n(    .*\n)?", f"{label}:\n", doc, flags=re.MULTILINE),
            f"no {label}",
        ),
        (doc.replace(f"{label}:", f"{label}: x\n{label}:"), f"two {label}"),
    ):

        def broken() -> None: ...

        broken.__doc__ = changed
        with pytest.raises(InputError, match=match):
            describe(Entry("broken", broken, "drift"))


def test_a_function_without_docstring_is_refused() -> None:
    def bare() -> None: ...

    with pytest.raises(InputError, match="bare"):
        describe(Entry("bare", bare, "drift"))


def test_the_page_shows_every_line_of_every_probe() -> None:
    page = markdown()
    for entry in CATALOGUE:
        said = describe(entry)
        assert f"\n### {entry.name}\n" in page
        for label in LABELS:
            assert f"\n- {label}: {getattr(said, label.lower())}\n" in page
        for field in entry.fields:
            assert f"`{field}`" in page
