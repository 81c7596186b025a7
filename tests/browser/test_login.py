"""Signing in at an OpenID Connect provider."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from semcache.devstack.ports import free_port
from semcache.settings import Settings, load_settings
from semcache_ui.server import launch
from tests.browser.actions import ask, go, heading
from tests.browser.conftest import Visit, served
from tests.browser.provider import CLIENT, providing

pytestmark = pytest.mark.browser


@pytest.fixture
def members(site: Settings, tmp_path: Path) -> Iterator[Settings]:
    """The same installation, with a login."""
    port = free_port()
    login = tmp_path / "login.toml"
    with providing() as provider:
        login.write_text(
            f'[auth]\nredirect_uri = "http://localhost:{port}/oauth2callback"\n'
            f'cookie_secret = "a secret of this test alone, long enough"\nclient_id = "{CLIENT}"\n'
            f'client_secret = "x"\nserver_metadata_url = "{provider}/.well-known/openid-configuration"\n'
        )
        settings = load_settings(
            namespace=site.namespace,
            data_dir=site.data_dir,
            redis_url=site.redis.url,
            kafka_bootstrap_servers=site.kafka.bootstrap_servers,
            ui_port=port,
            ui_login_file=login,
            ui_admins=["root@example.org"],
        )
        with served(settings):
            yield settings


def shown(email: str) -> str:
    """An address as the page writes it, so that no browser makes a link of it."""
    return email.replace("@", "@\u2060")


def signed_in(page: Page, email: str) -> Page:
    """Through the door, the provider's form, and back."""
    page.get_by_role("button", name="Sign in").click()
    page.locator("input[name=email]").fill(email)
    page.get_by_role("button", name="Go").click()
    expect(page.get_by_test_id("stSidebar")).to_contain_text(shown(email.lower()))
    return page


def test_people_see_their_own_memory_and_admins_all(visit: Visit, members: Settings) -> None:
    """Nothing is shown before the login; a person gets the own memory whatever the address says; an admin chooses."""
    eve = visit("memory", user="pia", at=members)
    expect(eve.get_by_role("button", name="Sign in")).to_be_visible()
    expect(eve.get_by_test_id("stSidebarNav")).to_have_count(0)
    expect(eve.locator("body")).not_to_contain_text("Muffin")
    signed_in(eve, "Eve@Example.org")
    ask(eve, "My kayak is called Otter.")
    eve.goto(f"{launch.address(members)}/memory?user=pia")
    heading(eve, "Memory")
    expect(eve.get_by_role("main")).to_contain_text(f"What {shown('eve@example.org')} has told")
    expect(eve.get_by_test_id("stSidebar").get_by_role("combobox")).to_have_count(0)
    go(eve, "Stream")
    expect(eve.get_by_role("tab", name="Dead letters")).to_have_count(0)

    root = signed_in(visit(at=members), "root@example.org")
    root.goto(f"{launch.address(members)}/memory?user=eve@example.org")
    expect(root.get_by_role("main")).to_contain_text(f"What {shown('eve@example.org')} has told")

    eve.get_by_role("button", name="Sign out").click()
    expect(eve.get_by_role("button", name="Sign in")).to_be_visible()


def test_an_unverified_address_is_not_let_in(visit: Visit, members: Settings) -> None:
    """Who signs in with an address that the provider has not verified reads why there is nothing to see."""
    page = visit(at=members)
    page.get_by_role("button", name="Sign in").click()
    page.locator("input[name=email]").fill("unverified@example.org")
    page.get_by_role("button", name="Go").click()
    expect(page.get_by_test_id("stAlert")).to_contain_text("has not verified")
    expect(page.get_by_test_id("stSidebarNav")).to_have_count(0)
