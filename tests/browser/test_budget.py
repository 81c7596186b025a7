"""The error budget: what the learning knows, and another budget tried and applied."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from semcache.app import open_app
from semcache.devstack.ports import free_port
from semcache.settings import Settings, load_settings
from tests.browser.actions import heading, picture, tab
from tests.browser.conftest import Visit, served
from tests.ui.test_cache_page import labelled_sample

pytestmark = pytest.mark.browser


@pytest.fixture
def taught(redis_url: str, tmp_path: Path) -> Iterator[Settings]:
    """An installation without Kafka whose cache has compared the sample's questions."""
    settings = load_settings(
        namespace="taught", data_dir=tmp_path, redis_url=redis_url, kafka_bootstrap_servers="", ui_port=free_port()
    )
    with open_app(settings) as app:
        app.engine.cache().add_labelled(labelled_sample())
    with served(settings):
        yield settings


def test_another_budget_is_tried_and_applied(visit: Visit, taught: Settings) -> None:
    """The page shows whether the odds come true, and what a larger budget would give; applied, it counts."""
    page = visit("cache", at=taught)
    heading(page, "Cache")
    budget = tab(page, "Error budget")
    expect(budget.get_by_test_id("stVegaLiteChart")).to_have_count(2)
    expect(budget).to_contain_text("Do the odds come true?")
    picture(page, "budget")
    slider = budget.get_by_role("slider")
    slider.focus()
    for _ in range(30):
        slider.press("ArrowRight")
    expect(budget).to_contain_text("would be served")
    apply = budget.get_by_role("button", name="Apply")
    expect(apply).to_be_enabled()
    apply.click()
    expect(budget.get_by_test_id("stMetric").filter(has_text="Budget")).to_contain_text("5.0 %")
    page.context.close()
