"""Reading logs and data sets."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from semcache.errors import InvalidInput
from semcache.evals.log import Reading, read_log
from semcache.evals.reading.columns import Columns


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_prompts_with_answer_ids(tmp_path: Path) -> None:
    """Columns are found by name, whatever their order and case."""
    log = read_log(write(tmp_path / "a.csv", "Intent,Text\nrefund,money back?\ncard,lost card\nrefund,refund me\n"))
    assert [(r.prompt, r.answer_id) for r in log.requests] == [
        ("money back?", "refund"),
        ("lost card", "card"),
        ("refund me", "refund"),
    ]


def test_pairs_become_one_stream(tmp_path: Path) -> None:
    """Texts joined by a label, also through others, share an answer; each text is asked once."""
    log = read_log(write(tmp_path / "p.tsv", "text_a\ttext_b\tlabel\na\tb\t1\nb\tc\t1\nc\td\t0\n"))
    ids = {r.prompt: r.answer_id for r in log.requests}
    assert log.kind == "pairs"
    assert ids["a"] == ids["b"] == ids["c"] != ids["d"]
    assert len(log.requests) == 4


def test_plain_log_of_responses(tmp_path: Path) -> None:
    """A log without answer ids is read with its responses, its truth unknown."""
    lines = [json.dumps({"query": "hi", "response": "hello"}), json.dumps({"query": "bye", "response": "ciao"})]
    log = read_log(write(tmp_path / "l.jsonl", "\n".join(lines)))
    assert log.kind == "responses"
    assert log.requests[0].response == "hello"
    assert log.requests[0].answer_id is None


def test_gzip_and_byte_order_mark(tmp_path: Path) -> None:
    """Compressed files and spreadsheets' UTF-8 marks are read as they come."""
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress("\ufeffprompt,answer\nq1,a1\n".encode()))
    assert read_log(path).requests[0].prompt == "q1"


def test_sorted_file_is_shuffled(tmp_path: Path) -> None:
    """A file sorted by answer is no stream: it is shuffled, always the same way, and says so."""
    rows = [f"{a} {k},{a}" for a in ("x", "y", "z") for k in range(10)]
    path = write(tmp_path / "s.csv", "text,category\n" + "\n".join(rows))
    log = read_log(path)
    assert log.shuffled
    assert log == read_log(path)
    assert not read_log(path, Reading(keep_order=True)).shuffled
    assert sorted(r.prompt for r in log.requests) == sorted(r.partition(",")[0] for r in rows)


def test_named_columns(tmp_path: Path) -> None:
    """Columns with other names can be given."""
    path = write(tmp_path / "n.csv", "frage,thema\nwo,ort\n")
    log = read_log(path, Reading(Columns(prompt="frage", answer_id="thema")))
    assert log.requests[0].answer_id == "ort"


@pytest.mark.parametrize(
    "header", ["question1,question2,is_duplicate", "id,Sentence1,Sentence2,Label", "Prompt A,Prompt B,same answer"]
)
def test_pairs_under_other_names(tmp_path: Path, header: str) -> None:
    """Pairs are found by the names that data sets of questions use; a pair without a text or a label is left out."""
    first = "7," if header.startswith("id") else ""
    text = "\n".join([header, first + "a,b,1", first + "c,d,0.0", first + ",d,1", first + "e,f,"])
    log = read_log(write(tmp_path / "p.csv", text))
    assert (log.kind, [r.prompt for r in log.requests], log.skipped) == ("pairs", ["a", "b", "c", "d"], 2)


def test_pairs_can_be_named(tmp_path: Path) -> None:
    """Columns of pairs with names of one's own can be given, though others would do for prompts and answers."""
    path = write(tmp_path / "p.csv", "text,label,left,right,equal\nx,y,a,b,yes\nx,y,a,c,no\n")
    log = read_log(path, Reading(Columns(pair=("left", "right", "equal"))))
    assert [(r.prompt, r.answer_id) for r in log.requests] == [("a", "a0"), ("b", "a0"), ("c", "a1")]


