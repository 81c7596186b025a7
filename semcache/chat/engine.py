"""ChatEngine: a question's way through understanding, cache, retrieval and answerer, and back into memory."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property, partial

import redis

from semcache.cache import Computed, Hit, Miss, Outcome, SemanticCache
from semcache.cache.runtime import Runtime
from semcache.chat.abstention import read_abstention
from semcache.chat.answer import Answer, OutcomeKind
from semcache.chat.asked import Asked, collected
from semcache.chat.doubts import NO_DOUBT, Opinion, review
from semcache.chat.limiting import CallLimit
from semcache.chat.retrieval import history_of, recall_memories, retrieve_documents, told_since, very_near_part
from semcache.chat.stages import Stages, TimedEmbedder
from semcache.chat.stores import Stores
from semcache.chat.turns import Notes, Publish
from semcache.chat.understanding import of_own_thing, understand
from semcache.embed import Embedder
from semcache.errors import InvalidInput
from semcache.inputs import check_text
from semcache.llm import Completion, Llm, LlmRequest, answering, completion_of
from semcache.llm.helper import Helper
from semcache.questions.model import QuestionReader
from semcache.settings import Settings
from semcache.store.connect import client_of
from semcache.text.questions import is_question

MAX_QUESTION_CHARS = 20_000
_CLOCK_SLACK_S = 60.0  # the clocks of those who write turns may differ by this much
_COMPUTED_ELSEWHERE = "computed once for several who asked at the same time"

Parts = Generator[str, None, Answer]


class ChatEngine:
    """Answers questions of users in sessions. Threads may share one.

    `publish` gets each turn as an event (a dict; ingest.events describes it); by default turns go straight into memory.
    Nothing of a question is stored before its answer is complete. What rests on a user's memory is kept in the user's
    own scope, never in the shared one.
    """

    def __init__(
        self,
        redis_or_url: redis.Redis | str,
        *,
        llm: Llm,
        embedder: Embedder,
        settings: Settings,
        publish: Publish | None = None,
        clock: Callable[[], float] = time.time,
        runtime: Runtime | None = None,
    ) -> None:
        client = client_of(redis_or_url)
        self.llm = llm
        self._embedder = TimedEmbedder(embedder)
        self._settings = settings
        self._stores = Stores(client, self._embedder, settings, clock, llm, runtime or Runtime())
        self._limit = CallLimit(client, namespace=settings.namespace, per_minute=settings.llm.calls_per_minute)
        self._helper = Helper(llm, timeout_s=settings.llm.helper_timeout_s)
        self._reader = QuestionReader(self._stores.classify, self._helper)
        self._notes = Notes(self._stores.memory, publish, settings.namespace, clock)
        self._clock = clock

    # -- for callers

    def ask(self, text: str, *, user: str, session: str, fresh: bool = False) -> Answer:
        """The whole answer at once; raises as `stream`."""
        *_, answer = self.stream(text, user=user, session=session, fresh=fresh)
        assert isinstance(answer, Answer)  # every stream ends with it
        return answer

    def stream(self, text: str, *, user: str, session: str, fresh: bool = False) -> Iterator[str | Answer]:
        """The answer in pieces as they come, and at the end the `Answer`. Closed early, it stores nothing.

        `fresh`: made anew without a look into the cache, and not kept there.

        Raises:
            InvalidInput: the question is empty or longer than MAX_QUESTION_CHARS, or an id is none; at once.
            RateLimited: the user has caused too many calls; `retry_after_s` says when to ask again.
            LlmUnavailable, RedisUnavailable, EmbedderUnavailable: retry later; nothing was stored.
        """
        checked = _checked(text)
        self._stores.memory(user)  # finds a wrong id now
        return self._stream(checked, user, session, fresh)

    def scope(self, user: str | None = None) -> dict[str, str]:
        """The walls around what is shared or, with a user, around what is this user's own."""
        settings = self._settings.llm
        walls = {
            "audience": "everyone" if user is None else "user",
            "answerer": "generative" if self.llm.generative else "extractive",
            "model": self.llm.name,
            "system": hashlib.blake2b(settings.system_prompt.encode(), digest_size=8).hexdigest(),
        }
        if self.llm.generative:
            walls["answering"] = answering(settings)
        return walls if user is None else {**walls, "user": user}

    def cache(self, user: str | None = None) -> SemanticCache:
        """The shared cache or, with a user, the user's own."""
        return self._stores.cache(self.scope(user))

    def judge(self, entry_id: str, *, user: str, correct: bool, personal: bool = False) -> bool:
        """A user's verdict on a stored answer, the user's own or a shared one; False if it is gone.

        Who rejects an answer is not served it any more; others are, until a second opinion or another user rejects it.
        """
        if personal:
            return self.cache(user).feedback(entry_id, correct=correct)
        return self.cache().feedback(entry_id, correct=correct, user=user)

    def allow(self, max_error_rate: float) -> None:
        """Another error budget for the questions from now on, in this process."""
        self._stores.allow(max_error_rate)

    # -- the way of a question

    def _stream(self, text: str, user: str, session: str, fresh: bool) -> Iterator[str | Answer]:
        with closing(Stages("semcache.ask")) as stages:
            asked = self._asked(text, user, session, stages, anew=fresh)
            answer = yield from self._answer(asked)
            with stages.stage("store"):
                warnings = self._notes.take(asked, answer)
                self._stores.languages.add(asked.text)
            yield replace(answer, timings=stages.finished(), warnings=(*answer.warnings, *warnings))

    def _asked(self, text: str, user: str, session: str, stages: Stages, *, anew: bool) -> Asked:
        at = self._clock()
        with stages.stage("understand"):
            window = self._stores.memory(user).window(session, max_tokens=self._settings.memory.window_max_tokens)
            counted = partial(self._limit.take, user)
            understood = understand(text, window, self._reader, generative=self.llm.generative, before_call=counted)
            if not self.llm.generative:
                understood = of_own_thing(understood, self._stores.memory(user), self._stores.knowledge)
        return Asked(text, user, session, at, stages, window, understood, anew)

    def _answer(self, asked: Asked) -> Parts:
        if asked.anew:
            return (yield from self._uncached(asked, "asked for without the cache"))
        if reason := asked.understood.uncacheable or (asked.understood.personal and self._unsealable):
            return (yield from self._uncached(asked, reason))
        owner = asked.user if asked.understood.personal else None
        found = self._look_up(asked, owner)
        if not found and self._recall(asked) and owner is None:
            if self._unsealable:
                return (yield from self._uncached(asked, self._unsealable))
            owner = asked.user  # the answer will rest on what this user told
            found = self._look_up(asked, owner)
        if isinstance(found, Hit):
            return (yield from self._served(asked, found, owner))
        answer = yield from self._computed(asked, self.cache(owner), found)
        return replace(answer, personal_scope=owner is not None)

    def _served(self, asked: Asked, hit: Hit, owner: str | None) -> Parts:
        """The stored answer; who has rejected it gets another, and what others have is compared with another, later."""
        cache = self.cache(owner)
        doubt = NO_DOUBT if owner else cache.doubt(hit, user=asked.user)
        if doubt.own:
            answer = yield from self._uncached(asked, "you have marked the stored answer as wrong", outcome="miss")
            cache.second_opinion(hit, answer.text if answer.known else None, sources=answer.sources)
            return answer
        yield hit.response
        if doubt.open:
            self._stores.runtime.lessons.submit(lambda: review(cache, hit, lambda: self._made_again(asked)))
        return replace(asked.of_hit(hit), personal_scope=owner is not None)

    def _made_again(self, asked: Asked) -> Opinion:
        """The answer to a question as it would be made now."""
        with closing(Stages("semcache.second_opinion")) as stages:
            again = asked.again(stages)
            text = "".join(self._generate(again))
            return Opinion(text if again.computed(self.llm).keep else None, again.sources(self.llm))

    def _look_up(self, asked: Asked, owner: str | None) -> Hit | Miss:
        cache = self.cache(owner)
        with self._stage(asked, "lookup"):
            found = cache.lookup(asked.question, context=asked.understood.context)
        if isinstance(found, Miss) or owner is None or not self._outdated(asked, found):
            return found
        asked.renewed = "you have told something new since the answer was stored"
        cache.invalidate(entry_id=found.entry_id)
        return self._look_up(asked, owner)

    def _outdated(self, asked: Asked, hit: Hit) -> bool:
        """Whether the user has told something since a personal answer was stored."""
        known = hit.metadata.get("memories")
        since = self._clock() - hit.age_s - _CLOCK_SLACK_S
        with self._stage(asked, "recall"):
            memory = self._stores.memory(asked.user)
            return told_since(memory, asked.question, since, known if isinstance(known, list) else ())

    def _recall(self, asked: Asked) -> bool:
        """Whether anything the user told is needed for the answer; it is kept with the question."""
        needed = asked.understood.personal or not (self.llm.generative or self._documents_answer(asked))
        with self._stage(asked, "recall"):
            memory = self._stores.memory(asked.user)
            asked.memories = recall_memories(
                memory, asked.question, asked.window, needed=needed, very_near=self._very_near
            )
        return bool(asked.memories)

    @cached_property
    def _very_near(self) -> float:
        return very_near_part(self._embedder)

    def _documents_answer(self, asked: Asked) -> bool:
        """Whether the built-in answerer finds something without memories: it can be asked twice."""
        self._read_documents(asked)
        with self._stage(asked, "generate"):
            return self.llm.answer(self._request(asked)).known

    def _read_documents(self, asked: Asked) -> None:
        if is_question(asked.text) and not asked.retrieved.passages:
            with self._stage(asked, "recall"):
                asked.retrieved = retrieve_documents(self._stores.knowledge, asked.question)

    @property
    def _unsealable(self) -> str:
        """Why answers that rest on a user's memory are not kept; empty if they are."""
        seal = self._settings.seal
        sealed = "what users told is sealed, and cached answers are not"
        return sealed if seal.active and not seal.cache_personal else ""

    def _uncached(self, asked: Asked, reason: str, *, outcome: OutcomeKind = "uncacheable") -> Parts:
        self._limit.take(asked.user)
        if asked.understood.personal or asked.anew:
            self._recall(asked)
        pieces: list[str] = []
        yield from collected(self._generate(asked), pieces)
        return asked.fresh("".join(pieces), self.llm, outcome="fresh" if asked.anew else outcome, reason=reason)

    def _computed(self, asked: Asked, cache: SemanticCache, miss: Miss) -> Parts:
        self._limit.take(asked.user)
        pieces: list[str] = []
        flight = cache.stream(
            asked.question, lambda: self._generate(asked), context=asked.understood.context, miss=miss
        )
        outcome: Outcome = yield from collected(flight, pieces)
        asked.stages.add("store", asked.since_completed())
        if outcome.hit:
            return asked.of_hit(outcome.hit)
        reason = asked.renewed or miss.detail if outcome.computed else _COMPUTED_ELSEWHERE
        answer = asked.fresh("".join(pieces), self.llm, outcome="miss", reason=reason, miss=miss, note=outcome.note)
        return replace(answer, entry_id=outcome.entry_id)

    def _generate(self, asked: Asked) -> Generator[str, None, Computed]:
        """Retrieves and answers. Only the time spent here counts, not the caller's between two pieces."""
        self._read_documents(asked)
        with closing(self.llm.stream(self._request(asked))) as answering:
            while True:
                try:
                    with self._stage(asked, "generate"):
                        piece = next(answering)
                except StopIteration as end:
                    with self._stage(asked, "generate"):
                        asked.complete(self._read(asked, completion_of(end.value)))
                    return asked.computed(self.llm)
                yield piece

    def _read(self, asked: Asked, completion: Completion) -> Completion:
        """An answer that may be kept, with what the model says of it where it is not sure to be one."""
        if asked.anew or asked.understood.uncacheable:
            return completion
        counted = partial(self._limit.take, asked.user)
        return read_abstention(completion, asked.question, self._helper, before_call=counted)

    def _request(self, asked: Asked) -> LlmRequest:
        """What the model sees. An answer for everyone is made without the session: nothing of it can get in."""
        private = asked.understood.personal or bool(asked.understood.uncacheable)
        now = f"\nIt is {datetime.fromtimestamp(asked.at, UTC):%A %d %B %Y, %H:%M} UTC." if private else ""
        return LlmRequest(
            question=asked.question,
            passages=(*asked.memories, *asked.retrieved.passages),
            history=history_of(asked.window) if private else (),
            system=self._settings.llm.system_prompt + now,
        )

    @contextmanager
    def _stage(self, asked: Asked, name: str) -> Iterator[None]:
        """A stage, without the embedding in it: that counts as the stage "embed"."""
        before = self._embedder.seconds
        with asked.stages.stage(name):
            yield
        asked.stages.move(self._embedder.seconds - before, of=name, to="embed")


def _checked(text: str) -> str:
    if not isinstance(text, str) or not text.strip():
        raise InvalidInput("the question is empty: ask something")
    return check_text("the question", text, most_chars=MAX_QUESTION_CHARS).strip()
