"""What people wrote is shown as text, in a real browser: no link, no heading, no picture, no request."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page

from semcache.devstack.ports import free_port
from semcache.settings import load_settings
from semcache_ui.server import launch
from tests.waiting import wait_until

pytestmark = pytest.mark.browser

EVIL = "http://127.0.0.1:9/pixel.png"
PIECES = [
    f"![x]({EVIL})", f"[click]({EVIL})", f"<img src={EVIL}>", EVIL, f"<{EVIL}>", f"[x]: {EVIL}", "HTTPS://evil.example",
    "www.evil.example", "a@evil.example", "mailto:a@b.example", "ftp://evil.example", "xmpp:a@b.example", "<script>",
    "# big", "\n---\n", "\n===\n", "> said", "- item", "+ item", "1. item", "* * *", "\n", "    code", "`code`", "```",
    "**bold**", "_it_", "~~gone~~", ":red[red]", ":blue-badge[x]", ":small[x]", ":smile:", ":streamlit:",
    ":material/bolt:", "$x^2$", "$$", "| a | b |\n|---|---|\n| 1 | 2 |", "&lt;b&gt;", "&#42;", "->", "--", "\\", "[^1]",
    "\u202e", "<details>",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=8), min_size=1, max_size=6).map(" ".join)
MARKUP = "a[href], img, h1, h2, h3, h4, h5, h6, blockquote, ul, ol, table, hr, code, pre, em, strong, del, sup, .katex"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A Streamlit server of the page, and the file of its texts."""
    texts, port = tmp_path_factory.mktemp("texts") / "texts.json", free_port()
    texts.write_text("[]")
    command = launch.command(load_settings(ui_port=port), open_browser=False)
    command[command.index(str(launch.APP))] = str(Path(__file__).with_name("shown.py"))
    process = subprocess.Popen(
        command, env=os.environ | {"TEXTS": str(texts)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_until("the page is served", lambda: launch.answers(load_settings(ui_port=port)), timeout_s=90)
        yield f"http://127.0.0.1:{port}", texts
    finally:
        process.terminate()
        process.wait()


def shown(page: Page, address: str) -> None:
    page.goto(address)
    page.locator("#end").wait_for(state="attached")


@settings(max_examples=12, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(texts=st.lists(TEXTS, min_size=25, max_size=25))
def test_peoples_text_means_only_itself(served: tuple[str, Path], chromium: Browser, texts: list[str]) -> None:
    """Arbitrary Markdown, HTML, addresses and Streamlit's own signs: nothing of it becomes an element or a request."""
    address, file = served
    file.write_text(json.dumps(texts))
    with chromium.new_context() as context:
        page = context.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        shown(page, address)
        for place, text in enumerate(texts):
            for part in ("text", "name", "inside", "list"):
                box = page.locator(f".st-key-{part}-{place}")
                found = box.locator(MARKUP).evaluate_all("all => all.map(one => one.outerHTML)")
                assert found == [], (part, text)
            read = page.locator(f".st-key-name-{place}").text_content() or ""
            assert "".join(read.replace("\u2060", "").split()) == "".join(text.replace("\0", "\ufffd").split())
        assert [url for url in asked if "127.0.0.1:9/" in url or "evil" in url] == []
