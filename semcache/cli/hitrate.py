"""`semcache hit-rate`: replays a log through the real cache: what it would have served, how much of it wrong."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from semcache import samples
from semcache.cache import SemanticCache
from semcache.cli.output import Json, console, emit_json, emit_rows, errors
from semcache.cli.progress import TerminalProgress
from semcache.devstack.redis import pings
from semcache.devstack.temporary import temporary_redis
from semcache.embed import Embedder, open_embedder
from semcache.errors import InvalidInput
from semcache.evals import plots, report
from semcache.evals.log import Columns, Log, Request, as_stream, read_log
from semcache.evals.policies import BUDGET, rule_of
from semcache.evals.replay import Outcome, Prices, replay, summarise
from semcache.evals.thresholds import StaticResult, replay_thresholds
from semcache.settings import Settings, load_settings
from semcache.text import normal_form

MOST_COMPARED = 20_000  # requests replayed with static thresholds: the similarity matrix grows with the square

File = Annotated[Path | None, typer.Argument(help="CSV, TSV or JSONL, plain or gzip; `--sample` instead of a file.")]
Column = Annotated[str | None, typer.Option(help="Column name, if it is not found by itself.", show_default=False)]


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
    keep_order: Annotated[bool, typer.Option("--keep-order", help="Do not shuffle a file sorted by answer.")] = False,
    prompt_column: Column = None,
    answer_column: Column = None,
    response_column: Column = None,
    model: Annotated[str | None, typer.Option(help="Embedding model.", show_default=False)] = None,
    input_price: Annotated[float, typer.Option(min=0, help="US$ a million input tokens.")] = 0.15,
    output_price: Annotated[float, typer.Option(min=0, help="US$ a million output tokens.")] = 0.60,
    call_seconds: Annotated[float, typer.Option(min=0, help="Seconds an LLM call takes.")] = 1.5,
    report_dir: Annotated[
        Path | None, typer.Option("--report", help="Write an HTML page with plots here.", show_default=False)
    ] = None,
    assert_error: Annotated[
        float | None, typer.Option(help="Exit code 1 if the observed wrong share is above this.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Replay a log through the cache: hit rate, wrong hits with their interval, time, and what thresholds would do."""
    rule = rule_of(policy)
    log = _log(file, sample, Columns(prompt_column, answer_column, response_column), limit, shuffle, keep_order)
    settings = load_settings(**({"embed_model": model} if model else {}))
    embedder = open_embedder(settings.embed, model_dir=settings.model_dir)
    with _redis_url(settings) as url, _scratch_cache(url, embedder, max_error_rate, rule) as cache:
        outcomes = _replay(cache, log)
    summary = summarise(outcomes, prices=Prices(input_price, output_price, call_seconds))
    static = _static(embedder, log)
    name = f"budget {max_error_rate:.1%}" if policy == BUDGET else policy
    data = report.result(summary, static, policy=name, embedder=embedder.fingerprint, max_error_rate=max_error_rate) | {
        "kind": log.kind,
        "shuffled": log.shuffled,
        "skipped": log.skipped,
    }
    if report_dir:
        drawn = plots.draw(outcomes, summary, static, policy=name, max_error_rate=max_error_rate)
        data["report"] = str(report.write_report(report_dir, f"Hit rate of {_name(file)}", data, drawn))
    _print(data, as_json=as_json)
    if assert_error is not None and summary.wrong_hit_rate > assert_error:
        errors.print(f"[red]wrong hits: {summary.wrong_hit_rate:.2%}, above {assert_error:.2%}[/red]")
        raise typer.Exit(1)


def _log(
    file: Path | None, sample: bool, columns: Columns, limit: int | None, shuffle: int | None, keep_order: bool
) -> Log:
    if (file is None) == (not sample):
        raise InvalidInput("give a file, or --sample for the questions of the sample world")
    if file is not None:
        return read_log(file, columns=columns, limit=limit, shuffle=shuffle, keep_order=keep_order)
    shared = [q for q in samples.questions() if q.kind in ("shared", "near_miss")]
    requests = [Request(q.question, q.answer, q.group) for q in shared]
    return as_stream(requests, "answers", limit=limit, shuffle=0 if shuffle is None else shuffle)


def _name(file: Path | None) -> str:
    return file.name if file else "the sample questions"


@contextmanager
def _redis_url(settings: Settings) -> Iterator[str]:
    """The configured Redis if it answers, else one of our own for the length of the measurement."""
    if pings(settings.redis.url):
        yield settings.redis.url
        return
    with temporary_redis(TerminalProgress()) as url:
        yield url


@contextmanager
def _scratch_cache(url: str, embedder: Embedder, max_error_rate: float, rule: Any) -> Iterator[SemanticCache]:
    """An empty cache of its own, emptied again at the end, also after Ctrl-C."""
    options = {"rule": rule} if rule else {}
    cache = SemanticCache(
        url,
        embedder=embedder,
        namespace=f"hit-rate-{uuid.uuid4().hex}",
        scope={"measurement": "hit-rate"},
        max_error_rate=max_error_rate,
        ttl=86_400.0,
        **options,
    )
    try:
        yield cache
    finally:
        with contextlib.suppress(KeyboardInterrupt):
            cache.clear()


def _progress() -> Progress:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    return Progress(*columns, console=errors, transient=True)


def _replay(cache: SemanticCache, log: Log) -> list[Outcome]:
    def agree(a: str, b: str) -> bool:
        return normal_form(a) == normal_form(b)

    with _progress() as bar:
        task = bar.add_task("replaying", total=len(log.requests))
        outcomes = []
        for outcome in replay(cache, log, agree=agree):
            outcomes.append(outcome)
            bar.advance(task)
        return outcomes


def _static(embedder: Embedder, log: Log) -> list[StaticResult]:
    """Static thresholds on the same stream; the embedder's cache still holds most vectors."""
    requests = log.requests[:MOST_COMPARED]
    with _progress() as bar:
        task = bar.add_task("static thresholds, in hindsight", total=len(requests))
        parts = []
        for start in range(0, len(requests), 512):
            parts.append(embedder.embed([r.prompt for r in requests[start : start + 512]]))
            bar.advance(task, len(parts[-1]))
    return replay_thresholds(np.concatenate(parts), [_truth(r) for r in requests])


def _truth(request: Request) -> str:
    return request.answer_id if request.answer_id is not None else normal_form(request.response)


def _print(data: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        emit_json(data)
        return
    if data["shuffled"]:
        console.print("[dim]The requests were shuffled (--keep-order keeps the file's order).[/dim]")
    rows = [
        {
            "policy": r["policy"],
            "threshold": r["threshold"],
            "hit rate": f"{r['hit_rate']:.1%}",
            "wrong among hits": f"{r['wrong_hit_rate']:.2%}",
            "95 % interval": f"{r['wrong_hit_interval'][0]:.2%} - {r['wrong_hit_interval'][1]:.2%}",
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
            "precision": f"{1 - r['wrong_hit_rate']:.1%}",
        }
        for r in served[:: max(1, len(served) // 12)]
    ]
    emit_rows(
        rows, columns=["threshold", "hit rate", "precision"], as_json=False, title="static thresholds, in hindsight"
    )
