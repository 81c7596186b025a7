"""redisvl's SemanticCache within a rate of errors."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from redisvl.query.filter import Num, Tag

from semcache.adapters.redisvl import SemanticCache

Opened = Callable[..., SemanticCache]
LABEL = [{"name": "label", "type": "tag"}]


def test_the_budget_serves_what_is_right(opened: Opened) -> None:
    """The same question at once; what only resembles it not, and nothing without the prompt."""
    cache = opened(decision="budget", distance_threshold=0.5, filterable_fields=LABEL)
    key = cache.store("How do I cancel order 4711?", "Like this.", filters={"label": "a"})
    assert cache.check("How do I cancel order 4711?", filter_expression=Tag("label") == "a")[0]["key"] == key
    assert cache.check("How do I cancel order 4711?", filter_expression=Tag("label") == "b") == []
    assert cache.check("How do I cancel order 4712?") == []
    with pytest.raises(ValueError, match="prompt"):
        cache.check(vector=cache._vectorizer.embed("How do I cancel order 4711?"))
    cache.update(key, response="Otherwise.", label="b")
    assert cache.check("How do I cancel order 4711?", filter_expression=Tag("label") == "b")[0]["response"] == (
        "Otherwise."
    )
    cache.drop(keys=[key])
    assert cache.check("How do I cancel order 4711?") == []


def test_the_budget_looks_first_where_it_served_last(opened: Opened) -> None:
    """What was served is served again only while its record is there, near enough, and wanted by the filter."""
    cache = opened(decision="budget", distance_threshold=0.5, filterable_fields=LABEL)
    red, blue = Tag("label") == "red", Tag("label") == "blue"
    key = cache.store("How do I paint a fence?", "Twice.", filters={"label": "red"})
    other = cache.store("How do I paint a fence?", "Once.", filters={"label": "blue"})
    for _ in range(2):
        assert [hit["key"] for hit in cache.check("How do I paint a fence?", filter_expression=red)] == [key]
        assert [hit["key"] for hit in cache.check("How do I paint a fence?", filter_expression=blue)] == [other]
        assert cache.check("How do I paint a fence?")
    cache._client.delete(other)  # by somebody who knows its key
    assert cache.check("How do I paint a fence?", filter_expression=blue) == []
    assert [hit["key"] for hit in cache.check("How do I paint a fence?")] in ([key], [])
    opened(decision="threshold", distance_threshold=0.5, filterable_fields=LABEL).drop(keys=[key])
    assert cache.check("How do I paint a fence?", filter_expression=red) == []


def test_what_was_served_is_served_again_only_while_the_filter_wants_it(opened: Opened) -> None:
    """A change that the filter sees is seen where it was served last, too."""
    cache = opened(decision="budget", distance_threshold=0.5)
    key = cache.store("How do I paint a fence?", "Twice.")
    [hit] = cache.check("How do I paint a fence?")
    before = Num("updated_at") <= hit["updated_at"]
    for _ in range(2):
        assert cache.check("How do I paint a fence?", filter_expression=before)
    cache.update(key, response="Once.")
    assert cache.check("How do I paint a fence?", filter_expression=before) == []
    assert cache.check("How do I paint a fence?")[0]["response"] == "Once."
