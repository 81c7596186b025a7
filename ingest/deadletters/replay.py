"""Replaying dead letters: back into the topic they came from, once the mistake is mended."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass, field
from typing import TYPE_CHECKING

from semcache.errors import KafkaUnavailable
from semcache.settings import Settings
from semcache_ingest.deadletters.letters import Letter, Letters, Wanted, histogram
from semcache_ingest.deadletters.writer import CONNECT, REPLAYS, Headers
from semcache_ingest.kafka.clients import MAX_MESSAGE_BYTES, open_producer, open_reader
from semcache_ingest.records import Partition

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError, Producer

MAX_REPLAYS = 2
_AT_ONCE = 500
_FLUSH_S = 30.0


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """What to replay. `again`: also what earlier replays with the same conditions have dealt with."""

    wanted: Wanted = field(default_factory=Wanted)
    limit: int | None = None
    max_replays: int = MAX_REPLAYS
    dry_run: bool = False
    again: bool = False


@dataclass(slots=True)
class Replayed:
    """What a replay did. `skipped`: how many letters stayed, by reason; `kinds`: the histogram of those replayed."""

    replayed: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    kinds: list[dict[str, object]] = field(default_factory=list)
    dry_run: bool = False


def replay(
    settings: Settings,
    options: ReplayOptions,
    *,
    group: str | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Replayed:
    """Produces the letters that fit to the topics they came from, and notes how far it got.

    Progress is the committed offset of a consumer group of its own, one for each set of conditions: an interrupted
    replay goes on where it stopped, and one that is repeated finds nothing. It is committed only after Kafka has
    acknowledged what was produced. Letters that fail again come back as new dead letters, with one more replay in
    their headers; at `max_replays` they stay.

    Raises:
        KafkaUnavailable: no broker answers; run it again.
    """
    letters = Letters(settings, group=group)
    progress_group = replay_group(letters.group, options.wanted)
    starts = {} if options.again else letters.committed(progress_group)
    done = Replayed(dry_run=options.dry_run)
    kinds: list[Letter] = []
    with open_reader(settings.kafka, group=progress_group) as committer:
        producer = open_producer(settings.kafka, message_max_bytes=MAX_MESSAGE_BYTES)
        for part in _parts(letters.read(starts=starts)):
            chosen = _chosen(part, options, done, left=_left(options, done))
            if not options.dry_run:
                upto = _end(part, chosen, options, done)
                chosen = _produced(producer, chosen, done)
                _commit(committer, part, upto=upto)
            kinds += chosen
            done.replayed += len(chosen)
            progress(done.replayed)
            if _left(options, done) == 0:
                break
    done.kinds = histogram(kinds)
    return done


def replayed_headers(letter: Letter) -> Headers:
    """The headers of the record as it was, what is known of its failures, and one replay more."""
    kept = [(name, value) for name, value in letter.record.headers if not name.startswith(CONNECT) and name != REPLAYS]
    return [*kept, (REPLAYS, str(letter.replays + 1).encode())]


def _parts(letters: Iterator[Letter]) -> Iterator[list[Letter]]:
    """Letters in parts of one partition each."""
    part: list[Letter] = []
    for letter in letters:
        if part and (len(part) >= _AT_ONCE or _partition(part[0]) != _partition(letter)):
            yield part
            part = []
        part.append(letter)
    if part:
        yield part


def _chosen(part: Sequence[Letter], options: ReplayOptions, done: Replayed, *, left: int | None) -> list[Letter]:
    chosen: list[Letter] = []
    for letter in part:
        if left is not None and len(chosen) >= left:
            break
        reason = _reason_to_stay(letter, options)
        if reason:
            done.skipped[reason] += 1
        else:
            chosen.append(letter)
    return chosen


def _reason_to_stay(letter: Letter, options: ReplayOptions) -> str | None:
    if not options.wanted.fits(letter):
        return "does not fit"
    if letter.replays >= options.max_replays:
        return "replayed too often"
    if letter.truncated:
        return "truncated"
    return None if letter.source_topic else "source unknown"


def _left(options: ReplayOptions, done: Replayed) -> int | None:
    return None if options.limit is None else max(0, options.limit - done.replayed)


def _end(part: Sequence[Letter], chosen: Sequence[Letter], options: ReplayOptions, done: Replayed) -> int:
    """The offset after the last letter that was dealt with: with a limit, the rest is for the next replay."""
    left = _left(options, done)
    cut = left is not None and len(chosen) >= left and bool(chosen)
    return (chosen[-1] if cut else part[-1]).record.offset + 1


def _produced(producer: Producer, letters: Sequence[Letter], done: Replayed) -> list[Letter]:
    """The letters that Kafka has taken; those too large for their topic stay.

    Raises:
        KafkaUnavailable: some were not taken for another reason.
    """
    from confluent_kafka import KafkaError

    answers: list[tuple[Letter, KafkaError | None]] = []
    for letter in letters:
        producer.produce(
            letter.source_topic,
            value=letter.record.value,
            key=letter.record.key,
            headers=replayed_headers(letter),
            timestamp=letter.record.timestamp_ms,
            on_delivery=lambda error, _, letter=letter: answers.append((letter, error)),  # type: ignore[misc]
        )
    producer.flush(_FLUSH_S)
    other = next((e for _, e in answers if e and e.code() != KafkaError.MSG_SIZE_TOO_LARGE), None)
    if other or len(answers) < len(letters):
        why = other.str() if other else "no acknowledgement"
        raise KafkaUnavailable(f"letters could not be replayed ({why}): run it again, it goes on where it stopped")
    taken = [letter for letter, error in answers if error is None]
    if len(taken) < len(letters):
        done.skipped["too large for the topic"] += len(letters) - len(taken)
    return taken


def _commit(committer: Consumer, part: Sequence[Letter], *, upto: int) -> None:
    from confluent_kafka import KafkaException, TopicPartition

    try:
        committer.commit(offsets=[TopicPartition(*_partition(part[0]), upto)], asynchronous=False)
    except KafkaException as error:
        raise KafkaUnavailable(f"the progress of the replay cannot be noted: {error}") from error


def _partition(letter: Letter) -> Partition:
    return letter.record.topic, letter.record.partition


def replay_group(group: str, wanted: Wanted) -> str:
    conditions = repr(astuple(wanted))
    if wanted == Wanted():
        return f"{group}.replay"
    return f"{group}.replay.{hashlib.blake2b(conditions.encode(), digest_size=4).hexdigest()}"
