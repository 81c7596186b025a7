"""`semcache hit-rate`: replays a log through the real cache: what it would have served, how much of it wrong."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from semcache.cli.output import Json, console, emit_json, emit_rows, errors
from semcache.cli.progress import TerminalProgress, counted
from semcache.devstack.redis import pings
from semcache.devstack.temporary import temporary_redis
from semcache.embed import open_embedder
from semcache.embed.disk import DiskVectors
from semcache.errors import InvalidInput
from semcache.evals.log import Log, Reading, RowSeen, read_log
from semcache.evals.measure import Plan, Progress, measure, sample_log
from semcache.evals.policies import BUDGET
from semcache.evals.reading.columns import Columns
from semcache.evals.replay import Prices
from semcache.evals.report import page, words
from semcache.evals.summary import Summary
from semcache.settings import Settings, load_settings

File = Annotated[
    Path | None,
    typer.Argument(
        help="CSV, TSV, JSON, JSON lines, Parquet or Excel, plain, gzip, zstd or zip; a folder of them; `-`: standard "
        "input. `--sample` instead of a file.",
        allow_dash=True,
    ),
]
Column = Annotated[
    str | None,
    typer.Option(help="Column, if not found by itself; a nested field by its dotted name.", show_default=False),
]


READING = "reading"
#: Fewer judged hits say nothing of their wrong share.
ENOUGH_JUDGED = 10


def register(app: typer.Typer) -> None:
    """Adds the command to the command line."""
    app.command("hit-rate")(hit_rate)


def hit_rate(
    file: File = None,
    sample: Annotated[bool, typer.Option("--sample", help="Replay the questions of the sample world.")] = False,
    max_error_rate: Annotated[
        float, typer.Option(min=0.0, max=0.5, help="Share of wrong answers accepted among those served.")
    ] = 0.02,
    policy: Annotated[str, typer.Option(help="`budget`, or `static:0.92` for a similarity threshold.")] = BUDGET,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first requests.", show_default=False)] = None,
    shuffle: Annotated[int | None, typer.Option(help="Shuffle with this seed.", show_default=False)] = None,
    keep_order: Annotated[
        bool, typer.Option("--keep-order", help="Neither shuffle a file sorted by answer nor sort requests by time.")
    ] = False,
    skip_broken: Annotated[
        bool, typer.Option("--skip-broken", help="Leave out rows that cannot be read, and count them.")
    ] = False,
    rows: Annotated[bool, typer.Option("--rows", help="Say of each row what it was taken for.")] = False,
    prompt_column: Column = None,
    answer_column: Annotated[
        str | None,
        typer.Option(
            help='Column of answer ids, if not found by itself; "" compares the responses instead.', show_default=False
        ),
    ] = None,
    response_column: Column = None,
    pair_columns: Annotated[
        str | None,
        typer.Option(help="Columns of pairs, `first,second,label`, if not found by itself.", show_default=False),
    ] = None,
    model: Annotated[str | None, typer.Option(help="Embedding model.", show_default=False)] = None,
    price: Annotated[
        str, typer.Option("--price", help="US$ a million tokens, `input,output`, or one price for both.")
    ] = "0.15,0.60",
    input_price: Annotated[float | None, typer.Option(min=0, hidden=True)] = None,
    output_price: Annotated[float | None, typer.Option(min=0, hidden=True)] = None,
    latency: Annotated[
        float, typer.Option("--latency", "--call-seconds", min=0, help="Seconds an LLM call takes.")
    ] = 1.5,
    embedder_cache: Annotated[
        Path | None,
        typer.Option(help="Folder where vectors are kept for the next run.", show_default=False, file_okay=False),
    ] = None,
    report_dir: Annotated[
        Path | None, typer.Option("--report", help="Write an HTML page with plots here.", show_default=False)
    ] = None,
    assert_error: Annotated[
        float | None,
        typer.Option(
            help="Exit code 1 if more is wrong than this, or fewer than ten hits, or half of them, are judged.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Replay a log through the cache: hit rate, wrong hits with their interval, time, and what thresholds would do."""
    plan = Plan(max_error_rate, policy, _prices(price, input_price, output_price, latency))
    columns = Columns(prompt_column, answer_column, response_column, _pair(pair_columns))
    reading = Reading(columns, limit, shuffle, keep_order, skip_broken)
    settings = load_settings(**({"embed_model": model} if model else {}))
    with counted() as progress, _vectors(embedder_cache) as vectors:
        log = _log(file, sample, reading, _seen(progress, rows))
        embedder = open_embedder(settings.embed, model_dir=settings.model_dir, shared=vectors)
        with _redis_url(settings) as (url, own):
            measured = measure(log, plan, redis_or_url=url, embedder=embedder, progress=progress, clean_up=not own)
    data = measured.data
    if report_dir:
        data["report"] = str(page.write_report(report_dir, f"Hit rate of {_name(file)}", data, measured.drawn()))
    _print(data, as_json=as_json)
    if assert_error is not None and (reason := _breach(measured.summary, assert_error)):
        errors.print(reason, style="red", highlight=False)
        raise typer.Exit(1)


