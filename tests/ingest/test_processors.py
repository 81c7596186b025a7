"""Processors: the chain, and the three that are shipped."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcache.errors import ConfigurationError, Quarantine
from semcache.settings import Settings, load_settings
from semcache_ingest.envelopes import Rules
from semcache_ingest.events import Event, MessageEvent, parse_event
from semcache_ingest.handlers.decode import Decoder
from semcache_ingest.processors.chain import load_processors
from semcache_ingest.processors.filter import compile_expression
from semcache_ingest.processors.lateness import Lateness
from semcache_ingest.processors.redact import redacted
from semcache_ingest.records import Outcome, Record
from tests.conftest import Clock
from tests.ingest.producing import as_record, message, upsert


def settings(**ingest: Any) -> Settings:
    return load_settings(ingest=ingest)


def decoded(chain: Settings, event: dict[str, Any]) -> Event | Outcome:
    value = as_record(chain, event)["value"].encode()
    decoder = Decoder(Rules(), processors=load_processors(chain), max_text_bytes=10_000)
    found = decoder(Record("semcache.conversations", 0, 0, b"k", value, timestamp_ms=1))
    return found if isinstance(found, Outcome) else found[0].event


def shout(event: Event) -> Event:
    assert isinstance(event, MessageEvent)
    return event.model_copy(update={"text": event.text.upper()})


def fail(event: Event) -> Event:
    raise KeyError("no such luck")


def refuse(event: Event) -> Event:
    raise Quarantine("not today", error_class="policy")


def test_processors_run_in_the_order_of_the_settings() -> None:
    """Each gets what the one before it returned."""
    chain = settings(processors=["filter", f"{__name__}:shout"], filter="text == 'hi'")
    passed = decoded(chain, message(0, text="hi"))
    assert isinstance(passed, MessageEvent)
    assert passed.text == "HI"
    assert decoded(chain, message(0, text="HI")) is Outcome.DROPPED


def test_processor_that_fails_dead_letters_the_record() -> None:
    """A third party's error is named in the dead letter; one that asks for quarantine chooses the class."""
    with pytest.raises(Quarantine, match="processor fail: KeyError"):
        decoded(settings(processors=[f"{__name__}:fail"]), message(0))
    with pytest.raises(Quarantine, match="not today") as caught:
        decoded(settings(processors=[f"{__name__}:refuse"]), message(0))
    assert caught.value.error_class == "policy"


@pytest.mark.parametrize("name", ["nosuch", "no.such:thing", f"{__name__}:nosuch", f"{__name__}:__doc__"])
def test_processor_that_does_not_load_is_a_configuration_error(name: str) -> None:
    """A name that leads nowhere is found when the ingestor starts."""
    with pytest.raises(ConfigurationError, match=r"ingest\.processors"):
        load_processors(settings(processors=[name]))


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("my card 4111 1111 1111 1111, ok?", "my card [card], ok?"),
        ("378282246310005", "[card]"),
        ("5555-5555-5555-4444.", "[card]."),
        ("pay DE89 3704 0044 0532 0130 00 today", "pay [iban] today"),
        ("gb82west12345698765432", "[iban]"),
        ("write to jo.b+x@mail.example.org.", "write to [email]."),
        ("call +49 30 901820 please", "call [phone] please"),
        ("my password is hunter2!", "my password is [secret]"),
        ("API key: abcd1234efgh", "API key: [secret]"),
        ("sk-" + "a1" * 20, "[secret]"),
        ("AKIAIOSFODNN7EXAMPLE", "[secret]"),
        ("postgres://joe:s3cret@db:5432/x", "postgres://[secret]@db:5432/x"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", "[secret]"),
    ],
)
def test_private_things_are_redacted(text: str, clean: str) -> None:
    """Cards, IBANs, e-mail addresses, phone numbers and secrets give way to their kind."""
    assert redacted(text) == clean


@pytest.mark.parametrize(
    "text",
    [
        "order 4111 1111 1111 1112",  # the check digit is wrong
        "ticket 12345678901234",
        "on 2026-11-23 at 10:00:00",
        "version 1.22.333.4444",
        "my password is wrong",
        "DE89 3704 0044 0532 0130 01",
        "0000 0000 0000 0000",
        "5 @ 10 and a@b",
        "the pin is loose",
    ],
)
def test_what_only_looks_private_stays(text: str) -> None:
    """Order numbers, dates, versions and wrong check digits are left alone."""
    assert redacted(text) == text


@hypothesis.settings(deadline=None)
@given(st.text(alphabet="ab 4111@.:+-=pinPIN[]", max_size=60))
def test_redacting_twice_is_redacting_once(text: str) -> None:
    """Redaction leaves nothing that it would redact."""
    assert redacted(redacted(text)) == redacted(text)


def test_national_phone_numbers_need_the_country() -> None:
    """A number without its + is one only where the country is known."""
    assert redacted("call (212) 555-2368") == "call (212) 555-2368"
    assert redacted("call (212) 555-2368", region="US") == "call [phone]"


def test_redact_covers_documents_and_titles() -> None:
    """Title and text of a document are redacted, its id is not."""
    event = decoded(settings(processors=["redact"]), upsert("a@b.example", 1, "a@b.example", title="a@b.example"))
    assert event.model_dump(include={"document", "text", "title"}) == {
        "document": "a@b.example",
        "text": "[email]",
        "title": "[email]",
    }


def test_late_events_are_flagged_and_counted_or_dropped(clock: Clock) -> None:
    """An event older than agreed carries its lateness; where the settings say so it is dropped."""
    old = parse_event(message(0) | {"at": datetime.fromtimestamp(clock.now - 400, UTC).isoformat()})
    fresh = parse_event(message(0) | {"at": datetime.fromtimestamp(clock.now - 200, UTC).isoformat()})
    counted: list[None] = []
    lateness = Lateness(settings(max_lateness_s=300), clock=clock)
    lateness.count = lambda: counted.append(None)
    passed = lateness(old)
    assert passed is not None
    assert (passed.model_extra or {})["late_s"] == 400
    assert lateness(fresh) is fresh
    assert len(counted) == 1
    assert Lateness(settings(max_lateness_s=300, drop_late=True), clock=clock)(old) is None


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ("role == 'user' and len(text) > 2", True),
        ("user in ['bot', 'probe']", False),
        ("user not in ('bot', 'probe')", True),
        ("not startswith(text, 'ping')", True),
        ("matches(text, '^hel+o$') or missing > 3", True),
        ("missing > 3", False),
        ("missing is None", True),
        ("metadata.lang == 'de'", True),
        ("metadata.lang.deep == 1", False),
        ("1 < 2 < 3", True),
        ("lower(text) == 'hello' and endswith(user, 'a')", True),
    ],
)
def test_filter_expressions(expression: str, holds: bool) -> None:
    """Comparisons, membership, and a few functions over the fields; what is missing is None and compares to nothing."""
    fields = {"role": "user", "text": "hello", "user": "ada", "metadata": {"lang": "de"}}
    assert bool(compile_expression(expression)(fields)) is holds


@pytest.mark.parametrize(
    "expression",
    ["", "text ==", "__import__('os')", "text.upper()", "[x for x in text]", "text[0]", "lambda: 1", "1 + 1"],
)
def test_filter_refuses_everything_else(expression: str) -> None:
    """The filter is no Python: calls, indexing and arithmetic are refused when it is configured."""
    with pytest.raises(ConfigurationError):
        compile_expression(expression)
