"""What people install: the wheel, in an environment that has nothing else; what the first pages show works there."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from semcache.devstack.ports import free_port
from semcache.settings import load_settings

pytestmark = pytest.mark.wheel

ROOT = Path(__file__).parents[2]
UV = str(Path(sys.executable).parent / "uv")
PAGES = [ROOT / "README.md", ROOT / "docs" / "quickstart.md", *sorted((ROOT / "docs" / "how-to").glob("*.md"))]
SHELL = re.compile(r"<!-- run -->\n```(?:bash|console)?\n(.*?)^```", re.M | re.S)
PYTHON = re.compile(r"^```python\n(.*?)^```", re.M | re.S)
NEEDS_MORE = re.compile(r"<!-- not run[^>]*-->\n```python\n.*?^```", re.M | re.S)


def pages(block: re.Pattern[str]) -> list[Path]:
    """The pages that have such a block."""
    return [page for page in PAGES if block.search(NEEDS_MORE.sub("", page.read_text()))]


def run(command: list[str], variables: Mapping[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    """A command in a folder of its own, with no variables but those given."""
    return subprocess.run(command, env=variables, cwd=folder, capture_output=True, text=True, check=False)


def built(folder: Path) -> tuple[Path, Path]:
    subprocess.run([UV, "build", "-q", "--out-dir", str(folder)], cwd=ROOT, check=True)
    return next(folder.glob("*.whl")), next(folder.glob("*.tar.gz"))


@pytest.fixture(scope="session")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The wheel and the source distribution."""
    return built(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="session")
def environment(distributions: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of a new environment with `semcache[devstack]` from the wheel."""
    folder = tmp_path_factory.mktemp("venv")
    subprocess.run([UV, "venv", "-q", "--python", sys.executable, str(folder)], check=True)
    python = folder / "bin" / "python"
    wanted = f"semcache[devstack] @ {distributions[0].as_uri()}"
    command = [UV, "pip", "install", "-q", "--python", str(python), "-c", str(ROOT / "constraints.txt"), wanted]
    subprocess.run(command, check=True)
    return folder / "bin"


@pytest.fixture(scope="session")
def servers(environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """`semcache up`, typed in that environment: what its other programs need to find the servers."""
    folder = tmp_path_factory.mktemp("stack")
    variables = {
        "PATH": f"{environment}:{os.environ['PATH']}",
        "HOME": str(Path.home()),
        "SEMCACHE_DATA_DIR": str(folder),
        "SEMCACHE_MODEL_DIR": str(load_settings().model_dir),
    }
    ports = ["--redis-port", str(free_port()), "--kafka-port", str(free_port())]
    try:
        subprocess.run(["semcache", "up", *ports], env=variables, cwd=folder, check=True)
        yield variables
    finally:
        subprocess.run(["semcache", "down"], env=variables, cwd=folder, check=True)


def test_a_wheel_has_no_name_that_a_project_of_its_user_may_have(distributions: tuple[Path, Path]) -> None:
    """Nothing but `semcache` and names that begin so."""
    with zipfile.ZipFile(distributions[0]) as wheel:
        names = {name.split("/")[0] for name in wheel.namelist()}
    assert {name.split("-")[0] for name in names} == {"semcache", "semcache_ingest", "semcache_ui"}


def test_distributions_are_built_alike_and_are_valid(distributions: tuple[Path, Path], tmp_path: Path) -> None:
    """Built twice, the bytes are the same; twine finds nothing to say of their metadata."""
    again = built(tmp_path)
    for first, second in zip(distributions, again, strict=True):
        assert hashlib.sha256(first.read_bytes()).digest() == hashlib.sha256(second.read_bytes()).digest(), first.name
    checked = [UV, "tool", "run", "-q", "twine", "check", "--strict", *map(str, distributions)]
    assert "FAILED" not in subprocess.run(checked, check=True, capture_output=True, text=True).stdout


def test_the_bill_of_materials_names_all_that_is_installed(distributions: tuple[Path, Path], tmp_path: Path) -> None:
    """Each package of the image with its version, and what it depends on."""
    path = tmp_path / "bill.json"
    subprocess.run([ROOT / "tools" / "sbom.sh", distributions[0], path], check=True, env=os.environ | {"UV": UV})
    bill = json.loads(path.read_text())
    found = {component["name"].lower().replace("_", "-"): component for component in bill["components"]}
    assert bill["metadata"]["component"]["name"] == "semcache"
    assert {"redis", "onnxruntime", "confluent-kafka", "streamlit", "fastapi", "mcp"} <= found.keys()
    assert [name for name, component in found.items() if not component.get("version")] == []
    pins = dict(re.findall(r"^([\w.-]+)==([^\s;\\]+)", (ROOT / "constraints.txt").read_text(), re.M))
    assert {name: found[name]["version"] for name in ("redis", "fastapi")} == {
        name: pins[name] for name in ("redis", "fastapi")
    }
    assert any(row.get("dependsOn") for row in bill["dependencies"])


def test_links_of_the_readme_lead_somewhere_from_elsewhere(distributions: tuple[Path, Path]) -> None:
    """On the package's page a relative link or picture leads nowhere: all are absolute there."""
    with zipfile.ZipFile(distributions[0]) as wheel:
        metadata = wheel.read(next(name for name in wheel.namelist() if name.endswith("METADATA"))).decode()
    targets = re.findall(r"\]\(([^)\s]+)\)", metadata)
    assert targets
    assert [target for target in targets if not target.startswith("https://")] == []


def test_a_project_with_packages_of_the_same_name_works(environment: Path, tmp_path: Path) -> None:
    """A project that has `ui` and `ingest` on its path gets its own, and our commands get ours."""
    for name in ("ui", "ingest", "server"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise ImportError('the package of the project')")
    variables = os.environ | {"PYTHONPATH": str(tmp_path)}
    for command in (["semcache", "--help"], ["semcache-ingest", "--help"], ["semcache", "ui", "--help"]):
        done = run([str(environment / command[0]), *command[1:]], variables, tmp_path)
        assert done.returncode == 0, done.stderr
        assert "warning" not in done.stderr


@pytest.mark.parametrize(
    "page", [page for page in PAGES if PYTHON.search(page.read_text())], ids=lambda page: page.stem
)
def test_the_python_of_a_page_runs(servers: dict[str, str], page: Path, tmp_path: Path) -> None:
    """From top to bottom, with what `semcache up` said; a block that needs more says so before it."""
    text = NEEDS_MORE.sub("", page.read_text())
    code = "\n".join(PYTHON.findall(text))
    url = re.search(r"redis://[^\"]+", run(["semcache", "status", "--json"], servers, tmp_path).stdout)
    assert url
    (tmp_path / "page.py").write_text(code.replace("redis://127.0.0.1:6379/0", url[0]))
    done = run(["python", "page.py"], servers | {"SEMCACHE_NAMESPACE": page.stem}, tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", pages(SHELL), ids=lambda page: page.stem)
def test_the_commands_of_a_page_run(servers: dict[str, str], page: Path, tmp_path: Path) -> None:
    """Those that are marked to be run, one after the other."""
    for block in SHELL.findall(page.read_text()):
        done = run(["bash", "-ec", block], servers, tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
