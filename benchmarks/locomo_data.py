"""LoCoMo's file format: conversations as events, questions with the turns that answer them."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from semcache.memory.types import turn_id

UNANSWERABLE = 5  # the category of questions whose answer is not in the conversation


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and the turns, by id, that answer it."""

    text: str
    category: int
    evidence: frozenset[str]


@dataclass(frozen=True, slots=True)
class Conversation:
    """One conversation: its messages as events, its questions, and when these are asked: a day after its end."""

    name: str
    events: tuple[Mapping[str, Any], ...]
    questions: tuple[Asked, ...]
    asked_at: float


def read(path: Path) -> list[Conversation]:
    """The conversations of a LoCoMo file."""
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
        return [conversation(sample, place) for place, sample in enumerate(json.load(file))]


def conversation(sample: Mapping[str, Any], place: int) -> Conversation:
    name = str(sample.get("sample_id", f"conversation-{place}"))
    events = tuple(event for session in sessions(sample["conversation"]) for event in messages(name, *session))
    turns = {event["dialogue"]: turn_id(event["id"]) for event in events}
    questions = tuple(asked for entry in sample["qa"] for asked in question(entry, turns))
    end = max(datetime.fromisoformat(event["at"]).timestamp() for event in events)
    return Conversation(name, events, questions, end + 86_400)


def sessions(said: Mapping[str, Any]) -> Iterator[tuple[str, datetime, Sequence[Mapping[str, str]]]]:
    """Name, start and messages of each session, in order."""
    numbers = sorted(int(key.split("_")[1]) for key in said if re.fullmatch(r"session_\d+", key))
    for number in numbers:
        start = datetime.strptime(said[f"session_{number}_date_time"], "%I:%M %p on %d %B, %Y")
        yield f"session_{number}", start.replace(tzinfo=UTC), said[f"session_{number}"]


def messages(user: str, session: str, start: datetime, said: Sequence[Mapping[str, str]]) -> Iterator[dict[str, Any]]:
    """The messages of a session as events, one second apart; a shared picture is told by its caption."""
    for second, message in enumerate(said):
        caption = message.get("blip_caption")
        yield {
            "type": "message",
            "id": f"{user}/{message['dia_id']}",
            "user": user,
            "session": session,
            "role": "user",
            "speaker": message["speaker"],
            "text": message["text"] + (f" [shares image: {caption}]" if caption else ""),
            "at": datetime.fromtimestamp(start.timestamp() + second, UTC).isoformat(),
            "dialogue": message["dia_id"],
        }


def question(entry: Mapping[str, Any], turns: Mapping[str, str]) -> Iterator[Asked]:
    """The question, if it can be answered and its evidence is known."""
    names = [name for cell in entry.get("evidence", ()) for name in re.findall(r"D\d+:\d+", cell)]
    evidence = frozenset(turns[name] for name in names if name in turns)
    if evidence and entry["category"] != UNANSWERABLE:
        yield Asked(entry["question"], entry["category"], evidence)
