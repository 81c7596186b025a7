"""Which column of a file is what: named by the user, or found by its usual names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from semcache.errors import InvalidInput
from semcache.evals.reading.exports import request_field
from semcache.evals.reading.record import Record

PROMPTS = (
    "prompt",
    "text",
    "query",
    "question",
    "utterance",
    "instruction",
    "message",
    "input",
    "messages",
    "user_input",
)
ANSWER_IDS = ("answer_id", "category", "intent", "label", "group")
RESPONSES = ("response", "answer", "output", "completion", "reply", "output_text", "choices")
PAIR_TEXTS = (
    ("text_a", "text_b"), ("question1", "question2"), ("sentence1", "sentence2"), ("prompt_a", "prompt_b"),
    ("question_1", "question_2"), ("text1", "text2"), ("query1", "query2"),
)  # fmt: skip
TIMES = ("timestamp", "created_at", "createdat", "start_time", "starttime", "request_created_at", "time", "created")
PAIR_LABELS = ("label", "is_duplicate", "duplicate", "same", "same_answer", "is_same")


@dataclass(frozen=True, slots=True)
class Columns:
    """Column names given by the user, nested ones with dots; None = found by name.

    `answer_id` "" = answers are compared by their text. `pair`: two prompts and the label that says whether one answer
    serves both.
    """

    prompt: str | None = None
    answer_id: str | None = None
    response: str | None = None
    pair: tuple[str, str, str] | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """What the first records of a log have: the names of their columns, and how to find one. `name`: the log's own."""

    name: str
    names: tuple[str, ...]
    sample: tuple[Record, ...]

    @classmethod
    def of(cls, name: str, sample: Sequence[Record]) -> Table:
        """The columns of all records: those of JSON lines need not be the same."""
        return cls(name, tuple(dict.fromkeys(n for record in sample for n in record.values)), tuple(sample))

    def given(self, name: str) -> str:
        """A column that the user has named."""
        if name in self.names or any(record.at(name) is not None for record in self.sample):
            return name
        nested = dict.fromkeys(n for record in self.sample for n in record.names())
        raise InvalidInput(f"{self.name} has no column {name!r}; it has {', '.join(nested) or 'none'}")

    def found(self, known: Sequence[str]) -> list[str]:
        """The columns with one of these names, in the order of the names; case and separators do not matter."""
        by_name = {_plain(name): name for name in self.names}
        return [by_name[name] for name in known if name in by_name]

    @property
    def listed(self) -> str:
        return f"the columns {', '.join(self.names)}"

    def pair(self, given: tuple[str, str, str] | None) -> tuple[str, str, str] | None:
        """The columns of labelled pairs, if the log has them."""
        if given is not None:
            first, second, label = map(self.given, given)
            return first, second, label
        labels = self.found(PAIR_LABELS)
        texts = next((both for names in PAIR_TEXTS if len(both := self.found(names)) == 2), None)
        return (texts[0], texts[1], labels[0]) if texts and labels else None

    def prompt(self, given: str | None) -> str | None:
        """The field that holds what was asked: named, one with messages or a request, one with a usual name.

        A table with one column and no usual name is a list of prompts.
        """
        if given is not None:
            return self.given(given)
        requests = [field for record in self.sample if (field := request_field(record)) is not None]
        if 2 * len(requests) > len(self.sample):
            return max(set(requests), key=requests.count)
        return next(iter(self.found(PROMPTS)), None)

    def answer_id(self, given: str | None) -> str | None:
        """The column of answer ids: `answer_id`, or of several the one that tells most answers apart."""
        if given is not None:
            return self.given(given) if given else None
        known = self.found(ANSWER_IDS)
        if not known or _plain(known[0]) == ANSWER_IDS[0]:
            return known[0] if known else None
        return max(known, key=lambda name: len({record.text(name) for record in self.sample}))

    def response(self, given: str | None) -> str | None:
        """The field that holds the answer, if somebody has named it or it has a usual name."""
        return self.given(given) if given is not None else next(iter(self.found(RESPONSES)), None)

    @property
    def time(self) -> str | None:
        """The column that says when a request came."""
        return next(iter(self.found(TIMES)), None)

    def unusable(self) -> InvalidInput:
        """The error of a log without what is needed."""
        first, second = PAIR_TEXTS[0]
        return InvalidInput(
            f"{self.name} has {self.listed}; needed is a prompt ({' / '.join(PROMPTS[:4])}, or messages), with an "
            f"answer id ({' / '.join(ANSWER_IDS[:4])}) or a response ({' / '.join(RESPONSES[:2])}) if wrong hits are "
            f"to be counted, or pairs ({first}, {second}, {PAIR_LABELS[0]}). Name them with --prompt-column, "
            "--answer-column, --response-column, --pair-columns; a nested field by its dotted name (request.messages)"
        )


def _plain(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("-", "_")
