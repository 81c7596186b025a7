"""An adapter whose framework is not installed says in one sentence what to install."""

from __future__ import annotations

import importlib
import sys

import pytest

from semcache.errors import MissingExtra


@pytest.mark.parametrize(
    ("module", "needs", "extra"),
    [
        ("langgraph", "langgraph", "langgraph"),
        ("claude", "claude_agent_sdk", "claude"),
        ("openai_agents", "agents", "openai-agents"),
        ("llama_index", "llama_index", "llama-index"),
    ],
)
def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, module: str, needs: str, extra: str) -> None:
    """The error has the line to install."""
    name = f"semcache.adapters.{module}"
    for loaded in [found for found in sys.modules if found == name or found.split(".")[0] == needs]:
        monkeypatch.delitem(sys.modules, loaded)
    monkeypatch.setitem(sys.modules, needs, None)
    with pytest.raises(MissingExtra, match=rf"pip install 'semcache\[{extra}\]'"):
        importlib.import_module(name)
