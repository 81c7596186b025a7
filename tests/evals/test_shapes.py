"""Logs in the shapes that people have: what is asked, what was answered, within which scope, after which turns."""

# ruff: noqa: E501 - a record a line
from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
import zstandard

from semcache.errors import InvalidInput
from semcache.evals.log import Log, Reading, RowSeen, read_log
from semcache.evals.reading.columns import Columns

QUESTION, ANSWER = "How do I return a kayak?", "Within 30 days."
USER = {"role": "user", "content": QUESTION}
SYSTEM = {"role": "system", "content": "Be brief."}
EARLIER = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}]
CHOICES = {"choices": [{"index": 0, "message": {"role": "assistant", "content": ANSWER}, "finish_reason": "stop"}]}
SECOND = {"prompt": "Where are you?", "response": "In Ghent."}


def jsonl(*records: Any) -> bytes:
    return "\n".join(json.dumps(record) for record in records).encode()


def table(separator: str, *rows: Sequence[str]) -> bytes:
    return "\n".join(separator.join(row) for row in rows).encode()


ROWS = (["prompt", "response"], [QUESTION, ANSWER], list(SECOND.values()))
PLAIN = [{"prompt": QUESTION, "response": ANSWER}, SECOND]
FRAME = pd.DataFrame(PLAIN)


def parquet() -> bytes:
    target = io.BytesIO()
    FRAME.to_parquet(target)
    return target.getvalue()


def excel(*titles: Sequence[str | None]) -> bytes:
    book, target = openpyxl.Workbook(), io.BytesIO()
    for row in (*titles, *ROWS):
        book.active.append(row)
    book.save(target)
    return target.getvalue()


def zipped() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("log.csv", table(",", *ROWS))
        archive.writestr("__MACOSX/._log.csv", b"junk")
    return target.getvalue()


FORMATS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "csv": ("a.csv", lambda: table(",", *ROWS)),
    "csv with a mark": ("a.csv", lambda: b"\xef\xbb\xbf" + table(",", *ROWS)),
    "csv with sep=": ("a.csv", lambda: b"sep=;\r\n" + table(";", *ROWS)),
    "semicolons": ("a.csv", lambda: table(";", *ROWS)),
    "tabs": ("a.tsv", lambda: table("\t", *ROWS)),
    "unicode text of Excel": ("a.txt", lambda: table("\t", *ROWS).decode().encode("utf-16")),
    "utf-16 without a mark": ("a.csv", lambda: table(",", *ROWS).decode().encode("utf-16-le")),
    "old line ends": ("a.csv", lambda: table(",", *ROWS).replace(b"\n", b"\r")),
    "json lines": ("a.jsonl", lambda: jsonl(*PLAIN)),
    "json lines, utf-16": ("a.jsonl", lambda: jsonl(*PLAIN).decode().encode("utf-16")),
    "json array": ("a.json", lambda: json.dumps(PLAIN).encode()),
    "json array, indented": ("a.json", lambda: json.dumps(PLAIN, indent=2).encode()),
    "objects one after the other, indented": (
        "a.json",
        lambda: b"\n".join(json.dumps(r, indent=1).encode() for r in PLAIN),
    ),
    "wrapped": ("a.json", lambda: json.dumps({"data": PLAIN, "meta": {"page": 1}}).encode()),
    "pandas columns": ("a.json", lambda: FRAME.to_json().encode()),
    "pandas records": ("a.json", lambda: FRAME.to_json(orient="records").encode()),
    "pandas index": ("a.json", lambda: FRAME.to_json(orient="index").encode()),
    "pandas split": ("a.json", lambda: FRAME.to_json(orient="split").encode()),
    "pandas table": ("a.json", lambda: FRAME.to_json(orient="table").encode()),
    "pandas lines": ("a.json", lambda: FRAME.to_json(orient="records", lines=True).encode()),
    "parquet": ("a.parquet", parquet),
    "excel": ("a.xlsx", excel),
    "excel below a title": ("a.xlsx", lambda: excel(["Support, May"], [None], ["all languages"])),
    "gzip": ("a.csv.gz", lambda: gzip.compress(table(",", *ROWS))),
    "gzip without its suffix": ("a.csv", lambda: gzip.compress(table(",", *ROWS))),
    "zstandard": ("a.jsonl.zst", lambda: zstandard.compress(jsonl(*PLAIN))),
    "zip": ("a.zip", zipped),
}


