"""Who may see and change what, and where the app may be served."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from semcache.errors import ConfigurationError
from semcache.settings import UiSettings, load_settings
from semcache_ui.server import launch
from semcache_ui.services.access import AccessDenied, check_reach, identify
from semcache_ui.services.installation import Installation
from tests.ui.conftest import PAGES
from tests.ui.reading import said

ANA = {"is_logged_in": True, "email": "Ana@example.org", "email_verified": True}
LOGIN_FILE = """[auth]
redirect_uri = "http://localhost:8501/oauth2callback"
cookie_secret = "a secret of the test, long enough"
client_id = "semcache"
client_secret = "another"
server_metadata_url = "http://localhost:1/.well-known/openid-configuration"
"""
Open = Callable[..., AppTest]


def labels(test: AppTest) -> set[str]:
    """What the buttons say; of one that is only a sign, its key."""
    return {button.label or str(button.key) for button in test.button}


@pytest.fixture
def login_file(tmp_path: Path) -> Path:
    path = tmp_path / "login.toml"
    path.write_text(LOGIN_FILE)
    return path


@pytest.fixture
def with_login(environment: pytest.MonkeyPatch, login_file: Path, helpdesk: Installation) -> Open:
    """`with_login("views/chat.py", ANA)`: a page of an installation in which people sign in; `root` is an admin."""
    environment.setenv("SEMCACHE_UI_LOGIN_FILE", str(login_file))
    environment.setenv("SEMCACHE_UI_ADMINS", '["root@example.org"]')

    def open_page(path: str, claims: dict[str, object], /, **query: str) -> AppTest:
        test = AppTest.from_file(str(PAGES / path), default_timeout=60)
        test.user = claims  # type: ignore[assignment]
        for name, value in query.items():
            test.query_params[name] = value
        return test.run()

    return open_page


def test_a_person_is_the_user_of_the_claim() -> None:
    """The e-mail address, whatever its case, names the user; those in the settings are admins."""
    rules = UiSettings(admins=["ROOT@example.org"])
    assert identify(ANA, rules).user == "ana@example.org"
    assert not identify(ANA, rules).admin
    assert identify({"email": "Root@Example.org", "email_verified": True}, rules).admin
    by_subject = UiSettings(user_claim="sub", admins=["7"])
    assert identify({"sub": "7"}, by_subject).admin
    assert identify({"sub": "aB"}, by_subject).user == "aB"


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"email": "  "},
        {"email": 7},
        {"email": "a@b.c", "email_verified": False},
        {"email": "a@b.c", "email_verified": "false"},
        {"email": "a@b.c", "email_verified": "true"},
        {"email": "a@b.c", "email_verified": None},
        {"email": "a@b.c", "email_verified": 1},
        {"email": "a@b.c"},
        {"sub": "a@b.c"},
    ],
)
def test_who_cannot_be_told_apart_is_not_let_in(claims: dict[str, object]) -> None:
    """No address, or one that the provider has not verified, is nobody's user."""
    with pytest.raises(AccessDenied):
        identify(claims, UiSettings())


@given(st.text(min_size=1, max_size=12), st.text(min_size=1, max_size=12))
@example("\u212aim@example.org", "kim@example.org")
@example("groß@example.org", "gross@example.org")
@example("Kim@Example.org ", "kim@example.org")
def test_two_addresses_are_one_person_by_the_case_of_ascii_alone(one: str, other: str) -> None:
    """Other letters that fold into each other may be two people's: the memory of one, and an admin's rights."""
    assume(one.strip() and other.strip())
    known = [identify({"email": said, "email_verified": True}, UiSettings()).user for said in (one, other)]
    plain = [said.strip() for said in (one, other)]
    same = plain[0] == plain[1] or (all(map(str.isascii, plain)) and plain[0].lower() == plain[1].lower())
    assert (known[0] == known[1]) == same


@pytest.mark.parametrize("exp", ["1795962000", math.nan, None, []])
def test_an_end_that_cannot_be_read_lets_nobody_in(exp: object) -> None:
    """A provider that writes it as text would never sign anybody out otherwise."""
    with pytest.raises(AccessDenied, match="run out"):
        identify({"email": "kim@example.org", "email_verified": True, "exp": exp}, UiSettings())


def test_a_sign_in_ends_and_comes_from_one_place() -> None:
    """`exp` is kept to; another issuer or tenant is another person, whatever subject and address say."""
    claims = {"sub": "7", "iss": "https://login.example.org/ours", "tid": "ours", "exp": 1000}
    rules = UiSettings(user_claim="sub", issuer="https://login.example.org/ours", tenant="ours")
    assert identify(claims, rules, now=999).user == "7"
    for change in ({"exp": 999}, {"iss": "https://login.example.org/theirs"}, {"tid": "theirs"}, {"tid": None}):
        with pytest.raises(AccessDenied):
            identify(claims | change, rules, now=999)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.0.0.2", "[::1]"])
