"""The Grafana dashboard and the Prometheus alerts ask for metrics that the ingestor exports."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from semcache_ingest.metrics import WORRY, DecisionMetrics, ExtractionMetrics, Metrics, labels_of

DEPLOY = Path(__file__).parent.parent.parent / "deploy"
_METRIC = re.compile(r"\b(?:semcache|kafka)_[a-z0-9_]+")


def exported() -> dict[str, set[str]]:
    """Every name in the exposition, with the labels that its samples carry."""
    found: dict[str, set[str]] = {}
    for metrics in (Metrics(), ExtractionMetrics(), DecisionMetrics()):
        for family in metrics.registry.collect():
            suffixes = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}.get(family.type, [""])
            for suffix in suffixes:
                more = {"le"} if suffix == "_bucket" else set()
                found[family.name + suffix] = set(labels_of(metrics, family.name)) | more
    return found


def dashboard() -> dict[str, Any]:
    return dict(json.loads((DEPLOY / "grafana" / "semcache-ingest.json").read_text()))


def queries() -> list[str]:
    panels = [target["expr"] for panel in dashboard()["panels"] for target in panel["targets"]]
    variables = [v["query"]["query"] for v in dashboard()["templating"]["list"] if v["type"] == "query"]
    rules = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())["groups"][0]["rules"]
    return [*panels, *variables, *(rule["expr"] for rule in rules)]


@pytest.mark.parametrize("query", queries())
def test_query_names_existing_metrics_and_labels(query: str) -> None:
    """Every metric of a query is exported, and so is every label that it groups or selects by."""
    known, named = exported(), set(_METRIC.findall(query))
    assert named
    assert named <= known.keys()
    grouped = {label.strip() for group in re.findall(r"by \(([^)]*)\)", query) for label in group.split(",")}
    selected = set(re.findall(r"(\w+)\s*(?:=~|=|!=)\s*\"", query))
    assert grouped | selected <= {"instance"}.union(*(known[name] for name in named)), "Prometheus adds the instance"


def test_legends_show_labels_that_the_query_keeps() -> None:
    """What a legend writes in braces survives the query's grouping."""
    for panel in dashboard()["panels"]:
        for target in panel["targets"]:
            kept = {
                label.strip() for group in re.findall(r"by \(([^)]*)\)", target["expr"]) for label in group.split(",")
            }
            assert set(re.findall(r"{{(\w+)}}", target["legendFormat"])) <= kept, panel["title"]


def test_every_metric_is_on_the_dashboard_and_says_when_to_worry() -> None:
    """No metric is exported that nobody looks at, and none without advice."""
    shown = {re.sub(r"_(total|bucket|sum|count)$", "", name) for q in queries() for name in _METRIC.findall(q)}
    processes = (Metrics(), ExtractionMetrics(), DecisionMetrics())
    families = {family.name for made in processes for family in made.registry.collect()}
    assert shown >= families - {"kafka_consumergroup_group_lag_seconds"}, "its maximum is shown"
    assert WORRY.keys() == families
