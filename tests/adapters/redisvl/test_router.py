"""redisvl's SemanticRouter by another import."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from redisvl.extensions.router.schema import DistanceAggregationMethod, Route, RoutingConfig
from redisvl.utils.vectorize import CustomVectorizer

from semcache.adapters.redisvl import SemanticRouter


def routes() -> list[Route]:
    greeting = Route(name="greeting", references=["hello", "hi"], metadata={"n": 1}, distance_threshold=0.3)
    return [greeting, Route(name="farewell", references=["bye", "goodbye"], distance_threshold=0.3)]


@pytest.fixture
def router(redis_url: str, namespace: str) -> Iterator[SemanticRouter]:
    made = SemanticRouter(namespace, routes(), routing_config=RoutingConfig(max_k=2), redis_url=redis_url)
    yield made
    made.delete()


def test_statements_take_routes(router: SemanticRouter) -> None:
    """By text or vector; one that is far from all takes none."""
    match = router("hello")
    assert match.name == "greeting"
    assert match.distance is not None
    assert match.distance <= router.route_thresholds["greeting"]
    assert router(vector=router.vectorizer.embed("goodbye")).name == "farewell"
    assert router("the tax on imported steel in 1932").name is None
    assert router(vector=[0.0] * router.vectorizer.dims).name is None
    with pytest.raises(ValueError, match="statement"):
        router()


def test_several_routes_nearest_first(router: SemanticRouter) -> None:
    """Each by its own threshold; the way of aggregating counts."""
    router.update_route_thresholds({"greeting": 2.0, "farewell": 2.0})
    assert [match.name for match in router.route_many("hello")] == ["greeting", "farewell"]
    least = router.route_many("hello", aggregation_method=DistanceAggregationMethod.min)[0]
    summed = router.route_many("hello", aggregation_method=DistanceAggregationMethod.sum)[0]
    assert (least.distance or 0) < 1e-6 < (router("hello").distance or 0) < (summed.distance or 0)
    assert len(router.route_many("hello", max_k=1)) == 1
    router.update_route_thresholds({"farewell": 0.01})
    assert [match.name for match in router.route_many("hello")] == ["greeting"]


def test_routes_come_and_go(router: SemanticRouter) -> None:
    """With their references; no name twice."""
    router.add_route(Route(name="politics", references=["who will you vote for?", "political speech"]))
    assert router("political speech").name == "politics"
    with pytest.raises(ValueError, match="already"):
        router.add_route(routes()[0])
    router.remove_route("politics")
    router.remove_route("unknown")
    assert router.get("politics") is None
    assert router("political speech").name is None
    assert router.route_names == ["greeting", "farewell"]


def test_references_come_and_go(router: SemanticRouter) -> None:
    """By route, id and key; the route knows them."""
    added = router.add_route_references("greeting", ["good morning", "hey there"])
    assert router("hey there").name == "greeting"
    assert len(router.get_route_references("greeting")) == 4
    [found] = router.get_route_references(keys=[added[0]])
    assert (found["reference"], found["route_name"], found["id"]) == ("good morning", "greeting", added[0])
    assert router.get_route_references(reference_ids=[found["reference_id"]]) == [found]
    assert router.delete_route_references(reference_ids=[found["reference_id"]]) == 1
    assert router.delete_route_references(keys=[added[1]]) == 1
    assert router.delete_route_references("farewell") == 2
    assert [route["references"] for route in router.to_dict()["routes"]] == [["hello", "hi"], []]
    with pytest.raises(ValueError, match="Must provide"):
        router.get_route_references()
    with pytest.raises(ValueError, match="not found"):
        router.add_route_references("unknown", "x")


def test_a_router_is_described_and_found_again(router: SemanticRouter, redis_url: str, tmp_path: Path) -> None:
    """As a dict, as YAML, and by its name."""
    told = router.to_dict()
    assert SemanticRouter.from_dict(told, redis_url=redis_url).to_dict() == told
    router.to_yaml(str(tmp_path / "router.yaml"))
    assert SemanticRouter.from_yaml(str(tmp_path / "router.yaml"), redis_url=redis_url).to_dict() == told
    with pytest.raises(FileExistsError):
        router.to_yaml(str(tmp_path / "router.yaml"), overwrite=False)
    router.remove_route("farewell")
    again = SemanticRouter.from_existing(router.name, redis_url=redis_url)
    assert again.to_dict() == router.to_dict()
    assert again("hello").name == "greeting"


@pytest.mark.parametrize(
    "data",
    [
        {"name": "x", "routes": [], "vectorizer": {"type": "custom", "model": "semcache"}},
        {"name": "x", "routes": [], "vectorizer": {"type": "no-such", "model": "m"}, "routing_config": {}},
    ],
)
def test_what_describes_no_router_is_refused(data: dict[str, object]) -> None:
    """In words that say what is missing."""
    with pytest.raises(ValueError, match="Unable to load"):
        SemanticRouter.from_dict(data)


def test_a_name_is_opened_as_before(router: SemanticRouter, redis_url: str) -> None:
    """With the same model; a name that was never opened has no router."""
    small = CustomVectorizer(embed=lambda text, **_: [1.0, float(len(text))])
    with pytest.raises(ValueError, match="does not match"):
        SemanticRouter(router.name, routes(), vectorizer=small, redis_url=redis_url)
    with pytest.raises(ValueError, match="No valid router"):
        SemanticRouter.from_existing("never opened", redis_url=redis_url)
    router.clear()
    with pytest.raises(ValueError, match="no routes"):
        router("hello")
