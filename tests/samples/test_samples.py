"""The sample world is whole, consistent and does not read like a template."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from semcache import samples
from semcache.errors import InvalidInput

WORD = re.compile(r"[\w']+")
NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
FILES = ("documents", "conversations", "changes")


def words(text: str) -> list[str]:
    return WORD.findall(text.casefold())


def repeated(items: Iterable[str]) -> list[str]:
    return [item for item, count in Counter(items).items() if count > 1]


def moment(at: str) -> datetime:
    assert at.endswith("Z"), at
    return datetime.fromisoformat(at)


@pytest.fixture(scope="module")
def texts() -> Mapping[str, str]:
    """Text by id: documents before any change, and turns."""
    found = {document.document: document.text for document in samples.documents()}
    return found | {turn.id: turn.text for turn in samples.conversations()}


@pytest.mark.parametrize(
    ("found", "at_least"),
    [
        (len(samples.documents()), 34),
        (len({turn.user for turn in samples.conversations()}), 14),
        (len(samples.conversations()), 540),
        (len(samples.questions()), 240),
        (sum(q.kind == "near_miss" for q in samples.questions()), 50),
        (sum(q.kind == "personal" for q in samples.questions()), 15),
        (sum(q.kind == "volatile" for q in samples.questions()), 8),
        (sum(q.kind == "follow_up" for q in samples.questions()), 8),
        (sum(q.kind == "unanswerable" for q in samples.questions()), 10),
        (len(samples.changes()), 3),
    ],
)
def test_there_is_enough_of_everything(found: int, at_least: int) -> None:
    """The world is large enough for a stream and for figures."""
    assert found >= at_least


@pytest.mark.parametrize("name", FILES)
def test_files_hold_nothing_but_events(name: str) -> None:
    """Each line is one JSON event with exactly the fields of its type, so that it can be produced as it is."""
    common = {"type", "id", "namespace", "text", "at"}
    fields = {
        "message": common | {"user", "session", "role"},
        "document_upserted": common | {"document", "version", "title"},
    }
    for line in samples.path(f"helpdesk/{name}.jsonl").read_text("utf-8").splitlines():
        event = json.loads(line)
        assert set(event) == fields[event["type"]]
        assert event["namespace"] == "default"
        assert event["text"].strip() == event["text"] != ""


def test_ids_are_unique() -> None:
    """No two events share an id, and no two questions."""
    events = [*samples.documents(), *samples.changes(), *samples.conversations()]
    assert repeated(event.id for event in events) == []
    assert repeated(question.id for question in samples.questions()) == []
    assert repeated(document.document for document in samples.documents()) == []


def test_files_are_in_order_of_time() -> None:
    """A stream of the files is a stream in time, and the changes come after all conversations."""
    for events in (samples.documents(), samples.changes(), samples.conversations()):
        assert all(moment(a.at) <= moment(b.at) for a, b in pairwise(events))
    assert moment(samples.conversations()[-1].at) < moment(samples.changes()[0].at)
    assert moment(samples.changes()[-1].at) < datetime(2026, 12, 1, tzinfo=UTC)


def test_sessions_are_one_conversation() -> None:
    """A session belongs to one user, starts with the user, alternates and does not run into the user's next one."""
    sessions = defaultdict(list)
    for turn in samples.conversations():
        sessions[turn.session].append(turn)
    for turns in sessions.values():
        assert len({turn.user for turn in turns}) == 1
        assert [turn.role for turn in turns] == (["user", "assistant"] * len(turns))[: len(turns)]
        assert all(moment(a.at) < moment(b.at) for a, b in pairwise(turns))
    spans = sorted((turns[0].user, turns[0].at, turns[-1].at) for turns in sessions.values())
    assert all(a[2] < b[1] for a, b in pairwise(spans) if a[0] == b[0])


def test_every_user_comes_back() -> None:
    """Each user has several sessions over several months, so that facts have time to change."""
    seen = defaultdict(list)
    for turn in samples.conversations():
        seen[turn.user].append(turn)
    for turns in seen.values():
        assert len({turn.session for turn in turns}) >= 2
        assert (moment(turns[-1].at) - moment(turns[0].at)).days > 60


def test_texts_have_natural_lengths() -> None:
    """Turns are short and documents long enough to be split."""
    assert all(len(turn.text.split()) <= 60 for turn in samples.conversations())
    assert all(120 <= len(document.text.split()) <= 350 for document in samples.documents())
    assert all(document.text.count("\n\n") >= 2 for document in samples.documents())


def test_turns_do_not_repeat_each_other() -> None:
    """No two turns of more than six words are the same, and no eight words in a row come in three turns."""
    assert repeated(" ".join(words(t.text)) for t in samples.conversations() if len(words(t.text)) > 6) == []
    seen = defaultdict(set)
    for turn in samples.conversations():
        for start in range(len(words(turn.text)) - 7):
            seen[tuple(words(turn.text)[start : start + 8])].add(turn.id)
    assert [ids for ids in seen.values() if len(ids) > 2] == []


