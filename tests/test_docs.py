"""What the documentation shows works: its Python runs, its commands and its links exist."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import semcache

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
WITH_CODE = [ROOT / "README.md", ROOT / "docs" / "quickstart.md", ROOT / "docs" / "how-to" / "memory.md"]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.M | re.S)


@pytest.mark.parametrize("page", WITH_CODE, ids=lambda p: p.name)
def test_python_runs(page: Path, redis_url: str, namespace: str) -> None:
    """The Python of a page runs from top to bottom, against a real Redis."""
    code = "\n".join(blocks(page, "python")).replace("redis://127.0.0.1:6379/0", redis_url)
    assert code
    environment = {"SEMCACHE_NAMESPACE": namespace}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, **environment}, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link and image of a page is a file of the checkout."""
    for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_make_targets_exist(page: Path) -> None:
    """Every `make` target that a page names is in the Makefile."""
    known = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.M))
    named = set(re.findall(r"`make ([a-z-]+)", page.read_text())) | set(
        re.findall(r"^make ([a-z-]+)", page.read_text(), re.M)
    )
    assert named <= known


def test_the_site_builds_and_the_reference_has_every_public_name(tmp_path: Path) -> None:
    """`mkdocs build --strict` passes: no page or link is broken; the library page documents what is public."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-q", "-d", str(tmp_path)]
    quiet = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=quiet, check=False)
    assert done.returncode == 0, done.stderr
    reference = (tmp_path / "library" / "index.html").read_text("utf-8")
    public = [getattr(semcache, name) for name in semcache.__all__]
    missing = [o.__qualname__ for o in public if f'id="{o.__module__}.{o.__qualname__}"' not in reference]
    assert missing == []
