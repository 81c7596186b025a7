"""Hit-rate reports: a log or the sample through a scratch cache, in the background, one at a time for each user."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from semcache.app import App
from semcache.errors import InvalidInput, MissingExtra
from semcache.evals.log import Log, Reading, read_log
from semcache.evals.measure import Measured, Plan, measure, sample_log, sample_traffic
from semcache.evals.reading.columnar import unpacked
from semcache.evals.reading.columns import Columns
from semcache.evals.reading.opening import Source, opened
from semcache.evals.report import page
from semcache_ui.services.jobs import Job, Jobs, Progress

TRAFFIC = 2_000
MOST_REQUESTS = 50_000
MOST_BYTES, LONGEST_LINE = 200 << 20, 1 << 20
"""Of an upload, unpacked."""
READING = "reading"
AT_ONCE = 2
"""Measurements, of all people: each takes a processor and the memory of its log."""


@dataclass(frozen=True, slots=True)
class Report:
    """A finished measurement: its figures (as `semcache hit-rate --json`) and its plots, SVG by title."""

    title: str
    data: Mapping[str, Any]
    plots: Mapping[str, str]

    def archive(self) -> bytes:
        """index.html, result.json and the plots as a ZIP."""
        buffer = io.BytesIO()
        with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
            page.write_report(Path(folder), self.title, self.data, self.plots)
            for path in sorted(Path(folder).iterdir()):
                file.write(path, path.name)
        return buffer.getvalue()

    def json(self) -> str:
        return json.dumps(self.data, indent=2)


@dataclass
class HitRates:
    """The reports of one installation. A user has one job, and starting another cancels it; two run at once."""

    app: App
    _jobs: Jobs[Report] = field(default_factory=lambda: Jobs(at_once=AT_ONCE), repr=False)

    def job(self, user: str) -> Job[Report] | None:
        """The user's last job."""
        return self._jobs.of(user)

    def start_sample(self, user: str, plan: Plan, *, traffic: bool) -> None:
        """Measures the sample's questions, each once or as a day of traffic."""
        title = "the sample's traffic" if traffic else "the sample's questions"
        self._start(user, plan, title, lambda: sample_traffic(TRAFFIC) if traffic else sample_log())

    def start_file(
        self,
        user: str,
        plan: Plan,
        *,
        name: str,
        content: bytes,
        limit: int | None = None,
        columns: Columns | None = None,
    ) -> None:
        """Measures an uploaded log, in any format that `semcache hit-rate` reads."""
        most = min(limit or MOST_REQUESTS, MOST_REQUESTS)
        self._start(user, plan, name, lambda: _read(name, content, columns, most))

    def forget(self, user: str) -> None:
        """Cancels the user's job and drops its report."""
        self._jobs.drop(user)

    def _start(self, user: str, plan: Plan, title: str, log: Callable[[], Log]) -> None:
        def work(progress: Progress) -> Report:
            progress(READING, 0, 1)
            measured = measure(log(), plan, redis_or_url=self.app.redis, embedder=self.app.embedder, progress=progress)
            return Report(f"Hit rate of {title}", measured.data, _drawn(measured))

        self._jobs.start(user, work)


def _drawn(measured: Measured) -> Mapping[str, str]:
    try:
        return measured.drawn()
    except MissingExtra:
        return {}


def _read(name: str, content: bytes, columns: Columns | None, limit: int) -> Log:
    """The log of an upload; the name of its file decides the format."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / (Path(name).name or "log")
        path.write_bytes(content)
        _check_size(path, name)
        try:
            return read_log(path, Reading(columns or Columns(), limit))
        except InvalidInput as error:
            said = str(error).replace(str(path), name).partition(" Name them with")[0]
            raise InvalidInput(f"{said} Columns with other names can be named under More.") from error


def _check_size(path: Path, name: str) -> None:
    """An upload is bounded by what it unpacks to: a megabyte may hold a gigabyte.

    Raises:
        InvalidInput: it is larger than `MOST_BYTES`, or has a line that is longer than `LONGEST_LINE`.
    """
    read = 0
    with opened(path) as sources:
        for source in sources:
            for size, line in _pieces(source):
                read += size
                if read > MOST_BYTES or line > LONGEST_LINE:
                    raise InvalidInput(
                        f"{name} is too large for the app: at most {MOST_BYTES >> 20} MB unpacked, and "
                        f"{LONGEST_LINE >> 20} MB in one line. `semcache hit-rate FILE` reads logs of any size"
                    )


def _pieces(source: Source) -> Iterator[tuple[int, int]]:
    """Bytes of each piece of a file, unpacked, and of the line at its end, where the file has lines."""
    kind = source.name.lower()
    if kind.endswith((".parquet", ".pq", ".xlsx")):
        yield from ((size, 0) for size in unpacked(source))
        return
    line = 0
    while block := source.stream.read(1 << 20):
        line = len(block) - 1 - block.rfind(b"\n") if b"\n" in block else line + len(block)
        yield len(block), 0 if kind.endswith(".json") else line
