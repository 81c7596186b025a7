"""The Helm chart: what it renders fits the schemas of Kubernetes and KEDA, and what the programs read of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from semcache.errors import ConfigurationError
from semcache.settings import load_settings
from tools.chart import CHART, PAGE, find_helm, page, render, run_helm

pytestmark = [
    pytest.mark.chart,
    pytest.mark.skipif(find_helm() is None, reason="helm is not on PATH, nor built yet by `make chart`"),
]
yaml = pytest.importorskip("yaml")
kubernetes_validate = pytest.importorskip("kubernetes_validate", reason="make test-chart installs it")

EVERYTHING = {
    "server.enabled": "true",
    "serviceMonitor.enabled": "true",
    "serviceMonitor.labels": '{"release": "prometheus"}',
    "ingest.autoscaling.enabled": "true",
    "ingest.autoscaling.bootstrapServers": '"kafka:9092"',
    "ingest.autoscaling.authentication": '"kafka"',
    "imagePullSecrets": '[{"name": "registry"}]',
    "tolerations": '[{"key": "a", "operator": "Exists"}]',
    "nodeSelector": '{"disk": "ssd"}',
    "podAnnotations": '{"a": "b"}',
    "settings": '{"kafka": {"replication_factor": 3, "min_insync_replicas": 2}, "cache": {"ttl_s": 3600.5}}',
}
VARIANTS = {
    "defaults": {},
    "everything": EVERYTHING,
    "model in the image": {"models": '"image"', "ui.enabled": "false", "topics.make": "false"},
    "model in a volume": {"models": '"my-models"', "networkPolicy.enabled": "false"},
}
VERSIONS = sorted({version for version in kubernetes_validate.utils.all_versions() if int(version.split(".")[1]) >= 25})
OTHERS = {"ScaledObject", "ServiceMonitor"}


def rendered(values: dict[str, str]) -> list[dict[str, Any]]:
    return [manifest for manifest in yaml.safe_load_all(render(values)) if manifest]


def pods(manifests: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Each pod that they make, with its container."""
    for manifest in manifests:
        if manifest["kind"] in ("Deployment", "Job"):
            pod = manifest["spec"]["template"]["spec"]
            (container,) = pod["containers"]
            yield pod, container


@pytest.fixture(scope="module", params=VARIANTS)
def manifests(request: pytest.FixtureRequest) -> list[dict[str, Any]]:
    return rendered(VARIANTS[request.param])


def test_helm_finds_nothing_to_complain_of() -> None:
    """`helm lint --strict`."""
    done = run_helm("lint", "--strict", CHART)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("version", VERSIONS)
def test_it_fits_the_schemas_of_kubernetes(manifests: list[dict[str, Any]], version: str) -> None:
    """Unknown fields and wrong types are refused, in every supported version."""
    checked = [manifest for manifest in manifests if manifest["kind"] not in OTHERS]
    for manifest in checked:
        kubernetes_validate.validate(manifest, version, strict=True)
    assert {"Deployment", "Service", "ConfigMap"} <= {manifest["kind"] for manifest in checked}


def test_a_wrong_field_would_be_found() -> None:
    """The schemas are strict: a misspelt field and a number for a name are refused."""
    deployment = next(manifest for manifest in rendered({}) if manifest["kind"] == "Deployment")
    deployment["spec"]["template"]["spec"]["enableServiceLink"] = False
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(deployment, VERSIONS[-1], strict=True)


def test_the_scaled_object_fits_kedas_schema() -> None:
    """One trigger a topic, all metadata as text."""
    schema = json.loads((Path(__file__).parent / "scaledobject.schema.json").read_text())
    (scaled,) = [manifest for manifest in rendered(EVERYTHING) if manifest["kind"] == "ScaledObject"]
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.validate(scaled, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**scaled, "spec": {**scaled["spec"], "pollInterval": 1}}, schema)
    topics = [trigger["metadata"]["topic"] for trigger in scaled["spec"]["triggers"]]
    settings = load_settings(namespace="x")
    assert topics == [settings.kafka.conversations_topic, settings.kafka.knowledge_topic]
    (deployment,) = [
        m for m in rendered(EVERYTHING) if m["metadata"]["name"].endswith("-ingest") and "template" in m["spec"]
    ]
    assert "replicas" not in deployment["spec"], "who scales it says how many"


