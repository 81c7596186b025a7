"""The benchmark of look-ups measures what it says, at a small size."""

from __future__ import annotations

import csv
import gzip
import sys
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from semcache.embed import CachedEmbedder

sys.path.append(str(Path(__file__).parent.parent / "benchmarks"))  # its scripts import each other by name
from lookup import run
from lookup_questions import of_file
from lookup_record import COLUMNS, keep, table

THINGS = "passport|bicycle|garden shed|violin|kitchen sink|laptop|fish tank|lawn mower|wool coat|coffee machine".split(
    "|"
)


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """A gzipped table of pairs, a few of which are not the same question."""
    file = tmp_path / "pairs.tsv.gz"
    with gzip.open(file, "wt", encoding="utf-8", newline="") as opened:
        rows = csv.writer(opened, delimiter="\t")
        rows.writerow(["text_a", "text_b", "label"])
        for thing in THINGS:
            for verb in ("clean", "repair", "sell"):
                rows.writerow([f"How do I {verb} my {thing}?", f"How can I {verb} my {thing}?", 1])
            rows.writerow([f"How do I clean my {thing}?", f"Who invented the {thing}?", 0])
    return file


def test_the_file_says_what_is_stored_and_what_is_asked(pairs: Path, embedder: CachedEmbedder) -> None:
    """First questions are stored once each; second ones are asked where the label says that they mean the same."""
    questions = of_file(pairs, embedder, most=100)
    assert len(questions.stored) == len(set(questions.stored)) == 30
    assert len(questions.asked) == 30
    assert not any("invented" in asked for asked in questions.asked)
    prompts, vectors = questions.entries(0, 100)
    assert len(set(prompts)) == 100
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(100), abs=1e-5)
    assert 0.7 < float(vectors[0] @ vectors[30]) < 0.9, "a filler lies beside its question, not on it"


def test_a_file_without_pairs_is_refused(tmp_path: Path, embedder: CachedEmbedder) -> None:
    """The message says what the file should hold."""
    file = tmp_path / "one.csv"
    file.write_text("stored,asked\nthe same?,the same?\n")
    with pytest.raises(SystemExit, match="no pair of two wordings"):
        of_file(file, embedder, most=10)


def test_a_small_run_has_every_ratio(pairs: Path) -> None:
    """A hit costs more than the embedding it contains, an exact one less, and a small set is searched completely."""
    measured = run([60, 200], file=pairs, rounds=2, most=30)
    assert list(measured) == ["60", "200"]
    for size in measured.values():
        assert size["asked"] >= 10
        assert size["ratio"] > 1 > size["exact_ratio"] > 0
        assert size["recall10"] > 0.98
        assert size["nearest"] == 1.0
        assert size["redisvl_ratio"] is None
        assert size["bytes_per_entry"] > 1_536, "the vector alone takes that much"
    assert "| 200 |" in table(measured)


def test_the_last_table_is_kept_with_its_plot(tmp_path: Path) -> None:
    """In place of the one before it; the rest of the page stays. Without a place for it, that is said."""
    page = tmp_path / "evaluation.md"
    (tmp_path / "images").mkdir()
    page.write_text("before\n<!-- last benchmark of look-ups -->\nold\n<!-- its end -->\nafter\n")
    measured = {size: dict.fromkeys(COLUMNS, 1.5) for size in ("1000", "20000")}
    for _ in range(2):
        keep(measured, tmp_path, command="the command", today=date(2026, 11, 29))
    text = page.read_text()
    assert "old" not in text
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert text.count("| 20,000 | 1.500") == 1
    assert "`the command`, 29 November 2026" in text
    assert "<svg" in (tmp_path / "images" / "hit-time.svg").read_text()
    page.write_text("nothing")
    with pytest.raises(SystemExit, match="no lines"):
        keep(measured, tmp_path, command="", today=date(2026, 11, 29))
