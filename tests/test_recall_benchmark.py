"""The benchmark of recall reads its three kinds of file, and its JSON has the figures where others look for them."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parent.parent / "benchmarks"))  # its scripts import each other by name
from recall_quality import SYSTEMS, main


def stored(path: Path, content: Any) -> str:
    """The file as JSON, gzipped if it is called so."""
    with gzip.open(path, "wt") if path.suffix == ".gz" else path.open("w") as file:
        json.dump(content, file)
    return str(path)


def session(date: str, *said: str) -> dict[str, Any]:
    turns = [{"role": "assistant" if n % 2 else "user", "content": text} for n, text in enumerate(said)]
    return {"date": date, "turns": turns}


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """One short talk of each kind; in LongMemEval's one value has changed, which is asked for now."""
    weather = session("2024/01/03 (Wed) 09:00", "It rains again.", "Take an umbrella.")
    kite = [session("2024/02/01 (Thu) 10:00", "My kite is red."), session("2024/04/01 (Mon) 10:00", "My kite is blue.")]
    question = {"question_id": "q1", "question": "Which colour is my kite?", "question_type": "knowledge-update"}
    longmemeval = {
        "haystacks": [{"query": "[2024/03/01 (Fri) 09:00] What of the rain?", "sessions": [weather]}],
        "questions": [question | {"question_date": "2024/05/01 (Wed) 12:00", "evidence": kite}],
    }
    turns = [{"id": 1, "role": "user", "content": "I sow beans."}, {"id": 2, "role": "assistant", "content": "Good."}]
    asked = [
        {"question": "What do I sow?", "type": "information_extraction", "evidence": [1]},
        {"question": "Who sings?", "type": "abstention", "evidence": []},
    ]
    chat = {"chat": "7", "sessions": [{"time_anchor": "March-15-2024", "turns": turns}], "questions": asked}
    said = [
        {"speaker": "Ana", "dia_id": "D1:1", "text": "I fixed the old boat."},
        {"speaker": "Ben", "dia_id": "D1:2", "text": "Well done!"},
    ]
    talk = {"speaker_a": "Ana", "speaker_b": "Ben", "session_1_date_time": "1:56 pm on 8 May, 2023", "session_1": said}
    boat = {"question": "What did Ana fix?", "answer": "a boat", "evidence": ["D1:1"], "category": 4}
    return [
        *("--longmemeval", stored(tmp_path / "lme.json.gz", longmemeval)),
        *("--beam", stored(tmp_path / "beam.json", {"chats": [chat]})),
        *("--locomo", stored(tmp_path / "locomo.json", [{"sample_id": "t", "conversation": talk, "qa": [boat]}])),
    ]


def test_the_figures_stand_where_they_are_looked_for(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """`--json` prints one object: set, shape, system, then the shares at five and ten; all found here, in order."""
    main([*files, "--json"])
    found = json.loads(capsys.readouterr().out)
    assert {name: set(shapes) for name, shapes in found.items()} == {
        "longmemeval": {"pooled", "flat"},
        "beam": {"whole"},
        "locomo": {"whole"},
    }
    assert found["longmemeval"]["pooled"]["updates"]["semcache"] == 1.0, "the kite is blue now"
    for figures in (shape for shapes in found.values() for shape in shapes.values()):
        assert {name: (figures[name]["5"], figures[name]["10"]) for name in SYSTEMS} == dict.fromkeys(
            SYSTEMS, (1.0, 1.0)
        )


def test_a_file_has_to_be_given(capsys: pytest.CaptureFixture[str]) -> None:
    """Without one there is nothing to measure: the error says what to give."""
    with pytest.raises(SystemExit):
        main([])
    assert "--longmemeval" in capsys.readouterr().err