def test_pods_may_do_little(manifests: list[dict[str, Any]]) -> None:
    """A numeric user, a read-only root, no privileges, no token, no variables of Services, a bound on memory."""
    for pod, container in pods(manifests):
        security = container["securityContext"]
        assert pod["securityContext"]["runAsNonRoot"]
        assert pod["securityContext"]["runAsUser"] == 10001
        assert pod["enableServiceLinks"] is False
        assert pod["automountServiceAccountToken"] is False
        assert security["readOnlyRootFilesystem"]
        assert security["allowPrivilegeEscalation"] is False
        assert security["capabilities"] == {"drop": ["ALL"]}
        assert container["resources"]["limits"]["memory"]


def test_the_programs_take_their_settings(
    manifests: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """semcache.toml and the variables of every container are settings, and servers bind where probes reach them."""
    (config,) = [manifest for manifest in manifests if manifest["kind"] == "ConfigMap"]
    (tmp_path / "semcache.toml").write_text(config["data"]["semcache.toml"])
    for _, container in pods(manifests):
        with monkeypatch.context() as patch:
            for variable in container["env"]:
                patch.setenv(variable["name"], variable["value"])
            patch.setenv("SEMCACHE_CONFIG", str(tmp_path / "semcache.toml"))
            patch.setenv("SEMCACHE_REDIS_URL", "redis://:p@redis:6379/0")
            settings = load_settings()
        section = {"ingest": "ingest", "server": "server", "ui": "ui"}.get(container["name"])
        if section == "ingest":
            assert (settings.ingest.http_host, settings.ingest.http_port) == ("0.0.0.0", 9400)
        elif section:
            own = getattr(settings, section)
            assert (own.host, own.port) == ("0.0.0.0", container["ports"][0]["containerPort"])
        if section:
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                assert container[probe]["httpGet"]["port"] == container["ports"][0]["name"]


def test_every_disruption_budget_and_service_finds_pods(manifests: list[dict[str, Any]]) -> None:
    """Their labels are those of a Deployment's pods."""
    made = [m["spec"]["template"]["metadata"]["labels"] for m in manifests if m["kind"] in ("Deployment", "Job")]
    selecting = {
        "Service": lambda spec: spec["selector"],
        "PodDisruptionBudget": lambda spec: spec["selector"]["matchLabels"],
        "NetworkPolicy": lambda spec: spec["podSelector"]["matchLabels"],
    }
    for manifest in manifests:
        if manifest["kind"] in selecting:
            wanted = selecting[manifest["kind"]](manifest["spec"]).items()
            assert any(wanted <= labels.items() for labels in made), manifest["metadata"]["name"]


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"settings": '{"redis": {"url": "redis://:secret@r"}}'}, "settings"),
        ({"settings": '{"seal": {"keys": {"a": "b"}}}'}, "settings"),
        ({"ingest.autoscaling.enabled": "true"}, "bootstrapServers"),
        ({"ingest.replicas": "0"}, "replicas"),
        ({"ingres": "{}"}, "ingres"),
        ({"networkPolicy.egressPorts": '["6379"]'}, "egressPorts"),
    ],
)
def test_wrong_values_are_refused(values: dict[str, str], why: str) -> None:
    """Secrets in the ConfigMap, scaling without brokers, misspelt names: the place is named."""
    with pytest.raises(ValueError, match=why):
        render(values)


def test_a_setting_that_is_none_would_be_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `settings` holds is read by the programs, which name what they do not know."""
    (config,) = [m for m in rendered({"settings": '{"ingest": {"durabilty": "aof"}}'}) if m["kind"] == "ConfigMap"]
    (tmp_path / "semcache.toml").write_text(config["data"]["semcache.toml"])
    monkeypatch.setenv("SEMCACHE_CONFIG", str(tmp_path / "semcache.toml"))
    with pytest.raises(ConfigurationError, match="durabilty"):
        load_settings()


def test_the_page_shows_what_is_rendered() -> None:
    """docs/how-to/kubernetes.md is up to date (`make chart`)."""
    assert page() == PAGE.read_text()
