"""Connection URLs, the driver's errors, and the check of the server."""

from __future__ import annotations

import pytest
import redis as redis_py

from semcache.errors import ConfigurationError, InvalidInput, RedisUnavailable
from semcache.store.connect import client_of, connect, guarded
from semcache.store.server import Server, check_server, inspect_server, product_of
from tests.conftest import free_port


def test_a_plain_url_gives_a_working_client(redis_url: str) -> None:
    """redis:// connects to the server it names."""
    assert connect(redis_url).ping()


def test_no_connection_is_made_before_the_first_command() -> None:
    """connect() to a port where nobody listens succeeds: it does no I/O."""
    connect(f"redis://127.0.0.1:{free_port()}/0")


@pytest.mark.parametrize("url", ["", "http://x", "localhost:6379", "redis://h:notaport", "redis://h:0", "unix://"])
def test_a_wrong_url_is_a_configuration_error(url: str) -> None:
    """What is no Redis URL is refused with the forms that are."""
    with pytest.raises(ConfigurationError):
        connect(url)


def test_a_password_never_shows_in_the_error() -> None:
    """The message about a wrong URL hides its user and password."""
    with pytest.raises(ConfigurationError) as caught:
        connect("redis://me:s3cret@h:notaport")
    assert "s3cret" not in str(caught.value)


def test_an_unreachable_server_is_unavailable_with_the_cause() -> None:
    """A refused connection becomes RedisUnavailable, from redis-py's own error."""
    client = connect(f"redis://127.0.0.1:{free_port()}/0", timeout_s=0.5)
    with pytest.raises(RedisUnavailable) as caught, guarded():
        client.ping()
    assert isinstance(caught.value.__cause__, redis_py.ConnectionError)


def test_a_command_that_takes_too_long_is_unavailable(redis_url: str) -> None:
    """A blocking command beyond the socket timeout becomes RedisUnavailable, and is not sent again."""
    client = connect(redis_url, timeout_s=0.2)
    with pytest.raises(RedisUnavailable, match="in time"), guarded():
        client.execute_command("BLPOP", "sc:{nobody}:pushes", 2)


def test_a_wrong_password_is_a_configuration_error(redis_url: str) -> None:
    """A refused login says so, and is no outage."""
    client = connect(redis_url.replace("redis://", "redis://nobody:wrong@"))
    with pytest.raises(ConfigurationError, match="user or password"), guarded():
        client.ping()


def test_a_missing_permission_is_a_configuration_error(redis: redis_py.Redis, redis_url: str, namespace: str) -> None:
    """A command that the ACL forbids names the command."""
    redis.execute_command("ACL", "SETUSER", namespace, "on", ">pw", "~*", "+ping")
    client = connect(redis_url.replace("redis://", f"redis://{namespace}:pw@"))
    with pytest.raises(ConfigurationError, match=r"permission.*'get'"), guarded():
        client.get("sc:x")
    redis.execute_command("ACL", "DELUSER", namespace)


def test_an_unknown_command_says_which_redis_is_needed(redis: redis_py.Redis) -> None:
    """A server without a command is told from a broken call: the version needed is named."""
    with pytest.raises(ConfigurationError, match=r"8\.0"), guarded():
        redis.execute_command("VFUTURE", "x")
    with pytest.raises(ConfigurationError, match=r"8\.0"), guarded():
        redis.eval("return redis.call('VFUTURE')", 0)


def test_scripts_that_are_gone_are_an_outage(redis: redis_py.Redis) -> None:
    """A Redis that was restarted between a script's load and its call is tried again: no record is at fault."""
    pipe = redis.pipeline(transaction=False)
    pipe.evalsha("0" * 40, 0)
    with pytest.raises(RedisUnavailable, match="restarted"), guarded():
        pipe.execute()


def test_errors_of_the_caller_pass_unchanged(redis: redis_py.Redis, namespace: str) -> None:
    """A command with a wrong argument is a defect of the program and stays redis-py's error."""
    with pytest.raises(redis_py.ResponseError, match="not an integer"), guarded():
        redis.execute_command("EXPIRE", namespace, "soon")


def test_a_key_of_another_type_is_named_as_one(redis: redis_py.Redis, namespace: str) -> None:
    """Somebody else has written it: the program is sound, and nothing can be done but to look at the data."""
    redis.set(namespace, "text")
    with pytest.raises(ConfigurationError, match="--check-data"), guarded():
        redis.lpush(namespace, "x")
    redis.delete(namespace)


def test_a_client_that_decodes_responses_is_refused(redis_url: str) -> None:
    """Vectors are binary: such a client would fail later, so it fails at once."""
    with pytest.raises(InvalidInput, match="decode_responses"):
        client_of(redis_py.Redis.from_url(redis_url, decode_responses=True))
    with pytest.raises(InvalidInput, match="URL"):
        client_of(42)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", ["True", "1", "yes", "False"])
def test_a_url_that_decodes_responses_is_refused(value: str) -> None:
    """redis-py takes any text for true there: the URL is refused before anything is stored."""
    with pytest.raises(ConfigurationError, match="decode_responses"):
        client_of(f"redis://user:secret@127.0.0.1:6379/0?decode_responses={value}")


def test_an_asyncio_client_is_named(redis_url: str) -> None:
    """It has the same name as the right one: the error says which it is, and what to do from asyncio."""
    with pytest.raises(InvalidInput, match="asyncio client"):
        client_of(redis_py.asyncio.Redis.from_url(redis_url))  # type: ignore[arg-type]


def test_a_full_pool_says_so(redis_url: str) -> None:
    """All connections in use is no outage of Redis: the error names the setting."""
    client = connect(redis_url + "?max_connections=1")
    taken = client.connection_pool.get_connection()
    with pytest.raises(RedisUnavailable, match="max_connections"), guarded():
        client.ping()
    client.connection_pool.release(taken)


def test_the_embedded_server_is_usable(redis: redis_py.Redis) -> None:
    """The server of the tests has vector sets and a version of 8 or more."""
    server = check_server(redis)
    assert server.usable
    assert server.version >= (8, 0, 0)
    assert not server.vrem_unsafe, "the fixture starts it single-threaded"
    assert inspect_server(redis) == server


def test_an_old_server_is_not_usable() -> None:
    """7.4, and 8 without vector sets, do not pass."""
    assert not Server((7, 4, 2), vector_sets=True, vrem_unsafe=False).usable
    assert not Server((8, 2, 3), vector_sets=False, vrem_unsafe=False).usable


@pytest.mark.parametrize(
    ("info", "product", "version"),
    [
        ({"redis_version": "8.2.3"}, "Redis", (8, 2, 3)),
        ({"redis_version": "8.2.3", "server_name": "redis"}, "Redis", (8, 2, 3)),
        ({"redis_version": "7.2.4", "server_name": "valkey", "valkey_version": "9.0.1"}, "Valkey", (9, 0, 1)),
        ({"redis_version": "7.4.0", "dragonfly_version": "df-v1.31.0"}, "Dragonfly", (1, 31, 0)),
        ({"redis_version": "4.0.0", "kvrocks_version": "2.12.0"}, "Kvrocks", (2, 12, 0)),
    ],
)
def test_a_fork_is_called_by_its_name(info: dict[str, str], product: str, version: tuple[int, int, int]) -> None:
    """Whatever version of Redis it says it is: it has no vector sets, and no newer version of it has."""
    assert product_of(info) == (product, version)
    unfit = Server(version, vector_sets=False, vrem_unsafe=False, product=product).unfit
    assert (product in unfit, "fork" in unfit) == (True, product != "Redis")