def test_without_login_this_machine_is_served(host: str) -> None:
    """Every way to write this machine's own address is allowed."""
    check_reach(UiSettings(host=host))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.7", "example.org", ""])
def test_without_login_no_other_machine_is_served(host: str) -> None:
    """An address that others reach is refused unless there is a login, or it was asked for."""
    with pytest.raises(ConfigurationError, match="login_file"):
        check_reach(UiSettings(host=host))
    check_reach(UiSettings(host=host, allow_anonymous=True))
    check_reach(UiSettings(host=host, login_file=Path("login.toml")))


def test_the_app_does_not_start_open_to_others() -> None:
    """`semcache ui` on all addresses ends before anything is served."""
    with pytest.raises(ConfigurationError, match="allow_anonymous"):
        launch.start(load_settings(ui_host="0.0.0.0"))


def test_a_login_file_is_checked_at_the_start(tmp_path: Path, login_file: Path) -> None:
    """A missing file, broken TOML and a missing entry are named; a good file reaches Streamlit."""
    launch.check(load_settings(ui_login_file=login_file))
    assert f"--secrets.files={login_file}" in launch.command(
        load_settings(ui_login_file=login_file), open_browser=False
    )
    for content, named in (("[auth", "cannot be read"), (LOGIN_FILE.replace("client_id", "id"), "client_id")):
        broken = tmp_path / "broken.toml"
        broken.write_text(content)
        with pytest.raises(ConfigurationError, match=named):
            launch.check(load_settings(ui_login_file=broken))
    with pytest.raises(ConfigurationError, match="cannot be read"):
        launch.check(load_settings(ui_login_file=tmp_path / "none.toml"))


def test_nobody_passes_the_door_without_signing_in(with_login: Open) -> None:
    """Before the login the app shows the way in and nothing else."""
    test = with_login("app.py", {"is_logged_in": False})
    assert "Sign in to semcache" in said(test)
    assert labels(test) == {"Sign in"}
    assert not test.sidebar.selectbox


def test_an_unverified_address_is_told_so(with_login: Open) -> None:
    """Who cannot be let in reads why, and can sign out."""
    test = with_login("app.py", ANA | {"email_verified": False})
    assert "has not verified" in said(test)
    assert labels(test) == {"Sign out"}


def test_a_person_sees_the_own_memory_whatever_the_address_says(with_login: Open, helpdesk: Installation) -> None:
    """`?user=pia` does not open pia's memory to somebody else; an admin sees it."""
    helpdesk.app.memory(user="pia").append("s1", "user", "My dog is called Muffin.")
    helpdesk.app.memory(user="ana@example.org").append("s1", "user", "My parrot is called Rio.")
    own = with_login("views/memory.py", ANA, user="pia")
    assert "What ana@example.org has told" in said(own)
    assert "Muffin" not in said(own)
    assert "Rio" in said(own)
    admin = with_login("views/memory.py", ANA | {"email": "root@example.org"}, user="pia")
    assert "Muffin" in said(admin)


def test_only_admins_choose_a_user(with_login: Open) -> None:
    """The switcher is there for admins; others read who they are, and can sign out."""
    person = with_login("app.py", ANA)
    assert not person.sidebar.selectbox
    assert "ana@example.org" in said(person)
    assert "Sign out" in labels(person)
    admin = with_login("app.py", ANA | {"email": "root@example.org"})
    assert [box.label for box in admin.sidebar.selectbox] == ["User"]


def test_an_admin_who_acts_as_another_user_is_in_the_audit_trail(with_login: Open, installation: Installation) -> None:
    """Once for each user, whatever is looked at; whoever stays oneself is not in it."""
    with_login("app.py", ANA)
    admin = with_login("app.py", ANA | {"email": "root@example.org"})
    assert list(installation.audit.newest()) == []
    for user in ("pia", "pia", "bram"):
        admin.sidebar.selectbox[0].set_value(user).run()
    acts = [(record.actor, record.action, record.target) for record in installation.audit.newest()]
    assert acts == [("root@example.org", "acted as another user", user) for user in ("bram", "pia")]


def test_only_admins_change_what_all_share(with_login: Open, helpdesk: Installation) -> None:
    """Documents and shared answers are read by everybody, and changed by admins."""
    for _ in helpdesk.chat.ask("How long do I have to return a bike?", user="ana@example.org", session="s1"):
        pass
    changing = {"Edit", "delete-document", "Add a document", "Edit a document", "Remove", "Play the sample again"}
    pages = ("views/knowledge.py", "views/chat.py", "views/cache.py", "views/start.py")
    assert not any(changing & labels(with_login(page, ANA)) for page in pages)
    root = ANA | {"email": "root@example.org"}
    assert changing <= set().union(*(labels(with_login(page, root)) for page in pages))
