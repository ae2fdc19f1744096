"""docs/design.md draws the pipeline that there is."""

from __future__ import annotations

import ast
import inspect
import re
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import overlay.answering
from overlay.answering import pipeline

PAGE = Path(__file__).resolve().parents[3] / "docs" / "design.md"
ROW = re.compile(r"^\| `(\w+)` \| .+ \| `(.+)` \|$", re.MULTILINE)
DRAWN = re.compile(r"^    (\w+(?: -> \w+)+)", re.MULTILINE)
MODULES = [module.name for module in iter_modules(overlay.answering.__path__)]


def called() -> list[str]:
    """The stages that the pipeline calls, in order."""
    [function] = [
        node
        for node in ast.walk(ast.parse(inspect.getsource(pipeline)))
        if isinstance(node, ast.FunctionDef)
    ]
    calls = [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]
    ordered = sorted(calls, key=lambda call: (call.lineno, call.col_offset))
    names = [call.func.id for call in ordered if isinstance(call.func, ast.Name)]
    return [name for name in names if name in MODULES]


def test_the_drawing_and_the_table_name_the_stages_of_the_code() -> None:
    text = PAGE.read_text(encoding="utf-8")
    stages = [name for name, _ in ROW.findall(text)]
    drawing = text.partition("question\n")[2].partition("answer\n")[0]
    drawn = [name for line in DRAWN.findall(drawing) for name in line.split(" -> ")]
    assert stages == drawn == called()


def test_the_table_says_what_each_stage_hands_on() -> None:
    for name, handed_on in ROW.findall(PAGE.read_text(encoding="utf-8")):
        stage = getattr(import_module(f"overlay.answering.{name}"), name)
        returned = str(inspect.signature(stage).return_annotation)
        spoken = returned.removeprefix("Generator[ThoughtAdded | TextAdded, None, ")[:-1]
        assert handed_on in {returned, spoken}


def test_no_function_of_the_pipeline_takes_more_than_six_parameters() -> None:
    for name in MODULES:
        module = import_module(f"overlay.answering.{name}")
        source = inspect.getsource(module)
        assert len(source.splitlines()) <= 300, name
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef):
                taken = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
                own = [argument for argument in taken if argument.arg != "self"]
                assert len(own) <= 6, f"{name}.{node.name}"
        for _, made in inspect.getmembers(module, inspect.isclass):
            if made.__module__ == module.__name__:
                assert len(inspect.signature(made).parameters) <= 6, f"{name}.{made.__name__}"
    assert len(inspect.getsource(pipeline).splitlines()) <= 150
