"""Every form of message that clients send in a history."""

from __future__ import annotations

import httpx
import pytest

from tests.server.fakes import FakeEngine

CALL = {"id": "1", "type": "function", "function": {"name": "now", "arguments": '{"tz": "UTC"}'}}
USER = {"role": "user", "content": "hello"}
LAST = ("user", "hello")


@pytest.mark.parametrize(
    ("history", "seen"),
    [
        ([USER, {"role": "assistant", "content": ""}, USER], [LAST, LAST]),
        ([USER, {"role": "assistant", "content": None}, USER], [LAST, LAST]),
        ([USER, {"role": "assistant"}, USER], [LAST, LAST]),
        ([USER, {"role": "assistant", "content": []}, USER], [LAST, LAST]),
        ([{"role": "user", "content": " \n"}, USER], [LAST]),
        (
            [
                USER,
                {"role": "assistant", "content": None, "tool_calls": [CALL]},
                {"role": "tool", "tool_call_id": "1", "content": "12:00"},
                {"role": "assistant", "content": "Noon."},
                USER,
            ],
            [
                LAST,
                ("assistant", 'now({"tz": "UTC"})'),
                ("user", "Result of the tool:\n12:00"),
                ("assistant", "Noon."),
                LAST,
            ],
        ),
        (
            [{"role": "function", "name": "now", "content": "12:00"}, USER],
            [("user", "Result of the tool:\n12:00"), LAST],
        ),
        (
            [
                {"role": "system", "content": "A"},
                USER,
                {"role": "developer", "content": [{"type": "text", "text": "B"}]},
                {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]},
                USER,
                {"role": "system", "content": "C"},
            ],
            [
                *(("system", text) for text in "ABC"),
                LAST,
                ("assistant", "No."),
                LAST,
            ],
        ),
        (
            [{"role": "assistant", "content": "Hi!", "audio": None, "annotations": []}, USER],
            [("assistant", "Hi!"), LAST],
        ),
        (
            [{"role": "user", "content": [{"type": "input_text", "text": "hello"}]}],
            [LAST],
        ),
    ],
)
def test_a_history_reaches_the_engine(
    client: httpx.Client,
    shared_engine: FakeEngine,
    history: list[dict[str, object]],
    seen: list[tuple[str, str]],
) -> None:
    response = client.post(
        "/v1/chat/completions", json={"model": "overlay", "messages": history, "tools": []}
    )
    assert response.status_code == 200, response.text
    messages, _ = shared_engine.asked[-1]
    assert [(message.role, message.content) for message in messages] == seen


def test_tools_that_may_not_be_called_are_ignored(client: httpx.Client) -> None:
    body = {"model": "overlay", "messages": [USER], "tools": [CALL], "tool_choice": "none"}
    assert client.post("/v1/chat/completions", json=body).status_code == 200
