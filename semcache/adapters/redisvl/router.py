"""redisvl's SemanticRouter: which route a statement takes, by the distance of its references."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import redis
import yaml
from redisvl.extensions.router.schema import DistanceAggregationMethod, Route, RouteMatch, RoutingConfig
from redisvl.redis.utils import hashify
from redisvl.utils.utils import model_to_dict
from redisvl.utils.vectorize import BaseVectorizer, vectorizer_from_dict

from semcache.adapters.redisvl.opening import check_schema, opened
from semcache.adapters.redisvl.vectorizers import is_of_settings, vectorizer_of
from semcache.errors import InvalidInput
from semcache.store.records import Records

_MOST_REFERENCES = 10_000
_AGGREGATE: dict[str, Callable[[list[float]], float]] = {"avg": fmean, "min": min, "sum": sum}


class SemanticRouter:
    """redisvl's SemanticRouter: the same arguments and methods; references are records with vectors.

    Raises:
        ValueError: the name was opened with another model before, and is not to be overwritten.
        RedisUnavailable: Redis does not answer; as every method.
    """

    def __init__(
        self,
        name: str,
        routes: Sequence[Route],
        vectorizer: BaseVectorizer | None = None,
        routing_config: RoutingConfig | None = None,
        redis_client: redis.Redis | None = None,
        redis_url: str = "redis://localhost:6379",
        overwrite: bool = False,
        connection_kwargs: dict[str, Any] | None = None,
        create_index: bool = True,
        *,
        dtype: str | None = None,
    ) -> None:
        if overwrite and not create_index:
            raise InvalidInput("create_index=False leaves what is there alone, and overwrite=True does not: give one")
        self.name = name
        self.routes = list(routes)
        self.vectorizer = vectorizer_of(vectorizer, dtype)
        self.routing_config = routing_config or RoutingConfig()
        self._create_index = create_index
        client = opened(redis_client, redis_url, connection_kwargs)
        self._records = Records(client, "router", name, dim=self.vectorizer.dims)
        self._config = Records(client, "router-config", name, dim=1)
        if create_index:
            check_schema(self._records, self.vectorizer, {}, overwrite=overwrite, what=name)
            if overwrite:
                self._records.clear()
            self._add([route for route in self.routes if overwrite or not self._references(route.name)])
            self._save()

    @classmethod
    def from_existing(
        cls,
        name: str,
        redis_client: redis.Redis | None = None,
        redis_url: str = "redis://localhost:6379",
        *,
        vectorizer: BaseVectorizer | None = None,
        **options: Any,
    ) -> SemanticRouter:
        """The router that was opened with this name before; raises ValueError if there is none.

        `vectorizer`: needed if it was one of your own functions, which nothing but your code can name.
        """
        client = opened(redis_client, redis_url, options.get("connection_kwargs"))
        saved = Records(client, "router-config", name, dim=1).schema()
        if saved is None:
            raise InvalidInput(f"No valid router config found for {name}")
        return cls.from_dict(json.loads(saved), redis_client=client, vectorizer=vectorizer, **options)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], **options: Any) -> SemanticRouter:
        """The router that `to_dict` describes; raises ValueError for what describes none."""
        if missing := sorted({"name", "routes", "vectorizer", "routing_config"} - set(data)):
            raise InvalidInput(f"Unable to load semantic router from dict: {', '.join(missing)} missing")
        given = options.pop("vectorizer", None)
        return cls(
            data["name"],
            [Route(**route) for route in data["routes"]],
            vectorizer=given if given is not None else _vectorizer(data["vectorizer"]),
            routing_config=RoutingConfig(**data["routing_config"]),
            **options,
        )

    @classmethod
    def from_yaml(cls, file_path: str, **options: Any) -> SemanticRouter:
        """The router that a file of `to_yaml` describes."""
        return cls.from_dict(yaml.safe_load(Path(file_path).read_text()), **options)

    def to_dict(self) -> dict[str, Any]:
        """The router as data: name, routes, vectorizer, routing_config."""
        return {
            "name": self.name,
            "routes": [model_to_dict(route) for route in self.routes],
            "vectorizer": {"type": self.vectorizer.type, "model": self.vectorizer.model},
            "routing_config": model_to_dict(self.routing_config),
        }

    def to_yaml(self, file_path: str, overwrite: bool = True) -> None:
        """Writes the router into a file; raises FileExistsError if it is there and not to be overwritten."""
        with Path(file_path).open("w" if overwrite else "x") as file:
            yaml.dump(self.to_dict(), file, sort_keys=False)

    @property
    def route_names(self) -> list[str]:
        return [route.name for route in self.routes]

    @property
    def route_thresholds(self) -> dict[str, float]:
        return {route.name: route.distance_threshold for route in self.routes}

    def update_routing_config(self, routing_config: RoutingConfig) -> None:
        """Takes another configuration, for this object."""
        self.routing_config = routing_config

    def update_route_thresholds(self, route_thresholds: Mapping[str, float]) -> None:
        """Takes other distances, for this object."""
        for route in self.routes:
            route.distance_threshold = route_thresholds.get(route.name, route.distance_threshold)

    def get(self, route_name: str) -> Route | None:
        """The route with this name."""
        return next((route for route in self.routes if route.name == route_name), None)

    def __call__(
        self,
        statement: str | None = None,
        vector: list[float] | None = None,
        aggregation_method: DistanceAggregationMethod | None = None,
    ) -> RouteMatch:
        """The route that a statement takes; one without a name if it takes none."""
        matches = self.route_many(statement, vector, 1, aggregation_method=aggregation_method)
        return matches[0] if matches else RouteMatch()

    def route_many(
        self,
        statement: str | None = None,
        vector: list[float] | None = None,
        max_k: int | None = None,
        *,
        aggregation_method: DistanceAggregationMethod | None = None,
    ) -> list[RouteMatch]:
        """The routes that a statement may take, at most `max_k`, nearest first.

        A route's distance is the average, least or sum of those of its references that lie within the widest threshold
        of all routes; the route's own threshold decides.

        Raises:
            ValueError: neither a statement nor a vector is given, or there are no routes.
        """
        if not self.routes:
            raise InvalidInput(f"the router {self.name!r} has no routes: add_route()")
        method = aggregation_method or self.routing_config.aggregation_method
        distances = self._distances(statement, vector)
        matches = [RouteMatch(name=name, distance=_AGGREGATE[method.value](near)) for name, near in distances.items()]
        taken = [match for match in matches if (match.distance or 0) < self.route_thresholds[str(match.name)]]
        return sorted(taken, key=lambda match: match.distance or 0)[: max_k or self.routing_config.max_k]

    def _distances(self, statement: str | None, vector: list[float] | None) -> dict[str, list[float]]:
        if vector is None or not len(vector):
            if not statement:
                raise InvalidInput("Must provide a vector or statement to the router")
            vector = self.vectorizer.embed(statement)
        if not any(vector or ()):
            return {}  # the zero vector is as far from everything as it can be
        names, widest = set(self.route_names), max(self.route_thresholds.values())
        near = self._records.near(
            vector or [], distance=widest, count=_MOST_REFERENCES, wanted=lambda fields: fields["route_name"] in names
        )
        found: dict[str, list[float]] = defaultdict(list)
        for record in near:
            found[record.fields["route_name"]].append(record.distance)
        return found

    def add_route(self, route: Route) -> str:
        """Adds a route; its name. Raises ValueError if there is one of that name."""
        if self.get(route.name) is not None:
            raise InvalidInput(f"Route {route.name!r} already exists: use add_route_references()")
        self.routes.append(route)
        self._add([route])
        self._save()
        return str(route.name)

    def remove_route(self, route_name: str) -> None:
        """Removes a route with its references, if it is there."""
        self._records.drop(self._references(route_name))
        self.routes = [route for route in self.routes if route.name != route_name]
        self._save()

    def add_route_references(self, route_name: str, references: str | list[str]) -> list[str]:
        """Adds references to a route; their keys. Raises ValueError if there is no such route."""
        route, added = self.get(route_name), [references] if isinstance(references, str) else references
        if route is None:
            raise InvalidInput(f"Route {route_name} not found in the SemanticRouter")
        keys = self._add([route.model_copy(update={"references": added})])
        route.references.extend(added)
        self._save()
        return keys

    def get_route_references(
        self, route_name: str = "", reference_ids: list[str] | None = None, keys: list[str] | None = None
    ) -> list[dict[str, Any]]:
        """References: of a route, or by their ids or keys."""
        if not (route_name or reference_ids or keys):
            raise InvalidInput("Must provide a route name, reference ids, or keys to get references")
        ids = self._chosen(route_name, reference_ids, keys)
        return [
            {"id": self._records.key(id), **fields}
            for id, fields in zip(ids, self._records.read(ids), strict=True)
            if fields is not None
        ]

    def delete_route_references(
        self, route_name: str = "", reference_ids: list[str] | None = None, keys: list[str] | None = None
    ) -> int:
        """Removes references: of a route, or by their ids or keys; how many. Raises ValueError if there are none."""
        found = self.get_route_references(route_name, reference_ids, keys)
        if not found:
            raise InvalidInput(f"No references found for route {route_name}")
        for reference in found:
            if route := self.get(reference["route_name"]):
                route.references = [text for text in route.references if text != reference["reference"]]
        dropped = self._records.drop([self._records.id_of(reference["id"]) or "" for reference in found])
        self._save()
        return dropped

    def clear(self) -> None:
        """Removes all references, and this object's routes."""
        self._records.clear()
        self.routes = []

    def delete(self) -> None:
        """Removes the router; raises ValueError with `create_index=False`."""
        if not self._create_index:
            raise InvalidInput("with create_index=False it is not this object's to delete: clear() empties it")
        self._records.clear()
        self._records.set_schema(None)
        self._config.set_schema(None)

    def _add(self, routes: Sequence[Route]) -> list[str]:
        keys = []
        for route in routes:
            for reference, vector in zip(
                route.references, self.vectorizer.embed_many(list(route.references)), strict=True
            ):
                told = {"reference_id": hashify(reference), "route_name": route.name, "reference": reference}
                keys.append(self._records.put(json.dumps([route.name, told["reference_id"]]), vector, told))
        return keys

    def _references(self, route_name: str) -> list[str]:
        return [id for id in self._records.ids() if json.loads(id)[0] == route_name]

    def _chosen(self, route_name: str, reference_ids: list[str] | None, keys: list[str] | None) -> list[str]:
        if keys:
            return [id for key in keys if (id := self._records.id_of(key)) is not None]
        if reference_ids:
            return [id for id in self._records.ids() if json.loads(id)[1] in reference_ids]
        return self._references(route_name)

    def _save(self) -> None:
        self._config.set_schema(json.dumps(self.to_dict()))


def _vectorizer(data: Mapping[str, Any]) -> BaseVectorizer | None:
    """The vectorizer described, None for the settings' own."""
    if is_of_settings(data):
        return None
    try:
        return vectorizer_from_dict(dict(data))
    except Exception as error:  # redisvl raises what its models and services raise
        raise InvalidInput(f"Unable to load vectorizer: {error}") from error
