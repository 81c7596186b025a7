"""The hit-rate page, and the measurements behind it."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow
import pyarrow.parquet
import pytest
import zstandard
from streamlit.testing.v1 import AppTest

from semcache.errors import InvalidInput
from semcache.evals.measure import Plan, sample_traffic
from semcache_ui.services.hitrates import Report, _read
from semcache_ui.services.installation import Installation
from semcache_ui.services.jobs import Status
from semcache_ui.views.hit_rates import OWN
from tests.ui.reading import said
from tests.waiting import wait_until

Page = Callable[..., AppTest]
LOG = "question,intent\n" + "\n".join(
    f"how do I {verb} my bike{mark},{verb}" for verb in ("lock", "sell") for mark in ("", "?", "!")
)
ANY_STATIC = Plan(policy="static:0.95")


def in_format(kind: str) -> bytes:
    """LOG as the file of that name holds it."""
    table = pd.read_csv(io.StringIO(LOG))
    buffer = io.BytesIO()
    match kind.rpartition(".")[2]:
        case "tsv":
            return table.to_csv(sep="\t", index=False).encode()
        case "json":
            return table.to_json(orient="records").encode()
        case "jsonl":
            return table.to_json(orient="records", lines=True).encode()
        case "gz":
            return gzip.compress(LOG.encode())
        case "zst":
            return zstandard.ZstdCompressor().compress(LOG.encode())
        case "zip":
            with zipfile.ZipFile(buffer, "w") as archive:
                archive.writestr("log.csv", LOG)
        case "parquet":
            table.to_parquet(buffer)
        case "xlsx":
            table.to_excel(buffer, index=False)
    return buffer.getvalue()


def measured(installation: Installation, content: str | bytes, name: str = "log.csv") -> Status[Report]:
    content = content.encode() if isinstance(content, str) else content
    installation.hit_rates.start_file("ann", ANY_STATIC, name=name, content=content)
    job = installation.hit_rates.job("ann")
    assert job is not None
    return job.wait(60)


def test_a_log_becomes_a_report_to_take_along(installation: Installation) -> None:
    """An uploaded CSV is measured, and its archive holds the page, the figures and the plots."""
    report = measured(installation, LOG).result
    assert report is not None
    assert (report.data["requests"], report.data["hits"], report.data["wrong_hits"]) == (6, 4, 0)
    names = zipfile.ZipFile(io.BytesIO(report.archive())).namelist()
    assert {"index.html", "result.json"} <= set(names)
    assert json.loads(report.json())["hits"] == 4


@pytest.mark.parametrize(
    "kind", ["log.tsv", "log.json", "log.jsonl", "log.csv.gz", "log.csv.zst", "log.zip", "log.parquet", "log.xlsx"]
)
def test_every_format_of_the_reader_can_be_uploaded(installation: Installation, page: Page, kind: str) -> None:
    """The uploader accepts what `semcache hit-rate` reads, and the same rows have the same figures in each format."""
    test = page("views/hit_rates.py")
    test.segmented_control[0].set_value(OWN).run()
    assert any(kind.endswith(end) for end in test.get("file_uploader")[0].proto.type)
    status = measured(installation, in_format(kind), kind)
    assert status.result is not None, status.error
    assert (status.result.data["requests"], status.result.data["hits"]) == (6, 4)


def test_nothing_of_a_measurement_stays(installation: Installation) -> None:
    """The scratch cache is emptied when the measurement is over."""
    before = set(installation.app.redis.scan_iter("sc:*entry*"))
    measured(installation, LOG)
    assert set(installation.app.redis.scan_iter("sc:*entry*")) == before


def test_a_log_without_its_columns_is_refused_in_words(installation: Installation) -> None:
    """The message names the file as the user knows it and the columns it has, not our command line."""
    error = measured(installation, "a,b\n1,2\n", "mine.csv").error
    assert error.startswith("mine.csv has the columns a, b")
    assert "--" not in error


def test_another_measurement_ends_the_one_before(installation: Installation) -> None:
    """A user has one job; other users' jobs go on."""
    installation.hit_rates.start_sample("ann", Plan(), traffic=True)
    first = installation.hit_rates.job("ann")
    installation.hit_rates.start_sample("bob", ANY_STATIC, traffic=False)
    measured(installation, LOG)
    assert first is not None
    assert first.wait(60).state == "cancelled"
    other = installation.hit_rates.job("bob")
    assert other is not None
    assert other.wait(120).state == "done"


def test_traffic_has_favourites() -> None:
    """Of many requests the most popular question has more than its even share, and the draw is reproducible."""
    log = sample_traffic(2_000)
    counts = sorted((sum(r.prompt == p for r in log.requests) for p in {r.prompt for r in log.requests}), reverse=True)
    assert counts[0] > 10 * 2_000 / 447
    assert sample_traffic(2_000) == log


def test_the_page_measures_and_shows_the_report(installation: Installation, page: Page) -> None:
    """From the form to the figures."""
    test = page("views/hit_rates.py")
    assert "No report yet" in said(test)
    measured_by_you(installation)
    test.run()
    figures = {m.label: m.value for m in test.metric}
    assert (figures["Requests"], figures["Calls saved"]) == ("6", "4")
    assert "95 % interval" in said(test)


def measured_by_you(installation: Installation) -> None:
    installation.hit_rates.start_file("you", ANY_STATIC, name="log.csv", content=LOG.encode())
    job = installation.hit_rates.job("you")
    assert job is not None
    wait_until("it is measured", lambda: job.status.state == "done")


def test_the_button_starts_the_sample(installation: Installation, page: Page) -> None:
    """Measure starts a job for the visitor with the budget of the slider."""
    test = page("views/hit_rates.py")
    test.slider[0].set_value(5.0)
    next(b for b in test.button if b.label == "Measure").click().run()
    job = installation.hit_rates.job("you")
    assert job is not None
    job.cancel()
    assert job.wait(60).state == "cancelled"


@pytest.mark.parametrize(("text", "times"), [("a", 2 << 20), ('{"prompt": "How long?"}\n', 9_000_000)])
def test_an_upload_is_bounded_by_what_it_unpacks_to(text: str, times: int) -> None:
    """A small archive of one endless line, or of endlessly many, is refused before it is read."""
    packed = gzip.compress(text.encode() * times, compresslevel=1)
    with pytest.raises(InvalidInput, match=r"too large for the app.*semcache hit-rate"):
        _read("log.jsonl.gz", packed, None, 10)


def test_a_small_table_that_unpacks_to_gigabytes_is_refused(tmp_path: Path) -> None:
    """Equal texts take no room in Parquet, nor do they in a workbook, until somebody reads them."""
    table = pyarrow.table({"prompt": ["x" * (1 << 20)] * 300, "response": ["y"] * 300})
    pyarrow.parquet.write_table(table, tmp_path / "log.parquet", compression="zstd", use_dictionary=False)
    book = tmp_path / "log.xlsx"
    with zipfile.ZipFile(book, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", "<c>" * (80 << 20))
    for file in (tmp_path / "log.parquet", book):
        assert file.stat().st_size < 2 << 20
        with pytest.raises(InvalidInput, match="too large for the app"):
            _read(file.name, file.read_bytes(), None, 10)
