"""What the proxy has found out about a question is not found out again."""

from __future__ import annotations

from typing import Any

import pytest

from semcache.questions import Classified, classify
from tests.server.conftest import Served
from tests.server.test_openai import QUESTION, ask, client_of


def test_what_is_asked_again_is_not_classified_again(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless it is so long that it would fill the memory."""
    found = list[str]()

    def counted(question: str, **options: Any) -> Classified:
        found.append(question)
        return classify(question, **options)

    monkeypatch.setattr("semcache.questions.remembering.classify", counted)
    client, long = client_of(served), QUESTION + " Tell me in short words." * 100
    assert [ask(client)[0] for _ in range(3)] == ["miss", "hit", "hit"]
    assert found == [QUESTION]
    for _ in range(2):
        ask(client, long)
    assert found == [QUESTION, long, long]