def read(folder: Path, name: str, content: bytes, seen: RowSeen | None = None, **reading: Any) -> Log:
    path = folder / name
    path.write_bytes(content)
    return read_log(path, Reading(**reading), seen=seen)


@pytest.mark.parametrize(("name", "content"), FORMATS.values(), ids=FORMATS)
def test_one_log_in_every_format(tmp_path: Path, name: str, content: Callable[[], bytes]) -> None:
    """The same two requests, however they are written down."""
    log = read(tmp_path, name, content())
    assert [(r.prompt, r.response) for r in log.requests] == [tuple(row.values()) for row in PLAIN]
    assert (log.kind, log.left_out) == ("responses", {})


LANGCHAIN = {
    "lc": 1,
    "type": "constructor",
    "id": ["langchain", "schema", "messages", "HumanMessage"],
    "kwargs": {"content": QUESTION},
}
SHAPES: dict[str, tuple[Any, bool, int]] = {  # record, whether a scope is known, earlier turns
    "openai, fine-tuning": ({"messages": [SYSTEM, *EARLIER, USER, {"role": "assistant", "content": ANSWER}]}, True, 2),
    "openai, request and response": ({"request": {"model": "m", "messages": [USER]}, "response": CHOICES}, True, 0),
    "openai, content in parts": (
        {"messages": [{"role": "user", "content": [{"type": "text", "text": QUESTION}]}], "response": CHOICES},
        False,
        0,
    ),
    "responses": (
        {
            "request": {"model": "m", "input": QUESTION},
            "response": {
                "status": "completed",
                "output": [
                    {"type": "reasoning", "summary": []},
                    {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": ANSWER}]},
                ],
            },
        },
        True,
        0,
    ),
    "responses, items": (
        {"request": {"input": [USER], "instructions": "Be brief."}, "response": {"output_text": ANSWER}},
        True,
        0,
    ),
    "anthropic": (
        {
            "request": {"model": "m", "system": "Be brief.", "messages": [USER]},
            "response": {"role": "assistant", "content": [{"type": "text", "text": ANSWER}], "stop_reason": "end_turn"},
        },
        True,
        0,
    ),
    "gemini": (
        {
            "request": {"contents": [{"role": "user", "parts": [{"text": QUESTION}]}]},
            "response": {
                "candidates": [{"content": {"role": "model", "parts": [{"text": ANSWER}]}, "finishReason": "STOP"}]
            },
        },
        False,
        0,
    ),
    "gemini, in short": (
        {
            "request": {"contents": [{"role": "user", "parts": [{"text": QUESTION}]}]},
            "response": {"candidates": [{"content": {"parts": [{"text": ANSWER}]}}]},
        },
        False,
        0,
    ),
    "sharegpt": ({"conversations": [{"from": "human", "value": QUESTION}, {"from": "gpt", "value": ANSWER}]}, False, 0),
    "langfuse": (
        {"id": "1", "input": [SYSTEM, USER], "output": {"role": "assistant", "content": ANSWER}, "model": "m"},
        True,
        0,
    ),
    "langfuse, wrapped": ({"input": {"messages": [*EARLIER, USER]}, "output": ANSWER}, False, 2),
    "langfuse, cells of a table": (
        {"input": json.dumps([USER]), "output": json.dumps({"role": "assistant", "content": ANSWER})},
        False,
        0,
    ),
    "langsmith": (
        {"run_type": "llm", "inputs": {"messages": [[LANGCHAIN]]}, "outputs": {"generations": [[{"text": ANSWER}]]}},
        False,
        0,
    ),
    "langsmith, data set": ({"inputs": {"question": QUESTION}, "outputs": {"answer": ANSWER}}, False, 0),
    "helicone": (
        {"request_body": {"model": "m", "messages": [USER]}, "response_body": CHOICES, "response_status": 200},
        True,
        0,
    ),
    "portkey": (
        {"id": "1", "request": {"model": "m", "messages": [USER]}, "response": CHOICES, "ai_org": "openai"},
        True,
        0,
    ),
    "litellm": (
        {"call_type": "acompletion", "status": "success", "model": "m", "messages": [USER], "response": CHOICES},
        True,
        0,
    ),
    "litellm, plain text": ({"messages": QUESTION, "response": CHOICES}, False, 0),
    "proxy log": (
        {"proxy_server_request": {"body": {"model": "m", "messages": [USER]}}, "response": json.dumps(CHOICES)},
        True,
        0,
    ),
}


@pytest.mark.parametrize(("record", "scoped", "earlier"), SHAPES.values(), ids=SHAPES)
def test_one_request_in_every_shape(tmp_path: Path, record: Any, scoped: bool, earlier: int) -> None:
    """The last user message is the prompt, what precedes it the context, system prompt and model the scope."""
    (request,) = read(tmp_path, "a.jsonl", jsonl(record)).requests
    assert (request.prompt, request.response) == (QUESTION, ANSWER)
    assert (bool(request.scope), len(request.context)) == (scoped, earlier)


def test_what_shapes_an_answer_is_the_scope(tmp_path: Path) -> None:
    """Another model, system prompt, temperature or tool is another scope; another user or id is not."""

    def scope(**changed: Any) -> str:
        request = {"model": "m", "messages": [SYSTEM, USER], "temperature": 0, **changed}
        return read(tmp_path, "a.jsonl", jsonl({"request": request, "response": CHOICES})).requests[0].scope

    others = [scope(model="n"), scope(messages=[USER]), scope(temperature=1), scope(tools=[{"name": "t"}])]
    assert len({scope(), *others}) == 5
    assert scope(user="pia", metadata={"id": 7}, stream=True) == scope()


def test_a_scope_says_what_it_is(tmp_path: Path) -> None:
    """In a report a scope is known by model, system prompt, tools and settings."""
    request = {"model": "gpt-5", "messages": [SYSTEM, USER], "temperature": 0, "tools": [{"name": "t"}]}
    (found,) = read(tmp_path, "a.jsonl", jsonl({"request": request, "response": CHOICES})).requests
    assert found.scope.startswith('gpt-5, "Be brief.", 1 tool, temperature 0 (')
    request = {"instructions": "Be brief. " * 40, "input": QUESTION}
    (found,) = read(tmp_path, "a.jsonl", jsonl({"request": request, "response": CHOICES})).requests
    assert found.scope.startswith('"Be brief. Be brief.')
    assert len(found.scope) < 80


def test_batch_files_are_joined(tmp_path: Path) -> None:
    """Requests in one file, responses in another: a folder of both is one log; a request nobody answered is left out."""
    requests = [
        {
            "custom_id": f"r{n}",
            "method": "POST",
            "url": "/v1/chat/completions",
            "body": {"model": "m", "messages": [{"role": "user", "content": f"{QUESTION} {n}"}]},
        }
        for n in range(3)
    ]
    results = [
        {"id": "x", "custom_id": f"r{n}", "response": {"status_code": 200, "body": CHOICES}, "error": None}
        for n in (1, 0)
    ]
    (tmp_path / "in.jsonl").write_bytes(jsonl(*requests))
    (tmp_path / "out.jsonl").write_bytes(jsonl(*results))
    log = read_log(tmp_path)
    assert sorted((r.prompt, r.response) for r in log.requests) == [(f"{QUESTION} {n}", ANSWER) for n in range(2)]
    assert log.left_out == {"no answer": 1}


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [{"type": "text", "text": "?"}, {"type": "image_url", "image_url": {"url": "u"}}],
                    }
                ],
                "response": "A cat.",
            },
            "images, sounds or files",
        ),
        (
            {
                "prompt": [{"type": "text", "text": "?"}, {"type": "input_audio", "input_audio": {}}],
                "response": "A song.",
            },
            "images, sounds or files",
        ),
        (
            {
                "messages": [
                    USER,
                    {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]},
                    {"role": "tool", "content": "x"},
                ],
                "response": "x",
            },
            "tool calls or results",
        ),
        (
            {"messages": [USER], "response": {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}},
            "tool calls or results",
        ),
        (
            {"messages": [USER], "response": {"choices": [{"message": {"content": "The"}, "finish_reason": "length"}]}},
            "answers that are not complete",
        ),
        ({"messages": [USER], "response": {"error": {"message": "rate limit"}}}, "failed calls"),
        ({"messages": [USER], "response": CHOICES, "response_status": 500}, "failed calls"),
        ({"messages": [SYSTEM], "response": "x"}, "no user message"),
        ({"messages": [USER], "response": ""}, "no answer"),
        ({"messages": [USER], "response": float("nan")}, "no answer"),
    ],
)
def test_what_cannot_be_replayed_is_counted_by_reason(tmp_path: Path, record: Any, reason: str) -> None:
    """Such a row is left out, named to whoever asks, and the others are read."""
    told: list[tuple[str, str]] = []
    good = {"messages": [{"role": "user", "content": "Where?"}], "response": "In Ghent."}
    log = read(tmp_path, "a.jsonl", jsonl(record, good), seen=lambda *row: told.append(row))
    assert ([r.prompt for r in log.requests], log.left_out) == (["Where?"], {reason: 1})
    assert [(place.rpartition(", ")[2], what) for place, what in told] == [
        ("line 1", f"left out: {reason}"),
        ("line 2", "asks 'Where?'"),
    ]


