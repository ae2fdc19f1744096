"""Every endpoint against its own schema: `CONTRACT_CASES=600 pytest tests/server/test_contract.py`.

Whatever is sent, the reply has a status and a form that ``/openapi.json`` names, and is no 5xx.
What a schema cannot say (the last message is the user's) may be refused, so that a refusal of what
the schema allows is no violation.
"""

from __future__ import annotations

import os
from typing import Any

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import CHECKS

from overlay.settings import Settings
from server.app import create_app
from server.documents import Documents
from tests.server.fakes import FakeEngine

CASES = int(os.environ.get("CONTRACT_CASES", "20"))
# The schema knows no names; without these most requests would end at an unknown model.
_NAMES = ("overlay", "overlay:plain", "overlay:off")

schemathesis.checks.load_all_checks()
_SEMANTIC: Any = CHECKS.get_one("positive_data_acceptance")
_NEGATIVE: Any = CHECKS.get_one("negative_data_rejection")


def map_body(_context: object, body: object) -> object:
    """Nine requests in ten name the served model, and nine chats in ten end with a question."""
    if not isinstance(body, dict):
        return body
    chance = len(repr(body)) % 10
    if isinstance(body.get("model"), str) and chance:
        body = {**body, "model": _NAMES[chance % 3]}
    for name in ("messages", "input"):
        turns = body.get(name)
        if isinstance(turns, list) and chance != 1:
            body = {**body, name: [*turns, {"role": "user", "content": "hello"}]}
    return body


# What is longer than any body may be is refused before anyone looks at it.
_REFUSED = {"checks": {"negative_data_rejection": {"expected-statuses": ["4xx"]}}}
schema = schemathesis.openapi.from_dict(
    create_app(FakeEngine, 1, documents=Documents(Settings())).openapi(),
    config=schemathesis.Config.from_dict(_REFUSED),
)
schema.hook(map_body)


@schema.parametrize()
@settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_endpoint_keeps_to_its_schema(
    case: schemathesis.Case[Any], documents_url: str
) -> None:
    # A field of a form is text, whatever type it was meant to have.
    form = case.operation.path == "/v1/files"
    excluded = [_SEMANTIC, *([_NEGATIVE] if form else [])]
    case.call_and_validate(base_url=documents_url, excluded_checks=excluded)