def test_of_several_answer_ids_the_finest_counts(tmp_path: Path) -> None:
    """Where a category holds several intents, sharing the category is not having one answer."""
    path = write(tmp_path / "a.csv", "category,intent,instruction\nmoney,refund,a\nmoney,fee,b\nmoney,refund,c\n")
    log = read_log(path)
    assert ([r.answer_id for r in log.requests], log.truth) == (["refund", "fee", "refund"], "intent")


def test_answers_can_be_compared_instead(tmp_path: Path) -> None:
    """With an empty name for the answer id, the responses say what is the same."""
    path = write(tmp_path / "a.csv", "question,category,answer\na,x,one\nb,x,two\n")
    log = read_log(path, Reading(Columns(answer_id="")))
    assert (log.kind, [r.answer_id for r in log.requests]) == ("responses", [None, None])


def test_rows_that_cannot_be_used_are_counted(tmp_path: Path) -> None:
    """No prompt, no answer, a prompt beyond any limit, half a surrogate: left out, and the others are read."""
    good = {"prompt": "hi", "response": "hello"}
    bad = [
        {"prompt": " ", "response": "x"}, {"prompt": "q"}, {"response": "x"}, {"prompt": "q", "response": "  "},
        {"prompt": "x" * 200_000, "response": "x"}, {"prompt": "\ud800", "response": "x"},
    ]  # fmt: skip
    log = read_log(write(tmp_path / "l.jsonl", "\n".join(map(json.dumps, [*bad, good]))))
    assert ([r.prompt for r in log.requests], log.skipped) == (["hi"], 6)


def test_a_row_without_an_id_is_known_by_its_response(tmp_path: Path) -> None:
    """Empty answer ids are not one answer: such a row has its response, or is left out."""
    log = read_log(write(tmp_path / "l.csv", "text,intent,response\na,x,\nb,,hello\nc,,\n"))
    assert [(r.answer_id, r.response) for r in log.requests] == [("x", "The answer of x."), (None, "hello")]
    assert log.skipped == 1


def test_sorted_parts_one_behind_the_other_are_no_stream(tmp_path: Path) -> None:
    """Train, validation and test, each sorted by intent, are shuffled; a stream with bursts is left as it is."""
    part = [f"{a}{k} {n},{a}" for a in "abcdefgh" for k in range(10) for n in range(2)]
    assert read_log(write(tmp_path / "s.csv", "text,intent\n" + "\n".join(part * 3))).shuffled
    bursts = [f"{a}{k},{a}" for k in range(30) for a in "abcabdaacbdd"]
    assert not read_log(write(tmp_path / "b.csv", "text,intent\n" + "\n".join(bursts))).shuffled


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", "x,y\n1,2\n", "it has|has the columns x, y"),
        ("a.csv", "", "no rows"),
        ("a.csv", "prompt,answer\n,\n", "no row has a prompt"),
        ("a.jsonl", '{"prompt": "a"}\nnot json\n', "line 2"),
        ("a.tsv", "text_a\ttext_b\tlabel\na\tb\tmaybe\n", "neither 1"),
    ],
)
def test_wrong_files_say_what_to_do(tmp_path: Path, name: str, content: str, says: str) -> None:
    """A file that cannot be used is refused with what it has and what is needed."""
    with pytest.raises(InvalidInput, match=says):
        read_log(write(tmp_path / name, content))


def test_unreadable_files(tmp_path: Path) -> None:
    """Missing files and other encodings are named as such."""
    with pytest.raises(InvalidInput, match="does not exist"):
        read_log(tmp_path / "none.csv")
    (tmp_path / "latin.csv").write_bytes("prompt,answer\nsch\xf6n,gut\n".encode("latin-1"))
    with pytest.raises(InvalidInput, match="not UTF-8"):
        read_log(tmp_path / "latin.csv")
