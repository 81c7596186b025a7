"""Words of denial and of restriction in the large languages beside English, where one such word denies the sentence."""

from __future__ import annotations

import re
from collections.abc import Sequence

from semcache.text.english import is_english

_DENIALS = frozenset(
    # German, Dutch, Swedish, Danish, Norwegian
    "nicht kein keine keinen keinem keiner keines nie niemals niemand nichts ohne nirgends weder "
    "niet geen nooit niets niemand zonder inte ej aldrig ingen inget inga utan icke ikke aldri uten uden ingenting "
    # French, Spanish, Italian, Portuguese, Catalan, Romanian
    "ne pas jamais rien aucun aucune sans nunca jamás ningún ninguna ninguno nadie nada sin tampoco "
    "non mai nessun nessuno nessuna niente senza não ninguém nenhum nenhuma sem cap nu niciodată fără nimic "
    # Polish, Czech, Slovak, Croatian, Serbian in Latin letters, Hungarian, Finnish, Lithuanian
    "nie nigdy bez żaden żadna żadnego nikt nic nieje není nejsou nelze nikdy nije nisam nisu nema nemam nikad "
    "nem nincs nincsenek soha ei eivät ilman nėra niekada "
    # Turkish, Indonesian, Vietnamese
    "değil yok hiç tidak bukan jangan belum tanpa không chưa chẳng đừng "
    # Russian, Ukrainian, Bulgarian, Serbian, Greek
    "не нет ни без нельзя никогда никто ничего ні немає ніколи няма није нема δεν δε μην μη χωρίς ποτέ "
    # Arabic, Persian, Urdu, Hebrew
    "لا لم لن ليس ليست غير بدون دون نیست نه نہیں לא אין בלי "
    # Hindi, Marathi, Bengali, Tamil, Korean
    "नहीं न मत बिना नको नाही না নেই নয় இல்லை வேண்டாம் 안".split()
)
_RESTRICTIONS = frozenset(
    "only solely exclusively nur lediglich bloß ausschließlich seulement uniquement sólo solo solamente únicamente "
    "soltanto só somente apenas alleen slechts tylko jedynie wyłącznie bara endast enbart kun sadece yalnızca hanya "
    "chỉ csak doar numai pouze только лишь тільки лише само μόνο केवल सिर्फ فقط רק শুধু".split()
)
#: They are English words, or names of things, too.
_ALSO_ENGLISH = frozenset("sin solo cap bara kun".split())
#: Scripts without spaces, and endings: found anywhere in a word.
_DENIED_WITHIN = re.compile(
    "[不没沒無无勿未别]|ません|ない|なかった|なく|ぬ$|ไม่|อย่า|[않못없]|아니|^نمی|முடியாது|"
    "\\w{2}m[ıiuü]yor|\\w{2}m[ae]d[ıi](?:m|n|k|l[ae]r)?$|\\w{2}m[ae]z(?:s[ıi]n|l[ae]r|m[ıi])?$|\\w{2}m[ae]y[ae]c"
)
#: "Is it or is it not" asks, and denies nothing; 不 and 没 in common words that affirm.
_ASKED_WITHIN = re.compile("(.)[不没沒]\\1|หรือไม่|不過|不过|不同|不久|特别|別人|别人|分别")
_RESTRICTED_WITHIN = re.compile("[只仅僅]|だけ|のみ|しか|แค่|เท่านั้น|เพียง|[가-힣]만$")
_ONLY_AFTER_NE = frozenset(("que", "qu"))


def denies(words: Sequence[str]) -> bool:
    """Whether a text in another language than English says "not"; "ne ... pas" says it once."""
    found = _DENIALS.intersection(words)
    if found and not (found <= _ALSO_ENGLISH and is_english(words)):
        return found != {"ne"} or _ONLY_AFTER_NE.isdisjoint(words)
    return not _all_ascii(words) and any(_DENIED_WITHIN.search(_ASKED_WITHIN.sub("", word)) for word in words)


def restricts(words: Sequence[str]) -> bool:
    """Whether a text says "only", in English or another language; "ne ... que" does."""
    found = _RESTRICTIONS.intersection(words)
    if found and not (found <= _ALSO_ENGLISH and is_english(words)):
        return True
    if "ne" in words and "pas" not in words and not _ONLY_AFTER_NE.isdisjoint(words):
        return True
    return not _all_ascii(words) and any(map(_RESTRICTED_WITHIN.search, words))


def _all_ascii(words: Sequence[str]) -> bool:
    return all(map(str.isascii, words))
