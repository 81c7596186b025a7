"""docker-compose.yml and the Dockerfile, as far as they can be checked without an engine."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from semcache.settings import Settings

ROOT = Path(__file__).parent.parent
FIXED_VREM = {(8, 2): 9, (8, 4): 6, (8, 6): 6, (8, 8): 2}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "docker-compose.yml").read_text()))


def test_redis_has_the_vrem_fix(compose: dict[str, Any]) -> None:
    """The Redis image is a version in which a VREM during a VSIM is safe."""
    major, minor, patch = map(int, compose["services"]["redis"]["image"].partition(":")[2].partition("@")[0].split("."))
    assert patch >= FIXED_VREM[major, minor]


def test_images_are_pinned(compose: dict[str, Any]) -> None:
    """Every image names a version, and, unless it is ours, its digest: tomorrow's `docker compose up` is today's."""
    for name, service in compose["services"].items():
        assert re.search(r":\d+\.\d+", service["image"]), name
    others = [
        service["image"] for service in compose["services"].values() if not service["image"].startswith("semcache:")
    ]
    bases = re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.M)
    assert [image for image in [*others, *bases] if not re.search(r"@sha256:[0-9a-f]{64}$", image)] == []


def test_every_pin_has_hashes() -> None:
    """What CI and the image install is what was locked, byte for byte."""
    pins = re.split(r"\n(?=\S)", (ROOT / "constraints.txt").read_text().strip())
    assert [pin.split()[0] for pin in pins if "--hash=sha256:" not in pin] == []


def test_every_service_has_a_health_check(compose: dict[str, Any]) -> None:
    """Docker can tell of each service whether it works."""
    for name, service in compose["services"].items():
        assert service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}, name


def test_only_the_app_is_published_and_only_locally(compose: dict[str, Any]) -> None:
    """Redis and Kafka are not reachable from outside; app and server bind to this machine alone."""
    published = {name: service["ports"] for name, service in compose["services"].items() if "ports" in service}
    assert published == {"ui": ["127.0.0.1:8501:8501"], "server": ["127.0.0.1:8700:8700"]}


def test_no_password_is_built_in(compose: dict[str, Any]) -> None:
    """The Redis password has no default: compose refuses to start without one."""
    text = (ROOT / "docker-compose.yml").read_text()
    uses = re.findall(r"\$\{REDIS_PASSWORD[^}]*\}", text)
    assert uses
    assert all(use.startswith("${REDIS_PASSWORD:?") for use in uses)


def test_named_volumes_are_declared(compose: dict[str, Any]) -> None:
    """Data outlives containers: each service with data mounts a declared volume."""
    mounted = {v.partition(":")[0] for service in compose["services"].values() for v in service.get("volumes", [])}
    assert {name for name in mounted if not name.startswith("./")} == set(compose["volumes"])


def test_every_setting_named_exists(compose: dict[str, Any]) -> None:
    """Every SEMCACHE_ variable of the compose file and the Dockerfile is a real setting."""
    known = _known_variables()
    named = set(re.findall(r"SEMCACHE_[A-Z_]+", (ROOT / "docker-compose.yml").read_text()))
    named |= set(re.findall(r"SEMCACHE_[A-Z_]+", (ROOT / "Dockerfile").read_text()))
    assert named
    assert named <= known


def test_copied_paths_exist() -> None:
    """Every path the Dockerfile copies from the checkout is there."""
    lines = re.findall(r"^COPY (?!--from)(.+)$", (ROOT / "Dockerfile").read_text(), re.M)
    sources = [source for line in lines for source in line.split()[:-1]]
    assert sources
    assert all((ROOT / source).exists() for source in sources)


def _known_variables() -> set[str]:
    known = set()
    for name, field in Settings.model_fields.items():
        fields = getattr(field.annotation, "model_fields", None)
        known |= {f"SEMCACHE_{name}_{f}".upper() for f in fields} if fields else {f"SEMCACHE_{name}".upper()}
    return known
