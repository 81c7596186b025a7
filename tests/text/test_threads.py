"""Text functions shared by threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import snowballstemmer

from semcache.text.tokens import stem


def test_stems_are_the_same_whichever_thread_asks() -> None:
    """A stemmer works on one word at a time: threads that stem at once get what each would get alone."""
    words = [
        f"{root}{ending}" for root in ("refund", "organis", "connect", "relat") for ending in ("ing", "ed", "ations")
    ]
    words += [f"{word}{n}ness" for n in range(400) for word in ("deliver", "fulfil", "happi", "cancel")]
    alone = snowballstemmer.stemmer("english")
    expected = [alone.stemWord(word) for word in words]
    stem.cache_clear()
    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(lambda _: [stem(word) for word in words], range(8)):
            assert found == expected
