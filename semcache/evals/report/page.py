"""The HTML page of a measurement: the answer on one screen, then what it rests on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from semcache.evals.report import words

PAGE = Template("""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.1rem; font-weight: 500; opacity: .75 } h2 { font-size: 1.1rem; margin-top: 2.5rem }
.lead { font-size: 1.9rem; line-height: 1.3; margin: .5rem 0 1rem }
.cards { display: flex; flex-wrap: wrap; gap: 1rem; margin: 1.5rem 0 }
.card { flex: 1 1 10rem; border: 1px solid #8884; border-radius: 8px; padding: .7rem 1rem }
.card b { display: block; font-size: 1.4rem }
.bar { display: flex; height: 1.2rem; border-radius: 6px; overflow: hidden; background: #8883 }
.exact { background: #0072B2 } .near { background: #56B4E9 } .key { font-size: .9rem; opacity: .85 }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(24rem, 1fr)); gap: 1.5rem }
.plots svg { width: 100%; height: auto; background: white; border-radius: 8px }
.wide { overflow-x: auto }
table { border-collapse: collapse; margin: 1rem 0 }
td, th { padding: .3rem .8rem; border-bottom: 1px solid #8884; text-align: right; vertical-align: top }
td:first-child, th:first-child, .texts td, .texts th { text-align: left }
.texts td { max-width: 18rem; overflow-wrap: anywhere; font-size: .9rem }
</style>
<h1>$title</h1>
<p class="lead">$lead</p>
<p>$judged</p>
$cards
$sections
<p>Result as data: <a href="result.json">result.json</a></p>
</html>
""")
_SHOWN = 400


def write_report(folder: Path, title: str, data: Mapping[str, Any], plots: Mapping[str, str]) -> Path:
    """Writes index.html, result.json and one SVG a plot into `folder`; returns the page's path."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "result.json").write_text(json.dumps(data, indent=2), encoding="utf-8")
    for name, svg in plots.items():
        (folder / (name.lower().replace(" ", "-") + ".svg")).write_text(svg, encoding="utf-8")
    page = PAGE.substitute(
        title=escape(title),
        lead=escape(words.lead(data)),
        judged=escape(words.judged(data)),
        cards=_cards(data),
        sections="".join(f"<section><h2>{escape(name)}</h2>{body}</section>" for name, body in _sections(data, plots)),
    )
    (folder / "index.html").write_text(page, encoding="utf-8")
    return folder / "index.html"


def _sections(data: Mapping[str, Any], plots: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield "Hits by the same question, and by meaning", _kinds(data)
    if remarks := "".join(f"<li>{escape(line)}</li>" for line in words.remarks(data)):
        yield "How to read this", f"<ul>{remarks}</ul>"
    drawn = "".join(f"<div><h3>{escape(name)}</h3>{svg}</div>" for name, svg in plots.items())
    if drawn:
        yield "Over time, and against thresholds", f'<div class="plots">{drawn}</div>'
    yield "By budget", _table(["budget", *_RATES], [[f"{r['budget']:.1%}", *_rates(r)] for r in data["by_budget"]])
    yield (
        "Against static thresholds",
        _table(
            ["policy", "threshold", *_RATES],
            [[str(r["policy"]), _threshold(r), *_rates(r)] for r in data["comparison"]],
        ),
    )
    if data["scopes"] > 1:
        rows = [[str(r["scope"]) or "(none)", f"{r['requests']:,}", *_rates(r)] for r in data["by_scope"]]
        yield "By scope", _table(["scope", "requests", *_RATES], rows)
    for kind in ("wrong", "right"):
        if found := data["examples"][kind]:
            yield f"Hits that were {kind}: {len(found)} examples", _examples(found)
    yield "Time of a lookup", _latency_table(data["latency_ms"])


def _cards(data: Mapping[str, Any]) -> str:
    saved = data["saved"]
    cards = {
        "calls saved": f"{saved['calls']:,.0f}",
        "US$ saved": f"{saved['usd']:,.2f}" if saved["usd"] >= 1 else f"{saved['usd']:,.4f}",
        "tokens saved": f"{saved['tokens']:,.0f}",
        "waiting saved": words.duration(saved["seconds"]),
        "wrong among judged hits": words.wrong_share(data),
    }
    return (
        '<div class="cards">' + "".join(f'<div class="card"><b>{v}</b>{k}</div>' for k, v in cards.items()) + "</div>"
    )


def _kinds(data: Mapping[str, Any]) -> str:
    total = max(1, data["requests"])
    exact, near = data["exact_hits"] / total, (data["hits"] - data["exact_hits"]) / total
    return (
        f'<div class="bar"><span class="exact" style="width:{exact:.2%}"></span>'
        f'<span class="near" style="width:{near:.2%}"></span></div>'
        f'<p class="key">The same question: {exact:.1%} of the requests. By meaning: {near:.1%}. '
        f"Answered by the model: {1 - exact - near:.1%}.</p>"
    )


_RATES = ("hit rate", "judged hits", "wrong among them", "95 % interval")


def _rates(row: Mapping[str, Any]) -> list[str]:
    interval = row.get("wrong_hit_interval")
    return [
        f"{row['hit_rate'] or 0:.1%}",
        f"{row['judged_hits']:,}",
        words.wrong_share(row),
        words.interval(interval) if interval and row["judged_hits"] else "",
    ]


def _threshold(row: Mapping[str, Any]) -> str:
    return "" if row["threshold"] is None else f"{row['threshold']:.3f}"


def _examples(found: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        [
            *(_cut(example[name]) for name in ("asked", "stored", "served", "log_answer")),
            f"{example['similarity']:.3f}",
            words.COMPARED_BY[example["compared_by"]],
        ]
        for example in found
    ]
    head = ["asked", "question stored", "answer served", "the log's answer", "similarity", "judged by"]
    return f'<div class="wide texts">{_table(head, rows)}</div>'


def _cut(text: str | None) -> str:
    text = text or ""
    return text if len(text) <= _SHOWN else text[:_SHOWN] + " …"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    def cells(tag: str, row: Sequence[str]) -> str:
        return "<tr>" + "".join(f"<{tag}>{escape(c)}</{tag}>" for c in row) + "</tr>"

    return "<table>" + cells("th", head) + "".join(cells("td", row) for row in rows) + "</table>"


def _latency_table(latency: Mapping[str, Mapping[str, float]]) -> str:
    rows = [[kind, *(f"{times[p]:.1f} ms" for p in ("p50", "p95", "p99"))] for kind, times in latency.items()]
    return _table(["lookup", "p50", "p95", "p99"], rows)
