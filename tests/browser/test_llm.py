"""With a language model: answers as they come, and a page that is left in the middle of one."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from semcache.devstack.ports import free_port
from semcache.settings import Settings, load_settings
from tests.browser.actions import badge, go
from tests.browser.conftest import Visit, served
from tests.llm.server import FakeOpenAi, Trouble, serving

pytestmark = pytest.mark.browser

QUESTION = "How long do I have to return a bike?"


@pytest.fixture
def api() -> Iterator[FakeOpenAi]:
    with serving() as running:
        yield running


@pytest.fixture
def page(visit: Visit, site: Settings, api: FakeOpenAi) -> Iterator[Page]:
    """The chat of the same help desk, answered by a language model."""
    answered = load_settings(
        namespace=site.namespace,
        data_dir=site.data_dir,
        redis_url=site.redis.url,
        kafka_bootstrap_servers=site.kafka.bootstrap_servers,
        ui_port=free_port(),
        llm_model="gpt-test",
        llm_base_url=api.base_url,
        llm_api_key="test",
    )
    with served(answered):
        opened = visit(user="lena", at=answered)
        yield opened
        opened.context.close()


def test_an_answer_is_streamed_and_survives_leaving_the_page(page: Page, api: FakeOpenAi) -> None:
    """The first words are there before the last; whoever leaves meanwhile finds the question answered on return."""
    api.reply = lambda _: "You have thirty days [returns]."
    api.then(Trouble("silence", after=2))
    expect(page.get_by_text("answered by gpt-test")).to_be_visible()
    field = page.get_by_test_id("stChatInput").locator("textarea")
    field.fill(QUESTION)
    field.press("Enter")
    expect(page.get_by_test_id("stChatMessage").nth(1)).to_contain_text("You have")
    expect(page.get_by_role("main")).not_to_contain_text("thirty days")
    go(page, "Knowledge")
    api.released.set()
    go(page, "Chat")
    answer = page.get_by_test_id("stChatMessage").nth(1)
    expect(answer).to_contain_text("You have thirty days")
    expect(badge(answer)).to_contain_text(re.compile("miss|cache hit"))  # stored meanwhile, or told to who came back
    expect(page.get_by_test_id("stChatMessage")).to_have_count(2)


def test_a_model_that_fails_is_told_in_words(page: Page, api: FakeOpenAi) -> None:
    """An endpoint that refuses the key is named, without a traceback, and the next question is answered."""
    api.then(Trouble("status", 401, "bad key"))
    field = page.get_by_test_id("stChatInput").locator("textarea")
    field.fill("What does delivery to Norway cost?")
    field.press("Enter")
    failed = page.get_by_test_id("stChatMessage").nth(1)
    expect(failed).to_contain_text("No answer this time")
    expect(page.get_by_test_id("stException")).to_have_count(0)
    field.fill("What does delivery to Norway cost?")
    field.press("Enter")
    expect(badge(page.get_by_test_id("stChatMessage").nth(3))).to_contain_text("miss")
