"""The key ring: what is sealed opens in its place with its key, and in no other way."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from semcache.errors import ConfigurationError, InvalidInput, SealError
from semcache.settings import load_settings
from semcache.store.sealing import MARK, UNSEALED, is_sealed, open_sealer, sealed_under
from semcache.store.sealing.ring import KeyRing
from tests.sealing.conftest import former_ring, ring, secret

TEXT = st.text().filter(lambda text: all(not 0xD800 <= ord(c) <= 0xDFFF for c in text))


@given(text=TEXT, place=TEXT, other=TEXT)
def test_a_text_opens_in_its_place_only(text: str, place: str, other: str) -> None:
    """Whatever the text, it opens where it was sealed; in any other place it is refused."""
    keys = ring("k1")
    sealed = keys.seal(text, place)
    assert sealed.isascii()
    assert sealed_under(sealed) == "k1"
    assert keys.open(sealed, place) == text
    if other != place:
        with pytest.raises(SealError, match="another record"):
            keys.open(sealed, other)


@given(text=TEXT, at=st.integers(min_value=0), bit=st.integers(0, 6))
def test_an_altered_text_is_refused(text: str, at: int, bit: int) -> None:
    """Any bit of a sealed text that changes makes it unreadable, wherever it is."""
    keys = ring("k1")
    sealed = keys.seal(text, "here")
    raw = bytearray(base64.urlsafe_b64decode(sealed.rpartition(":")[2]))
    raw[at % len(raw)] ^= 1 << bit
    altered = sealed.rpartition(":")[0] + ":" + base64.urlsafe_b64encode(raw).decode()
    with pytest.raises(SealError, match="altered"):
        keys.open(altered, "here")


@pytest.mark.parametrize("cut", ["", "nonsense", "a:b:c:d", "k1:0011:", "k1:00112233aabbccdd:AAAA"])
def test_what_only_looks_sealed_is_refused(cut: str) -> None:
    """A mangled header is an error of sealing, not a crash."""
    with pytest.raises(SealError):
        ring("k1").open(MARK + cut, "here")


def test_the_same_text_has_one_form_in_a_place() -> None:
    """A replay writes the same bytes; another place, text or key gives others."""
    keys = ring("k1", "k2", active="k1")
    forms = {
        keys.seal("I live in Lyon", "a"),
        keys.seal("I live in Lyon", "a"),
        keys.seal("I live in Lyon", "b"),
        keys.seal("I live in Lyons", "a"),
        ring("k1", "k2", active="k2").seal("I live in Lyon", "a"),
    }
    assert len(forms) == 4


@given(text=TEXT, place=TEXT, other=TEXT)
def test_what_format_1_has_sealed_is_opened_in_its_place_only(text: str, place: str, other: str) -> None:
    """The same ring opens both formats; the new one is what it seals."""
    former = former_ring("k1").seal(text, place)
    assert former.startswith("\x02sealed:1:k1:")
    assert is_sealed(former)
    assert sealed_under(former) == "k1"
    keys = ring("k1")
    assert keys.open(former, place) == text
    assert keys.seal(text, place).startswith("\x02sealed:2:k1:")
    if other != place:
        with pytest.raises(SealError, match="another record"):
            keys.open(former, other)


def test_a_format_cannot_be_taken_for_the_other() -> None:
    """A sealed text whose mark is changed to the other format's is refused."""
    keys = ring("k1")
    for sealed, (was, becomes) in (
        (keys.seal("secret", "here"), "21"),
        (former_ring("k1").seal("secret", "here"), "12"),
    ):
        with pytest.raises(SealError, match="altered"):
            keys.open(sealed.replace(f"sealed:{was}:", f"sealed:{becomes}:"), "here")
    with pytest.raises(SealError, match="no keys"):
        UNSEALED.open(former_ring("k1").seal("secret", "here"), "here")


def test_the_cipher_is_that_of_rfc_5297() -> None:
    """Anybody who has the key opens a text with AES-256-SIV of any library: here, of the one that we use."""
    sealed = ring("k1").seal("I live in Lyon", "here")
    header, _, body = sealed.rpartition(":")
    cipher = AESSIV(HKDF(SHA256(), 64, salt=None, info=b"semcache seal 1 siv").derive(secret("k1")))
    assert cipher.decrypt(base64.urlsafe_b64decode(body), [f"{header}:here".encode()]) == b"I live in Lyon"


