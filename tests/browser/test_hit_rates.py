"""Measuring a hit rate."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.actions import heading, picture
from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser

MEASURED_MS = 170_000
LOG = "question,answer_id\n" + "".join(
    f"{asked},{answer}\n"
    for answer, askings in enumerate((("How do I reset my password?",) * 9, ("Where is my parcel?",) * 9))
    for asked in askings
)


def test_a_hit_rate_report_is_made_and_taken_along(visit: Visit) -> None:
    """The sample is measured in the background; the report has its figures, its plots and a download."""
    page = visit("hit_rates", user="hugo")
    heading(page, "Hit rates")
    page.get_by_role("button", name="Measure").click()
    expect(page.get_by_role("progressbar").first).to_be_visible()
    expect(page.locator("h4", has_text="Hit rate of the sample's traffic")).to_be_visible(timeout=MEASURED_MS)
    expect(page.get_by_test_id("stVegaLiteChart").first).to_be_visible()
    page.locator("h4").scroll_into_view_if_needed()
    picture(page, "hit-rates")
    with page.expect_download() as download:
        page.get_by_role("button", name="Report (ZIP)").click()
    assert download.value.suggested_filename == "hit-rate.zip"


def measured(page: Page, name: str, content: bytes) -> Page:
    """Uploads a log and has it measured, once the page has it."""
    page.get_by_text("Your own log", exact=True).click()
    measure = page.get_by_role("button", name="Measure")
    expect(measure).to_be_disabled()
    page.locator("input[type=file]").set_input_files({"name": name, "mimeType": "text/csv", "buffer": content})
    expect(measure).to_be_enabled()
    measure.click()
    return page


def test_an_own_log_is_measured_or_refused(visit: Visit) -> None:
    """A log with questions and ids of answers is measured; one without is refused, naming the columns."""
    page = measured(visit("hit_rates", user="ivy"), "log.csv", LOG.encode())
    expect(page.locator("h4", has_text="Hit rate of log.csv")).to_be_visible(timeout=MEASURED_MS)
    expect(page.get_by_test_id("stMetric").filter(has_text="Requests")).to_contain_text("18")
    page = measured(visit("hit_rates", user="joy"), "bad.csv", b"a,b\n1,2\n")
    refused = page.get_by_test_id("stAlert").filter(has_text="could not be measured")
    expect(refused).to_contain_text(re.compile("column", re.IGNORECASE), timeout=MEASURED_MS)
