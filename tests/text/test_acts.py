"""What somebody wants who asks for a person, tells of a loss, or corrects a name."""

from __future__ import annotations

import pytest

from semcache.text.questions import fold
from semcache.text.questions.acts import tells_of_loss, wants_human


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("could you put me through to an agent", True),
        ("is there anybody I can talk to?", True),
        ("not a bot please", True),
        ("representative", True),
        ("How do I become an agent?", False),
        ("Can a person under 16 drive?", False),
        ("Can somebody explain TLS?", False),
    ],
)
def test_who_wants_a_person_is_understood(text: str, wanted: bool) -> None:
    """In whatever words; who only mentions persons wants none."""
    assert wants_human(text) is wanted


@pytest.mark.parametrize(
    ("text", "loss"),
    [
        ("our kitten was put to sleep", True),
        ("I lost my brother in spring", True),
        ("we said goodbye to our old horse today", True),
        ("my phone just died", False),
        ("I lost my keys", False),
    ],
)
def test_a_loss_is_one_of_somebody(text: str, loss: bool) -> None:
    """People and animals die and are mourned; a phone that dies is none."""
    assert tells_of_loss(text) is loss


@pytest.mark.parametrize(
    ("asked", "meant", "expected"),
    [
        ("How long does a parcel to Norway take?", "oops, i meant sweden", "How long does a parcel to sweden take?"),
        ("Does the Pine room have a screen?", "no I meant the Elm room", "Does the Elm room have a screen?"),
        ("What does the Lumo Two weigh?", "I meant lumo one", "What does the lumo one weigh?"),
        ("Is it open on Monday?", "I meant Friday", "Is it open on Friday?"),
    ],
)
def test_a_correction_takes_the_place_of_the_name(asked: str, meant: str, expected: str) -> None:
    """The last name of the question before it is replaced, whatever the case of the new one."""
    assert fold([asked, meant]) == expected
