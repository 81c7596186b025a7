"""Which column of a file is what: named by the user, or found by its usual names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from semcache.errors import InvalidInput

PROMPTS = ("prompt", "text", "query", "question", "utterance", "instruction", "message", "input")
ANSWER_IDS = ("answer_id", "category", "intent", "label", "group")
RESPONSES = ("response", "answer", "output", "completion", "reply")
PAIR_TEXTS = (
    ("text_a", "text_b"), ("question1", "question2"), ("sentence1", "sentence2"), ("prompt_a", "prompt_b"),
    ("question_1", "question_2"), ("text1", "text2"), ("query1", "query2"),
)  # fmt: skip
PAIR_LABELS = ("label", "is_duplicate", "duplicate", "same", "same_answer", "is_same")

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Columns:
    """Column names given by the user; None = found by name. `answer_id` "" = answers are compared by their text.

    `pair`: two prompts and the label that says whether one answer serves both.
    """

    prompt: str | None = None
    answer_id: str | None = None
    response: str | None = None
    pair: tuple[str, str, str] | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """What a file has: its column names, and how to find one."""

    path: Path
    names: tuple[str, ...]

    @classmethod
    def of(cls, path: Path, rows: Sequence[Row]) -> Table:
        """The columns of all rows: those of JSON lines need not be the same."""
        return cls(path, tuple(dict.fromkeys(name for row in rows for name in row)))

    def given(self, name: str) -> str:
        """A column that the user has named."""
        if name not in self.names:
            raise InvalidInput(f"{self.path} has no column {name!r}; it has {self.listed}")
        return name

    def found(self, known: Sequence[str]) -> list[str]:
        """The columns with one of these names, in the order of the names; case and separators do not matter."""
        by_name = {_plain(name): name for name in self.names}
        return [by_name[name] for name in known if name in by_name]

    @property
    def listed(self) -> str:
        return f"the columns {', '.join(self.names)}"

    def pair(self, given: tuple[str, str, str] | None) -> tuple[str, str, str] | None:
        """The columns of labelled pairs, if the file has them."""
        if given is not None:
            first, second, label = map(self.given, given)
            return first, second, label
        labels = self.found(PAIR_LABELS)
        texts = next((both for names in PAIR_TEXTS if len(both := self.found(names)) == 2), None)
        return (texts[0], texts[1], labels[0]) if texts and labels else None

    def answer_id(self, given: str | None, rows: Sequence[Row]) -> str | None:
        """The column of answer ids: `answer_id`, or of several the one that tells most answers apart."""
        if given is not None:
            return self.given(given) if given else None
        known = self.found(ANSWER_IDS)
        if not known or _plain(known[0]) == ANSWER_IDS[0]:
            return known[0] if known else None
        return max(known, key=lambda name: len({row.get(name, "") for row in rows}))

    def one(self, given: str | None, known: Sequence[str]) -> str | None:
        """The named column, or the first one that is known."""
        return self.given(given) if given is not None else next(iter(self.found(known)), None)

    def unusable(self) -> InvalidInput:
        """The error of a file without what is needed."""
        first, second = PAIR_TEXTS[0]
        return InvalidInput(
            f"{self.path} has {self.listed}; needed are a prompt ({' / '.join(PROMPTS[:4])}) and an answer id "
            f"({' / '.join(ANSWER_IDS[:4])}) or a response ({' / '.join(RESPONSES[:2])}), or pairs ({first}, {second}, "
            f"{PAIR_LABELS[0]}); the first line names the columns. "
            "Name them with --prompt-column, --answer-column, --response-column, --pair-columns"
        )


def _plain(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("-", "_")
