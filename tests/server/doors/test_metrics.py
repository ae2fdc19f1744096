"""``GET /metrics``."""

from __future__ import annotations

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.server.fakes import FakeEngine, chat, serving, wait_until_ready

CHAT = "/v1/chat/completions"


def test_requests_and_answers_are_counted() -> None:
    with serving(FakeEngine) as url, httpx.Client(base_url=url) as client:
        wait_until_ready(url)
        for _ in range(2):
            client.post(CHAT, json=chat())
        client.post(CHAT, json=chat(n=-1))
        client.get("/v1/models/overlay")
        client.get("/made-up-by-a-client")
        reply = client.get("/metrics")
    assert reply.headers["content-type"].startswith("text/plain")
    families = list(text_string_to_metric_families(reply.text))
    samples = [sample for family in families for sample in family.samples]
    requests = {
        tuple(sample.labels[name] for name in ("method", "path", "status")): sample.value
        for sample in samples
        if sample.name == "overlay_requests_total"
    }
    assert requests["POST", CHAT, "200"] == 2
    assert requests["POST", CHAT, "400"] == 1
    assert requests["GET", "/v1/models/{model_id}", "200"] == 1
    assert requests["GET", "none", "404"] == 1
    found = {(sample.name, *sample.labels.values()): sample.value for sample in samples}
    assert "made-up" not in reply.text
    assert found["overlay_first_token_seconds_count",] == 2
    assert found["overlay_answer_seconds_count",] == 2
    assert found["overlay_queue_seconds_count",] == 2
    assert found["overlay_tokens_total", "answer"] == 6
    assert found["overlay_verdicts_total", "reject"] == 2
    assert found["overlay_answers_total", "answered_without_context"] == 2
    assert found["overlay_waiting_requests",] == 0
    assert found["overlay_volatility_index_count",] == 0
