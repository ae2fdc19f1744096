"""The pages that are made of the code are those that the code makes now."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from eval.docs import FOLDER, PAGES, main, settings_page
from overlay.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_up_to_date(name: str) -> None:
    found = (ROOT / FOLDER / name).read_text(encoding="utf-8")
    assert found == PAGES[name](), "run `python -m eval.docs`"


def test_every_setting_has_a_row_with_its_default_and_what_it_is() -> None:
    page = settings_page()
    for name, field in Settings.model_fields.items():
        assert field.description
        assert f"\n| `{name}` | " in page
        assert f" | {field.description} |\n" in page
    assert "\n| `anchor` | `false` | " in page
    assert "\n| `budget_answer` | `64` | " in page
    assert "\n| `budget_step` | `0.99` | " in page
    assert "\n| `order` | not set | " in page
    assert "\n| `store` | `.overlay/store` | " in page


def test_the_command_writes_all_pages(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    result = CliRunner().invoke(main, ["--folder", str(folder)])
    assert result.exit_code == 0, result.output
    written = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
    assert written == {name: page() for name, page in PAGES.items()}
