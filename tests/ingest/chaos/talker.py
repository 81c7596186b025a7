"""A process that chats: says one thing after the other, and tells each id once it has been told that it is kept.

python -m tests.ingest.chaos.talker SEED PAUSE_S
"""

from __future__ import annotations

import random
import sys
import threading

from semcache.errors import SemcacheError
from semcache.settings import load_settings
from semcache_ingest.courier import open_courier
from tests.ingest.chaos.stream import SESSIONS, TOPICS, USERS
from tests.ingest.producing import message


def main() -> None:
    seed, pause_s = int(sys.argv[1]), float(sys.argv[2])
    random_, pause = random.Random(seed), threading.Event()
    with open_courier(load_settings()) as courier:
        for n in range(10**6):
            user, session = f"u{random_.randrange(USERS)}", f"talk{random_.randrange(SESSIONS)}"
            said = message(
                n, user=user, session=session, text=f"About {random_.choice(TOPICS)}.", id=f"talk-{seed}-{n}"
            )
            try:
                warning = courier.take(said)
            except SemcacheError:
                continue  # whoever said it was told that it is not remembered
            finally:
                pause.wait(pause_s)
            print(said["id"], "waits" if warning else "sent", flush=True)


if __name__ == "__main__":
    main()