def test_documents_do_not_repeat_each_other() -> None:
    """No twelve words in a row come in two documents: siblings differ in their wording as well."""
    seen = defaultdict(set)
    for document in samples.documents():
        for start in range(len(words(document.text)) - 11):
            seen[tuple(words(document.text)[start : start + 12])].add(document.document)
    assert [ids for ids in seen.values() if len(ids) > 1] == []


def test_questions_are_asked_once() -> None:
    """No question occurs twice, whatever its capitals and punctuation."""
    assert repeated(" ".join(words(q.question)) for q in samples.questions()) == []


def test_groups_share_one_answer() -> None:
    """Each group has two questions at least and exactly one answer, which no other answerable group shares."""
    groups = defaultdict(list)
    for question in samples.questions():
        groups[question.group].append(question)
    answers = {group: {q.answer for q in members} for group, members in groups.items()}
    assert [group for group, members in groups.items() if len(members) < 2] == []
    assert [group for group, found in answers.items() if len(found) != 1] == []
    assert repeated(q[0].answer for q in groups.values() if q[0].kind != "unanswerable") == []


def test_references_between_questions_hold() -> None:
    """Near-misses name another group, follow-ups another question, personal questions a user; no other kind does."""
    groups = {question.group for question in samples.questions()}
    asked = {question.question for question in samples.questions()}
    users = {turn.user for turn in samples.conversations()}
    for question in samples.questions():
        assert (question.near_miss_of is not None) == (question.kind == "near_miss")
        assert (question.after is not None) == (question.kind == "follow_up")
        assert (question.user is not None) == (question.kind == "personal")
        assert question.near_miss_of is None or question.near_miss_of in groups - {question.group}
        assert question.after is None or question.after in asked - {question.question}
        assert question.user is None or question.user in users


def test_sources_exist_and_hold_the_numbers_of_the_answer(texts: Mapping[str, str]) -> None:
    """Every number of an answer stands in one of its sources, and whatever can be answered has a source."""
    for question in samples.questions():
        assert set(question.sources) <= set(texts), question
        assert question.sources or question.kind in {"unanswerable", "volatile"}, question
        held = {number for source in question.sources for number in NUMBER.findall(texts[source])}
        assert set(NUMBER.findall(question.answer)) <= held, question


def test_answers_are_sentences_of_their_document(texts: Mapping[str, str]) -> None:
    """An answer from a document can be given by quoting: its sentences are there word for word."""
    for question in samples.questions():
        if question.kind == "personal" or not question.sources:
            continue
        source = " ".join(words(" ".join(texts[source] for source in question.sources)))
        for sentence in re.split(r"(?<=[.?!]) ", question.answer):
            assert " ".join(words(sentence)) in source, (question.id, sentence)


def test_personal_answers_come_from_the_users_own_turns() -> None:
    """The turns behind a personal answer are the asker's own."""
    owner = {turn.id: turn.user for turn in samples.conversations()}
    for question in samples.questions():
        if question.kind == "personal":
            assert {owner[source] for source in question.sources} == {question.user}, question


def test_changes_are_second_versions_of_known_documents(texts: Mapping[str, str]) -> None:
    """A change carries version 2 of a document and another text."""
    for change in samples.changes():
        assert change.version == 2
        assert change.text != texts[change.document]


def test_stories_follow_the_changes(texts: Mapping[str, str]) -> None:
    """Each story's old and new words stand in the old and the new version, and only there."""
    changed = {change.document: change.text for change in samples.changes()}
    assert {story.change for story in samples.demo()} == set(changed)
    for story in samples.demo():
        old, new = texts[story.change], changed[story.change]
        assert story.before in old
        assert story.before not in new
        assert story.after in new
        assert story.after not in old


def test_stories_can_be_told(texts: Mapping[str, str]) -> None:
    """What a story expects for its near-miss stands in a document, for its personal question in the user's turns."""
    documents = [texts[document.document] for document in samples.documents()]
    for story in samples.demo():
        assert any(story.near_miss.expect in text for text in documents)
        turns = [turn.text for turn in samples.conversations() if turn.user == story.personal.user]
        assert any(story.personal.expect.casefold() in text.casefold() for text in turns)
        assert words(story.question) != words(story.paraphrase)


def test_a_path_is_a_file() -> None:
    """A sample is found by its name; a wrong name says which there are."""
    assert samples.path("helpdesk/documents.jsonl").is_file()
    with pytest.raises(InvalidInput, match=r"helpdesk/questions\.jsonl"):
        samples.path("helpdesk/missing.jsonl")