def test_a_missing_key_is_named() -> None:
    """Without the key of a text the error names the key and says that it is needed until the rotation."""
    sealed = ring("old").seal("secret", "here")
    with pytest.raises(SealError, match=r"'old'.*has only new.*semcache seal rotate"):
        ring("new").open(sealed, "here")
    with pytest.raises(SealError, match=r"'old'.*SEMCACHE_SEAL_KEYS"):
        UNSEALED.open(sealed, "here")


def test_a_wrong_key_is_told_from_an_altered_text() -> None:
    """Another value under the same id, and another secret of the words, are each named as what they are."""
    sealed = ring("k1").seal("secret", "here")
    other = KeyRing({"k1": secret("other")}, active="k1", words=secret("words"))
    with pytest.raises(SealError, match="another key of that id"):
        other.open(sealed, "here")
    with pytest.raises(SealError, match="words"):
        ring("k1", words="others").open(sealed, "here")


def test_plain_text_is_not_given_out_where_sealing_is_on() -> None:
    """Text that nobody sealed is refused, unless the settings accept it until it is sealed."""
    with pytest.raises(SealError, match=r"not sealed.*rotate"):
        ring("k1").open("planted", "here")
    assert ring("k1", accept_plain=True).open("planted", "here") == "planted"
    assert ring("k1", active="").open("planted", "here") == "planted"


def test_without_sealing_text_stays_as_it_is() -> None:
    """Off, nothing changes; and nobody can store a text that would be taken for a sealed one."""
    assert UNSEALED.seal("I live in Lyon", "here") == UNSEALED.open("I live in Lyon", "here") == "I live in Lyon"
    assert UNSEALED.words(["lyon", "live"], "ann") == ["lyon", "live"]
    with pytest.raises(InvalidInput):
        UNSEALED.seal(MARK + "k1:", "here")


def test_words_are_hidden_for_each_owner_and_survive_a_rotation() -> None:
    """A word has one name for an owner whatever the active key, another for another owner, and none shows it."""
    before, after = ring("k1"), ring("k1", "k2")
    names = before.words(["lyon", "live", "lyon"], "ann")
    assert names == after.words(["lyon", "live", "lyon"], "ann")
    assert names[0] == names[2] != names[1]
    assert not set(names) & set(before.words(["lyon", "live"], "bob"))
    assert all(len(name) == 16 and int(name, 16) >= 0 for name in names)


def test_off_is_the_default() -> None:
    """Without keys in the settings nothing is sealed, and the very same object serves everybody."""
    assert open_sealer(load_settings().seal) is UNSEALED


def test_the_ring_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys, active key and words are settings like any other, and are never shown."""
    key = base64.b64encode(secret("k1")).decode()
    monkeypatch.setenv("SEMCACHE_SEAL_ACTIVE", "k1")
    monkeypatch.setenv("SEMCACHE_SEAL_KEYS", f'{{"k1": "{key}"}}')
    monkeypatch.setenv("SEMCACHE_SEAL_WORDS", base64.urlsafe_b64encode(secret("words")).decode())
    settings = load_settings()
    sealer = open_sealer(settings.seal)
    assert is_sealed(sealer.seal("x", "here"))
    assert ring("k1").open(sealer.seal("x", "here"), "here") == "x"
    assert key not in repr(settings)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"active": "k2", "keys": {"k1": "x"}, "words": "x"}, "k2.*has k1"),
        ({"active": "k1"}, "no key at all"),
        ({"active": "k1", "keys": {"k1": "c2hvcnQ="}, "words": "x"}, "keys.k1 has to be 32 random bytes"),
        ({"active": "k1", "keys": {"k1": "hemlig"}}, "words is missing"),
        ({"active": "a b", "keys": {"a b": "x"}, "words": "x"}, "letters, digits"),
        ({"active": "k1", "key": {"k1": "hemlig"}}, "seal.key"),
    ],
)
def test_a_wrong_ring_is_refused_without_showing_it(wrong: dict[str, object], says: str) -> None:
    """A mistake in the settings is named before anything is stored, and no secret is in the message."""
    with pytest.raises((ConfigurationError, SealError), match=says) as raised:
        open_sealer(load_settings(seal=wrong).seal)
    assert "hemlig" not in str(raised.value)
