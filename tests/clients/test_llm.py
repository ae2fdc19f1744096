"""The program `llm` against the running server."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clients.conftest import ANSWER, QUESTION

pytestmark = pytest.mark.real_model


def test_a_chat_of_two_turns(served: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_USER_PATH", str(tmp_path))
    (tmp_path / "extra-openai-models.yaml").write_text(
        f"- model_id: overlay\n  model_name: overlay:plain\n  api_base: {served}/v1\n"
    )
    import llm  # reads the folder when it is imported

    model = llm.get_model("overlay")
    model.key = "unused"
    chat = model.conversation()
    assert ANSWER in chat.prompt(QUESTION).text()
    assert chat.prompt("And when must I be there?", stream=False).text()
