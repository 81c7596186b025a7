"""What the documentation shows works: its Python runs, its commands and its links exist."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import semcache

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").rglob("*.md"))]
WITH_CODE = [ROOT / "README.md", ROOT / "docs" / "quickstart.md", ROOT / "docs" / "how-to" / "memory.md"]


NEEDS_MORE = re.compile(r"<!-- not run[^>]*-->\n```python\n.*?^```", re.M | re.S)


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", NEEDS_MORE.sub("", page.read_text()), re.M | re.S)


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


def test_the_first_example_prints_what_the_page_shows(redis_url: str, namespace: str) -> None:
    """The output under the README's example is what it prints, the second time too, whatever documents there are."""
    page = ROOT / "README.md"
    (code,), (shown,) = blocks(page, "python"), blocks(page, "text")
    code = code.replace("redis://127.0.0.1:6379/0", redis_url).replace('namespace="readme"', f'namespace="{namespace}"')
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert (done.stdout, done.returncode) == (shown, 0), done.stderr


def messages() -> Iterator[str]:
    """Every text in the packages' code; what an f-string fills in is "…"."""
    for package in ("semcache", "ingest", "ui"):
        for file in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.JoinedStr):
                    yield "".join(str(p.value) if isinstance(p, ast.Constant) else "…" for p in node.values)
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value


def test_messages_that_are_explained_are_those_that_are_printed() -> None:
    """Each heading of the page on trouble is a message of the code, wherever that fills something in."""
    page = (ROOT / "docs" / "troubleshooting.md").read_text()
    explained = re.findall(r"^### `(.*)`$", page, re.M)
    assert len(explained) > 20
    known = list(messages())
    unknown = [
        heading
        for heading in explained
        if not any(re.search(".*".join(map(re.escape, heading.split("…"))), message, re.S) for message in known)
    ]
    assert unknown == []


def test_the_tree_of_contributing_is_the_tree() -> None:
    """Every file and folder that it names is there, and every package of the library is named."""
    page = (ROOT / "CONTRIBUTING.md").read_text()
    tree = page.partition("## The tree\n```\n")[2].partition("```")[0]
    stack: list[str] = []
    named = set()
    for line in tree.splitlines():
        if not (name := line[:21].strip()):
            continue  # more about the one above
        depth = (len(line) - len(line.lstrip())) // 2
        stack = [*stack[:depth], name]
        named.add("".join(stack))
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []
    packages = {
        f"{folder.relative_to(ROOT)}/"
        for package in ("semcache", "ingest", "ui")
        for folder in (ROOT / package).iterdir()
        if folder.is_dir() and (folder / "__init__.py").exists()
    }
    assert sorted(packages - named) == []


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
