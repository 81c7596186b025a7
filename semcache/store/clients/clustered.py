"""Redis Cluster with the interface of one server: commands and pipelines go to the nodes that hold their keys.

redis-py's own cluster pipeline refuses scripts, leaves the replies of MULTI unparsed and sends a command again after a
timeout. Here each node gets a plain pipeline; only what the cluster redirects, or what found no script, is sent again.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import redis
from redis.backoff import ExponentialBackoff
from redis.client import Pipeline
from redis.cluster import ClusterNode, RedisCluster
from redis.exceptions import (
    AskError,
    ClusterDownError,
    MovedError,
    NoScriptError,
    RedisClusterException,
    SlotNotCoveredError,
    TryAgainError,
)
from redis.retry import Retry

Command = tuple[tuple[Any, ...], dict[str, Any]]
"""Arguments and options of a queued command, as redis-py keeps them."""

_REDIRECTS = (MovedError, AskError, TryAgainError)
_WITHOUT_KEY = ("TIME", "PING")
_ATTEMPTS = 3


class _Cluster(RedisCluster):
    # A command that timed out may have been carried out: unlike redis-py, it is not sent again.
    ERRORS_ALLOW_RETRY = (redis.ConnectionError, ClusterDownError, SlotNotCoveredError)  # type: ignore[assignment]


class ClusterClient(redis.Redis):
    """A thread-safe client of a cluster; nothing is sent before its first command.

    `hosts` are some of its nodes, the others are found; `options` are redis-py's, for the connections to each node.
    """

    def __init__(self, hosts: Sequence[tuple[str, int]], *, attempts: int = _ATTEMPTS, **options: Any) -> None:
        super().__init__(host=hosts[0][0], port=hosts[0][1], **options)
        self._hosts = hosts
        self._options = options
        self._attempts = attempts
        self._known: _Cluster | None = None
        self._opening = threading.Lock()

    @property
    def nodes(self) -> Any:
        """The cluster, its nodes asked for on first use.

        Raises:
            RedisClusterException: none of the nodes answers.
        """
        with self._opening:
            if self._known is None:
                self._known = _Cluster(
                    startup_nodes=[ClusterNode(host, port) for host, port in self._hosts],
                    retry=Retry(ExponentialBackoff(cap=0.5, base=0.05), self._attempts),
                    require_full_coverage=False,
                    **self._options,
                )
            return self._known

    def execute_command(self, *args: Any, **options: Any) -> Any:
        return self.nodes.execute_command(*args, **options)

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:
        return _ClusterPipeline(self, transaction)

    def primaries(self) -> dict[str, redis.Redis]:
        """A client of each primary by its address; the nodes are asked again who they are."""
        self.nodes.nodes_manager.initialize()
        return {node.name: self.nodes.get_redis_connection(node) for node in self.nodes.get_primaries()}

    def every_server(self) -> dict[str, redis.Redis]:
        """A client of each node by its address, replicas too; the nodes are asked again who they are."""
        self.nodes.nodes_manager.initialize()
        return {node.name: self.nodes.get_redis_connection(node) for node in self.nodes.get_nodes()}

    def address_of(self, key: str) -> str:
        """The address of the primary that holds the key, as far as is known now."""
        return str(self._node_of_slot(self.nodes.keyslot(key)).name)

    def at(self, key: str) -> redis.Redis:
        """A client of the primary that holds the key, as far as is known now."""
        home: redis.Redis = self.nodes.get_redis_connection(self._node_of_slot(int(self.nodes.keyslot(key))))
        return home

    def serving(self) -> set[str]:
        """The addresses of the primaries that serve slots."""
        return {str(served[0].name) for served in list(self.nodes.nodes_manager.slots_cache.values())}

    def _node_of_slot(self, slot: int) -> ClusterNode:
        node: ClusterNode = self.nodes.nodes_manager.get_node_from_slot(slot)
        return node

    def dbsize(self, **kwargs: Any) -> Any:
        return sum(int(node.dbsize()) for node in self.primaries().values())

    def delete(self, *names: Any) -> Any:
        return self._each("DEL", names)

    def exists(self, *names: Any) -> Any:
        return self._each("EXISTS", names)

    def unlink(self, *names: Any) -> Any:
        return self._each("UNLINK", names)

    def _each(self, command: str, names: Sequence[Any]) -> int:
        """A command that counts keys, on keys of any slots."""
        with self.pipeline(transaction=False) as pipe:
            for name in names:
                pipe.execute_command(command, name)
            return sum(pipe.execute())

    def scan_iter(self, match: Any = None, count: int | None = None, _type: Any = None, **kwargs: Any) -> Iterator[Any]:
        for node in self.primaries().values():
            yield from node.scan_iter(match=match, count=count, _type=_type, **kwargs)

    def close(self) -> None:
        with self._opening:
            if self._known is not None:
                self._known.close()
        super().close()


class _ClusterPipeline(Pipeline):
    """Queues like any pipeline; `execute` sends each node its commands, and gives the replies in the order queued."""

    def __init__(self, client: ClusterClient, transaction: bool) -> None:
        super().__init__(client.connection_pool, client.response_callbacks, transaction, None)
        self._client = client
        self._at_once = transaction
        self._watching: Pipeline | None = None
        self._watched: tuple[Any, ...] = ()
        self._queues = True

    def watch(self, *names: Any) -> None:
        """Watches keys of one slot; until `multi`, commands on that slot are carried out at once.

        What `execute` then changes in other slots follows the look at the watched keys, and is not one step with it.
        """
        node = self._client._node_of_slot(int(self._client.nodes.keyslot(names[0])))
        self._watching, self._watched, self._queues = node.redis_connection.pipeline(), names, False
        self._watching.watch(*names)

    def multi(self) -> None:
        """Commands are queued from now on."""
        self._queues = True

    def execute_command(self, *args: Any, **options: Any) -> Any:
        if self._watching is not None and not self._queues:
            return self._watching.execute_command(*args, **options)
        return super().pipeline_execute_command(*args, **options)

    def _unchanged(self) -> None:
        """Raises redis-py's WatchError if a watched key has changed."""
        if self._watching is not None:
            self._watching.multi()
            self._watching.exists(*self._watched)
            self._watching.execute()

    def execute(self, raise_on_error: bool = True) -> list[Any]:
        self._unchanged()
        commands, scripts = list(self.command_stack), {script.sha: script.script for script in self.scripts}
        self.reset()
        replies = (self._in_slots if self._at_once else self._spread)(commands, scripts)
        if raise_on_error:
            for reply in replies:
                if isinstance(reply, Exception):
                    raise reply
        return replies

    def reset(self) -> None:  # type: ignore[override]
        self.command_stack: list[Command] = []
        self.scripts = set()
        if watching := self.__dict__.get("_watching"):
            watching.reset()
            self._watching, self._queues = None, True

    def _in_slots(self, commands: Sequence[Command], scripts: Mapping[str, Any]) -> list[Any]:
        """A MULTI for each slot, in the order in which the slots were first named; the first that fails is the last.

        What is queued first (a registration, say) must be harmless without what follows.
        """
        slots: dict[int, list[int]] = {}
        for place, command in enumerate(commands):
            slots.setdefault(self._slot_of(command), []).append(place)
        replies: list[Any] = [None] * len(commands)
        for slot, places in slots.items():
            chosen = self._in_one_slot(slot, [commands[n] for n in places], scripts)
            for place, reply in zip(places, chosen, strict=True):
                replies[place] = reply
        return replies

    def _in_one_slot(self, slot: int, commands: Sequence[Command], scripts: Mapping[str, Any]) -> list[Any]:
        for attempt in range(_ATTEMPTS):
            node = self._client._node_of_slot(slot).redis_connection
            try:
                with node.pipeline(transaction=True) as pipe:
                    pipe.command_stack.extend(commands)
                    replies = list(pipe.execute(raise_on_error=False))
                return [self._with_source(*pair, scripts) for pair in zip(commands, replies, strict=True)]
            except (MovedError, redis.ConnectionError):
                if attempt == _ATTEMPTS - 1:
                    raise
                self._client.nodes.nodes_manager.initialize()
        return []

    def _with_source(self, command: Command, reply: Any, scripts: Mapping[str, Any]) -> Any:
        """The reply; a script that the node did not know is loaded there, and carried out."""
        args, _ = command
        if not isinstance(reply, NoScriptError):
            return reply
        self._client.at(args[3]).script_load(scripts[args[1]])
        return self._client.execute_command(*args)

    def _spread(self, commands: Sequence[Command], scripts: Mapping[str, Any]) -> list[Any]:
        replies: list[Any] = [None] * len(commands)
        for node, places in self._by_node(commands).items():
            for place, reply in zip(places, _sent(node, [commands[n] for n in places]), strict=True):
                replies[place] = reply
        for place, reply in enumerate(replies):
            replies[place] = self._mended(commands[place], reply, scripts)
        return replies

    def _by_node(self, commands: Sequence[Command]) -> dict[ClusterNode, list[int]]:
        nodes: dict[ClusterNode, list[int]] = {}
        for place, command in enumerate(commands):
            nodes.setdefault(self._node_of(command), []).append(place)
        return nodes

    def _slot_of(self, command: Command) -> int:
        return int(self._client.nodes.determine_slot(*command[0]))

    def _node_of(self, command: Command) -> ClusterNode:
        if command[0][0] in _WITHOUT_KEY:
            node: ClusterNode = self._client.nodes.get_default_node()
            return node
        return self._client._node_of_slot(self._slot_of(command))

    def _mended(self, command: Command, reply: Any, scripts: Mapping[str, Any]) -> Any:
        """The reply; a command that was not carried out is sent once more, by itself: redirects are followed there."""
        args, options = command
        try:
            if isinstance(reply, (*_REDIRECTS, redis.ConnectionError)):
                reply = self._redirected(args, options)
            return self._with_source(command, reply, scripts)
        except (redis.RedisError, RedisClusterException) as error:
            return error

    def _redirected(self, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        try:
            return self._client.execute_command(*args, **options)
        except NoScriptError as error:
            return error


def _sent(node: ClusterNode, commands: Sequence[Command]) -> list[Any]:
    """The replies of one node; if it cannot be reached, that error for each command: other nodes' commands go on."""
    try:
        with node.redis_connection.pipeline(transaction=False) as pipe:
            pipe.command_stack.extend(commands)
            return list(pipe.execute(raise_on_error=False))
    except (redis.ConnectionError, redis.TimeoutError) as error:
        return [error] * len(commands)