def test_prompts_alone(tmp_path: Path) -> None:
    """A log without answers is read for its repetition."""
    log = read(tmp_path, "a.csv", b"prompt\nhow?\nwhere?\nhow?\n")
    assert (log.kind, len(log.requests), log.truth) == ("prompts", 3, "")


@pytest.mark.parametrize(
    "named", ["call.body.messages", "call.body.messages[0].content", "call.body.messages.0.content"]
)
def test_nested_fields_by_dotted_name(tmp_path: Path, named: str) -> None:
    """A field in any depth can be named; one that is not there is refused with those that are."""
    record = {"call": {"body": {"messages": [USER]}}, "result": {"said": [ANSWER]}}
    log = read(tmp_path, "a.jsonl", jsonl(record), columns=Columns(prompt=named, response="result.said.0"))
    assert [(r.prompt, r.response) for r in log.requests] == [(QUESTION, ANSWER)]
    with pytest.raises(InvalidInput, match=r"no column 'call\.text'.*call\.body"):
        read(tmp_path, "a.jsonl", jsonl(record), columns=Columns(prompt="call.text"))


def test_requests_that_say_when_stand_in_that_order(tmp_path: Path) -> None:
    """An export that begins with the newest is replayed as it happened, unless its order is to be kept."""
    rows = [
        {"prompt": p, "response": "x", "timestamp": t}
        for p, t in (("new", "2026-03-02T10:00:00Z"), ("old", "2026-03-01T10:00:00Z"))
    ]
    assert [r.prompt for r in read(tmp_path, "a.jsonl", jsonl(*rows)).requests] == ["old", "new"]
    assert [r.prompt for r in read(tmp_path, "a.jsonl", jsonl(*rows), keep_order=True).requests] == ["new", "old"]