def _breach(summary: Summary, most: float) -> str:
    """Why the wrong share is not shown to be at most that; empty if it is."""
    enough = max(ENOUGH_JUDGED, -(-summary.hits // 2))
    if summary.wrong_hit_rate is None or summary.judged_hits < enough:
        return (
            f"wrong hits: {summary.judged_hits:,} of {summary.hits:,} hits were judged, too few to say; enough are "
            f"{ENOUGH_JUDGED}, and half of all hits"
        )
    if summary.wrong_hit_rate > most:
        return f"wrong hits: {summary.wrong_hit_rate:.2%}, above {most:.2%}"
    return ""


def _prices(text: str, input_price: float | None, output_price: float | None, latency: float) -> Prices:
    """`0.15,0.60` as prices of input and output; each may be given by an option of its own, too."""
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in (1, 2) or not all(0 <= number < math.inf for number in numbers):
        raise InvalidInput(f"--price is US$ a million tokens, `input,output` such as 0.15,0.60, not {text!r}")
    of_input = numbers[0] if input_price is None else input_price
    return Prices(of_input, numbers[-1] if output_price is None else output_price, latency)


@contextmanager
def _vectors(folder: Path | None) -> Iterator[DiskVectors | None]:
    vectors = DiskVectors(folder) if folder else None
    try:
        yield vectors
    finally:
        if vectors:
            vectors.close()


def _seen(progress: Progress, say: bool) -> RowSeen:
    """Counts the rows that are read, and says what each was taken for if that was asked."""
    rows = itertools.count(1)

    def seen(place: str, what: str) -> None:
        progress(READING, next(rows), 0)
        if say:
            errors.print(f"{place}: {what}", highlight=False, markup=False)

    return seen


def _log(file: Path | None, sample: bool, reading: Reading, seen: RowSeen) -> Log:
    if (file is None) == (not sample):
        raise InvalidInput("give a file, or --sample for the questions of the sample world")
    if file is not None:
        return read_log(file, reading, seen=seen)
    return sample_log(limit=reading.limit, shuffle=reading.shuffle)


def _pair(names: str | None) -> tuple[str, str, str] | None:
    if names is None:
        return None
    parts = [name.strip() for name in names.split(",")]
    if len(parts) != 3:
        raise InvalidInput(f"--pair-columns are three, `first,second,label`, not {names!r}")
    return parts[0], parts[1], parts[2]


def _name(file: Path | None) -> str:
    return file.name if file else "the sample questions"


@contextmanager
def _redis_url(settings: Settings) -> Iterator[tuple[str, bool]]:
    """The configured Redis if it answers, else one of our own (True) for the length of the measurement."""
    if pings(settings.redis.url):
        yield settings.redis.url, False
        return
    with temporary_redis(TerminalProgress()) as url:
        yield url, True


def _print(data: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        emit_json(data)
        return
    console.print(f"{words.lead(data)} {words.judged(data)}", highlight=False, markup=False)
    for line in words.remarks(data):
        console.print(line, style="dim", highlight=False, markup=False)
    rows = [
        {
            "policy": r["policy"],
            "threshold": r["threshold"],
            "hit rate": f"{r['hit_rate']:.1%}",
            "wrong among judged hits": words.wrong_share(r),
            "95 % interval": words.interval(r["wrong_hit_interval"]) if r["judged_hits"] else "",
        }
        for r in data["comparison"]
    ]
    emit_rows(rows, columns=list(rows[0]), as_json=False, title=f"{data['requests']:,} requests")
    _print_curve(data)
    saved, latency = data["saved"], data["latency_ms"]
    console.print(
        f"Saved {saved['calls']:,} calls, {saved['tokens']:,} tokens, US$ {saved['usd']:.4f}, "
        f"{saved['seconds']:,.0f} s; {data['shadow_calls']} would-be hits were checked by a call."
    )
    console.print("Hit rate by tenth of the stream: " + " ".join(f"{g:.0%}" for g in data["growth"]))
    for kind, times in latency.items():
        console.print(f"A {kind} takes p50 {times['p50']:.1f}, p95 {times['p95']:.1f}, p99 {times['p99']:.1f} ms.")
    if "report" in data:
        console.print(f"Report: {data['report']}", soft_wrap=True)


def _print_curve(data: dict[str, Any]) -> None:
    served = [r for r in data["curve"] if r["hits"]]
    rows = [
        {
            "threshold": f"{r['threshold']:.3f}",
            "hit rate": f"{r['hit_rate']:.1%}",
            "precision": words.NOT_JUDGED if r["wrong_hit_rate"] is None else f"{1 - r['wrong_hit_rate']:.1%}",
        }
        for r in served[:: max(1, len(served) // 12)]
    ]
    emit_rows(
        rows, columns=["threshold", "hit rate", "precision"], as_json=False, title="static thresholds, in hindsight"
    )
