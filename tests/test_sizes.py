"""The sizes that `make check` holds: what is counted, and when a number is complained about."""

from __future__ import annotations

import pytest

from tools import sizes

SOURCE = """
def recall(user, *, limit, since=None): ...
def _hidden(a, b, c): ...
@app.command("hit-rate")
def hit_rate(a, b, c, d): ...
class Cache:
    def __init__(self, url, *, scope): ...
    @classmethod
    def of(cls, text): ...
"""


def test_public_signatures_are_counted_without_self() -> None:
    """Functions, methods and constructors count; private ones and commands do not."""
    assert dict(sizes.signatures("m.py", SOURCE)) == {"m.py:recall": 3, "m.py:Cache.__init__": 2, "m.py:Cache.of": 1}


@pytest.mark.parametrize(
    ("number", "allowed", "said"),
    [
        (301, None, ["m.py has 301 lines, 300 are allowed"]),
        (300, None, []),
        (320, 320, []),
        (321, 320, ["m.py has 321 lines, 320 are allowed"]),
        (310, 320, ["m.py has 310 lines now: take its 320 in tools/sizes.py down"]),
        (200, 320, ["m.py has 200 lines now: take its 320 in tools/sizes.py down"]),
    ],
)
def test_an_exception_can_only_shrink(
    number: int, allowed: int | None, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than is allowed is an error, and so is an exception that is larger than it has to be."""
    monkeypatch.setattr(sizes, "EXCEPTIONS", {} if allowed is None else {"m.py": allowed})
    assert list(sizes.complaints(iter([("lines", "m.py", number)]))) == said


def test_an_exception_for_nothing_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is gone leaves no exception behind."""
    monkeypatch.setattr(sizes, "EXCEPTIONS", {"gone.py": 400})
    assert list(sizes.complaints(iter(()))) == ["gone.py is not there any more: remove it from tools/sizes.py"]
