"""Holds folders to 14 files, files to 300 lines and public signatures to 8 parameters; `make check` runs it.

What is over a limit is listed here with its number, which can only fall: one that has fallen has to be taken down.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("semcache", "ingest", "ui")
MOST = {"files": 14, "lines": 300, "parameters": 8}
EXCEPTIONS = {
    "semcache/text/differences/synonyms.py": 377,
    "semcache/cli/hitrate.py:hit_rate": 22,
    "semcache/adapters/langchain/caches.py:SemcacheCache.__init__": 10,
    "semcache/adapters/langchain/caches.py:RedisSemanticCache.__init__": 9,
    "semcache/adapters/redisvl/cache.py:SemanticCache.__init__": 14,  # as redisvl has them, and a few
    "semcache/adapters/redisvl/history.py:SemanticMessageHistory.__init__": 12,
    "semcache/adapters/redisvl/router.py:SemanticRouter.__init__": 10,
    "semcache/memory/agent.py": 370,
    "semcache/memory/agent.py:AgentMemory.__init__": 12,
    "ingest/worker/loop.py:Worker.__init__": 12,
}


def folders() -> Iterator[tuple[str, int]]:
    """Files of each folder, `__init__.py` among them."""
    for package in PACKAGES:
        for folder in (ROOT / package, *(ROOT / package).rglob("*/")):
            files = [file for file in folder.iterdir() if file.is_file() and file.suffix != ".pyc"]
            yield f"{folder.relative_to(ROOT)}/", len(files)


def sources() -> Iterator[tuple[str, str]]:
    for package in PACKAGES:
        for file in (ROOT / package).rglob("*.py"):
            yield str(file.relative_to(ROOT)), file.read_text()


def signatures(path: str, source: str) -> Iterator[tuple[str, int]]:
    """Parameters of each public function and constructor of a file, `self` and `cls` not counted.

    A command's are what can be typed behind it, and have no limit.
    """
    module = ast.parse(source)
    for node in module.body:
        if isinstance(node, ast.ClassDef):
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and (method.name == "__init__" or _public(method)):
                    yield f"{path}:{node.name}.{method.name}", _parameters(method.args)
        elif isinstance(node, ast.FunctionDef) and _public(node):
            yield f"{path}:{node.name}", _parameters(node.args)


def _public(function: ast.FunctionDef) -> bool:
    command = any("command" in ast.unparse(decorator) for decorator in function.decorator_list)
    return not command and not function.name.startswith("_")


def _parameters(given: ast.arguments) -> int:
    names = [argument.arg for argument in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    return len(names) - (names[:1] in (["self"], ["cls"]))


def measured() -> Iterator[tuple[str, str, int]]:
    """Kind, name and number of everything that has a limit."""
    for name, count in folders():
        yield "files", name, count
    for path, source in sources():
        yield "lines", path, source.count("\n")
        for name, count in signatures(path, source):
            yield "parameters", name, count


def complaints(found: Iterator[tuple[str, str, int]]) -> Iterator[str]:
    left = dict(EXCEPTIONS)
    for kind, name, number in found:
        allowed = left.pop(name, MOST[kind])
        if number > allowed:
            yield f"{name} has {number} {kind}, {allowed} are allowed"
        elif MOST[kind] < allowed != number or number <= MOST[kind] != allowed:
            yield f"{name} has {number} {kind} now: take its {allowed} in tools/sizes.py down"
    for name in left:
        yield f"{name} is not there any more: remove it from tools/sizes.py"


if __name__ == "__main__":
    found = list(complaints(measured()))
    print("\n".join(found) or "sizes: kept")
    sys.exit(bool(found))
