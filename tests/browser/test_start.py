"""The first run, as a new user has it."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from semcache import samples
from semcache.devstack.ports import free_port
from semcache.settings import Settings, load_settings
from tests.browser.actions import badge, go, heading, picture
from tests.browser.conftest import Visit, served

pytestmark = pytest.mark.browser


def test_an_empty_installation_plays_the_sample(visit: Visit, site: Settings, tmp_path: Path) -> None:
    """The page explains itself, plays the sample at the press of a button, and leads into a chat with both badges."""
    empty = load_settings(
        namespace="empty",
        data_dir=tmp_path,
        redis_url=site.redis.url,
        kafka_bootstrap_servers=site.kafka.bootstrap_servers,
        ui_port=free_port(),
    )
    with served(empty):
        page = visit(at=empty)
        heading(page, "Welcome to semcache")
        picture(page, "welcome")
        page.get_by_role("button", name="Play the sample").click()
        expect(page.get_by_role("progressbar").first).to_be_visible()
        answers = page.get_by_test_id("stChatMessage")
        expect(answers.nth(3)).to_be_visible(timeout=170_000)
        expect(answers.nth(0)).to_contain_text(samples.demo()[0].question)
        expect(badge(answers.nth(1))).to_contain_text("miss")
        for name in ("Cache", "Knowledge", "Stream", "Hit rates"):
            go(page, name)
            expect(page.get_by_test_id("stException")).to_have_count(0)
        page.context.close()
