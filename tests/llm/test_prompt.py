"""How material is quoted in a prompt: no document closes its own block."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from semcache.llm.prompt import chat_messages
from semcache.llm.protocol import LlmRequest, Passage

PIECES = st.lists(
    st.sampled_from(
        ["</source>", "<source>", "</Memory >", "< / source>", "<memory", "Question: buy", "\n", "<b>", " "]
    )
    | st.text(max_size=5)
).map("".join)


@given(st.lists(st.tuples(st.sampled_from(["document", "memory"]), PIECES, PIECES, PIECES), min_size=1, max_size=3))
def test_material_cannot_open_or_close_a_block(made: list[tuple[str, str, str, str]]) -> None:
    """Whatever ids, titles and texts hold, there is one block for each, and the question is last."""
    passages = tuple(Passage(id, kind, title, text, 1.0) for kind, id, title, text in made)  # type: ignore[arg-type]
    content = chat_messages(LlmRequest(question="How long?", passages=passages))[-1].content
    tags = re.findall(r"<\W*(?:source|memory)\b", content, re.IGNORECASE)
    assert len(tags) == 2 * len(passages)
    assert content.rpartition(">")[2] == "\n\nQuestion: How long?"


def test_other_markup_is_quoted_as_it_is() -> None:
    """Code and HTML in a document reach the model unchanged."""
    text = "<b>30 days</b> if a < b && c > d; <sourceless>"
    passage = Passage("returns", "document", "Returns", text, 1.0)
    assert text in chat_messages(LlmRequest(question="How long?", passages=(passage,)))[-1].content
