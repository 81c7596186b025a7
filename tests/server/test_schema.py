"""The API keeps to its own description, whatever is sent."""

from __future__ import annotations

from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.server.conftest import Served

HEADERS = {"authorization": "Bearer key-of-alice"}
# What is right beside its schema: fields that depend on each other, bodies that the upstream judges.
SAY_MORE = ("/v1/memory/forget", "/v1/memory/erase", "/v1/chat/completions", "/v1/responses", "/v1/embeddings")
FEW = settings(
    max_examples=8, database=None, suppress_health_check=list(HealthCheck), phases=(Phase.generate, Phase.shrink)
)


def test_answers_are_those_that_are_described(served: Served) -> None:
    """Never a server error; status, content type and body are among those that the operation names."""
    schema = schemathesis.openapi.from_url(f"{served.url}/openapi.json", headers=HEADERS)
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) > 25
    failed = []
    for operation in operations:
        try:
            keeps_to_its_description(operation)
        except BaseExceptionGroup as error:
            failed.append(error)
    if failed:
        raise BaseExceptionGroup("operations that do not keep to their description", failed)


def keeps_to_its_description(operation: Any) -> None:
    right, wrong = (
        operation.as_strategy(generation_mode=mode)
        for mode in (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)
    )
    cases = st.one_of(right, wrong) if operation.body or operation.query or operation.path_parameters else right

    unsaid = [positive_data_acceptance] if operation.path in SAY_MORE else []

    @seed(7)
    @FEW
    @given(cases)
    def holds(case: Any) -> None:
        case.call_and_validate(headers=HEADERS, timeout=30, excluded_checks=unsaid)

    holds()
