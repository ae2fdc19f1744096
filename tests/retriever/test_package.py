from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import retriever

ROOT = Path(retriever.__file__).parent


def run(code: str, *arguments: str) -> str:
    command = [sys.executable, "-c", code, *arguments]
    result = subprocess.run(command, cwd=ROOT.parent, capture_output=True, text=True, check=True)
    assert result.stderr == ""
    return result.stdout


def test_import_is_light() -> None:
    heavy = {"torch", "chromadb", "sentence_transformers", "transformers", "huggingface_hub"}
    code = (
        "import sys, time; start = time.perf_counter(); import retriever;"
        "print(time.perf_counter() - start); print(*sys.modules)"
    )
    seconds, modules = run(code).splitlines()
    assert not heavy & set(modules.split())
    assert float(seconds) < 1.5, "measured at 0.2 s; the rest is for a busy machine"


def test_unchanged_documents_load_no_model(
    tmp_path: Path, minilm: retriever.SentenceTransformerEmbedder
) -> None:
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "a.md").write_text("# A\n\nSome text.")
    chunker = retriever.Chunker(minilm.count_tokens)
    with retriever.ChunkStore(tmp_path / "store", minilm) as store:
        retriever.ingest(tmp_path / "documents", store, minilm, chunker)
    code = (
        "import sys; from pathlib import Path; from retriever import *\n"
        "folder = Path(sys.argv[1]); e = SentenceTransformerEmbedder()\n"
        "with ChunkStore(folder / 'store', e) as store:\n"
        "    report = ingest(folder / 'documents', store, e, Chunker(e.count_tokens))\n"
        "print(report.added, report.unchanged, 'torch' in sys.modules)"
    )
    assert run(code, str(tmp_path)) == "0 1 False\n"


def test_public_names_are_sorted_and_there() -> None:
    assert sorted(retriever.__all__, key=lambda n: (not n.isupper(), n[0].islower(), n)) == list(
        retriever.__all__
    )
    assert all(hasattr(retriever, name) for name in retriever.__all__)


def test_of_this_project_only_the_errors_are_imported() -> None:
    project = {"overlay", "probes", "selector", "server", "eval"}
    for path in ROOT.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                assert name.split(".")[0] not in project or name == "overlay.errors", path.name
