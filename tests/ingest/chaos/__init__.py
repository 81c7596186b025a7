"""Chaos: everything is killed, paused, added and removed at random while events flow; then the state is compared.

    make chaos ARGS="--minutes 30"                        seeds until the time is over
    make chaos ARGS="--cluster --seeds 10"                 Redis is a cluster; ten seeds
    python -m tests.ingest.chaos --seed 7 --events 20000  one seed

Compared with what the reference (tests/ingest/reference.py) computes from the log, and, byte by byte, with what one
undisturbed worker makes of the same log in another namespace. Meanwhile answers are cached and looked up: none may be
served that was built from a version older than the one that Redis held when it was asked for.
"""
