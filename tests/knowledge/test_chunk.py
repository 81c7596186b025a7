"""Passages: they cover the text, none is too long, and an edit leaves the others as they were."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from semcache.knowledge.chunk import MAX_WORDS, MIN_WORDS, chunks, first_heading, size

PIECES = st.sampled_from(
    [
        *("word ", "A sentence ends here. ", "Mr. ", "No! ", "- item\n", "many words of one sentence " * 60),
        *("\n", "\n\n", "  ", "\u2028", "# Head\n", "## Under it\n", "```\n"),
        *("x" * 50, "e" * 3_000, "東京" * 40, "😀"),
    ]
)
TEXTS = st.lists(PIECES, min_size=1, max_size=60).map("".join).filter(str.strip)


def _long(sentences: int) -> str:
    return " ".join(f"The fox number {i} jumps over the dog {7 * i} at dawn." for i in range(sentences))


@given(TEXTS)
def test_passages_cover_the_text(text: str) -> None:
    """Their spans follow one another from the first character to the last, and each is its own text."""
    found = chunks("d", text)
    assert found[0].start == 0
    assert found[-1].end == len(text)
    assert all(a.end == b.start for a, b in pairwise(found))
    assert all(chunk.text == text[chunk.start : chunk.end].strip() != "" for chunk in found)


@given(TEXTS)
def test_no_passage_is_too_long(text: str) -> None:
    """Not even one made of a single endless word."""
    assert all(size(chunk.text) <= MAX_WORDS for chunk in chunks("d", text))


@given(TEXTS)
def test_ids_are_unique_and_repeat(text: str) -> None:
    """Equal passages of one document have ids of their own, and the same text has the same ids again."""
    ids = [chunk.id for chunk in chunks("d", text)]
    assert len(set(ids)) == len(ids)
    assert ids == [chunk.id for chunk in chunks("d", text)]
    assert not set(ids) & {chunk.id for chunk in chunks("other", text)}


def test_one_sentence_of_ten_thousand_words() -> None:
    """It is cut between words."""
    words = [f"word{i}" for i in range(10_000)]
    found = chunks("d", " ".join(words))
    assert len(found) >= 50
    assert [word for chunk in found for word in chunk.text.split()] == words


def test_passages_are_of_whole_sentences_and_of_a_useful_length() -> None:
    """In prose each ends with a sentence and has 120 to 200 words; only the last may be shorter."""
    found = chunks("d", _long(400))
    assert all(chunk.text.endswith("dawn.") for chunk in found)
    assert all(MIN_WORDS <= size(chunk.text) <= MAX_WORDS for chunk in found[:-1])
    assert size(found[-1].text) >= 50


def test_a_paragraph_is_kept_whole_where_it_fits() -> None:
    """Cuts fall between paragraphs, not inside, when one ends at the right distance."""
    paragraph = " ".join(["This is a sentence of just eight words."] * 5)
    found = chunks("d", "\n\n".join(f"Paragraph {i}. {paragraph}" for i in range(20)))
    assert len(found) > 3
    assert all(chunk.text.startswith("Paragraph ") for chunk in found)


def test_an_edit_changes_the_passages_around_it_only() -> None:
    """A changed sentence, and even a lost beginning, leave almost all ids of a long text as they were."""
    text = _long(2_000)
    before = {chunk.id for chunk in chunks("d", text)}
    assert len(before) > 80
    changed = {chunk.id for chunk in chunks("d", text.replace("number 500 ", "that nobody has seen before "))}
    assert len(changed - before) <= 4
    assert len({chunk.id for chunk in chunks("d", text[5_000:])} - before) <= 12


def test_headings_begin_passages_and_are_their_context() -> None:
    """A passage is embedded under the title and the headings above it; a bare heading joins what follows."""
    text = "# Returns\n## Deadlines\nThirty days.\n## Costs\n### Abroad\nYou pay.\n# Repairs\nAsk us."
    found = chunks("d", text, title="Handbook")
    assert [chunk.text for chunk in found] == [
        "# Returns\n## Deadlines\nThirty days.",
        "## Costs\n### Abroad\nYou pay.",
        "# Repairs\nAsk us.",
    ]
    assert [chunk.context for chunk in found] == ["Handbook", "Handbook > Returns", "Handbook"]
    assert found[1].embedded.startswith("Handbook > Returns\n## Costs")


def test_later_passages_of_a_section_carry_its_heading() -> None:
    """Where a section is cut, the heading goes with the second part as context."""
    found = chunks("d", "# Guide\n\nShort start.\n\n## Animals\n\n" + _long(60), title="Guide")
    assert found[1].context == "Guide"
    assert {chunk.context for chunk in found[2:]} == {"Guide > Animals"}


def test_a_hash_in_code_is_no_heading() -> None:
    """What stands between code fences is text."""
    found = chunks("d", "Do this:\n```\n# a comment\nmake\n```\nThen that.")
    assert len(found) == 1


def test_a_changed_title_makes_other_passages() -> None:
    """The title is part of what is embedded."""
    assert chunks("d", "Text.", title="A")[0].id != chunks("d", "Text.", title="B")[0].id


def test_the_first_heading_names_a_document() -> None:
    """Only a heading at the very start does."""
    assert first_heading("\n# Opening hours #\ntext") == "Opening hours"
    assert first_heading("text\n# later") == ""