BROKEN: dict[str, tuple[str, bytes, str]] = {
    "a comma without quotes": (
        "a.csv",
        b"prompt,response\nHow, please?,Use it\nWhere?,Ghent",
        r"a\.csv, line 2: 3 cells.*2 columns.*comma",
    ),
    "an open quote": ("a.csv", b'prompt,response\n"How?,Use it.\nWhere?,Ghent\n', r"a\.csv, line 2: a quotation mark"),
    "a column twice": ("a.csv", b"prompt,prompt\na,b\n", r"two columns are called 'prompt'"),
    "a line that is no JSON": (
        "a.jsonl",
        b'{"prompt": "a", "response": "b"}\n{"prompt": \n{"prompt": "c"}',
        r"a\.jsonl, line 2: not JSON",
    ),
    "a line that is a number": (
        "a.jsonl",
        b'{"prompt": "a", "response": "b"}\n7\n',
        r"a\.jsonl, line 2: a JSON object",
    ),
    "an array cut off": ("a.json", b'[{"prompt": "a", "response": "b"},\n{"prompt": ', r"a\.json: the JSON is damaged"),
    "numbers in an array": ("a.json", b"[1, 2]", r"a\.json, item 1: a JSON object"),
    "another encoding": ("a.csv", "prompt,response\nWie groß?,zwölf\n".encode("latin-1"), r"a\.csv, line \d.*UTF-8"),
    "a picture": ("a.csv", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", r"a\.csv is no text"),
    "an old workbook": ("a.xls.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", r"old Excel"),
    "a damaged workbook": ("a.xlsx", b"PK\x03\x04junk", r"a\.xlsx is no workbook"),
    "a cut parquet": ("a.parquet", parquet()[:60], r"a\.parquet is damaged"),
    "a cut gzip": ("a.csv.gz", gzip.compress(table(",", *ROWS))[:-12], r"a\.csv"),
    "a zip without logs": ("a.zip", b"PK\x05\x06" + b"\x00" * 18, r"a\.zip"),
    "nothing": ("a.csv", b"", r"a\.csv has no rows"),
    "blank lines": ("a.jsonl", b"\n\n", r"a\.jsonl has no rows"),
    "other columns": ("a.csv", b"x,y\n1,2\n", r"has the columns x, y; needed is a prompt"),
    "labels without a value": (
        "a.csv",
        b"question1,question2,is_duplicate\na,b,\n",
        r"no row has two texts and a label",
    ),
    "answers without a question": (
        "a.csv",
        b"prompt,response\n,Ghent\n",
        r"no row has a prompt that can be used \(no prompt: 1\)",
    ),
    "no request in it": ("a.jsonl", jsonl({"messages": [SYSTEM]}), r"no user message: 1"),
}


@pytest.mark.parametrize(("name", "content", "says"), BROKEN.values(), ids=BROKEN)
def test_broken_files_say_where_and_what_to_do(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    """One sentence that names the file, the line where there is one, and the way out."""
    with pytest.raises(InvalidInput, match=says):
        read(tmp_path, name, content)


def test_broken_rows_can_be_left_out(tmp_path: Path) -> None:
    """On demand they are counted, and the rest is read."""
    content = b'{"prompt": "a", "response": "b"}\n{"prompt": \n{"prompt": "c", "response": "d"}'
    log = read(tmp_path, "a.jsonl", content, skip_broken=True)
    assert ([r.prompt for r in log.requests], log.left_out) == (["a", "c"], {"broken rows": 1})


def test_a_file_of_broken_rows_says_so(tmp_path: Path) -> None:
    """Rows without names, as pandas writes its values, are not taken for an empty file."""
    with pytest.raises(InvalidInput, match=r"has no rows that can be used \(broken rows: 2\)"):
        read(tmp_path, "a.json", FRAME.to_json(orient="values").encode(), skip_broken=True)


def test_a_limit_reads_no_more_than_it_needs(tmp_path: Path) -> None:
    """Ten requests of a long file come from its beginning: what is broken far behind is not even seen."""
    head = "".join(f'{{"prompt": "q{n}", "response": "a"}}\n' for n in range(20_000))
    log = read(tmp_path, "a.jsonl", head.encode() + b"{broken", limit=10)
    assert [r.prompt for r in log.requests] == [f"q{n}" for n in range(10)]
