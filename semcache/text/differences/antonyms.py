"""Words that exclude each other: antonyms, and members of one set (weekly / monthly, credit / debit, beef / pork)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache, lru_cache

from semcache.text.tokens import stem

#: Two words a line would be long: pairs separated by commas.
_PAIRS = """
on off, in out, with without, before after, over under, up down, upper lower, above below, inside outside, front back,
front rear, top bottom, left right, forward backward, forward reverse, forwards backwards, open close, opened closed,
openings closings, open shut, start stop, start end, start finish, begin end, beginning end, enable disable,
activate deactivate, activation deactivation, increase decrease, increase reduce, raise lower, raise reduce,
raise drop, rise fall, rising falling, grow shrink, expand shrink, expand collapse, expand contract, extend shorten,
extend reduce, lengthen shorten, widen narrow, high low, higher lower, highest lowest, maximum minimum, max min,
maximize minimize, more less, more fewer, most least, many few, much little, buy sell, buying selling, buyer seller,
purchase sell, buy rent, buy lease, rent own, good bad, better worse, best worst, big small, large small,
larger smaller, bigger smaller, largest smallest, biggest smallest, long short, longer shorter, longest shortest,
fast slow, faster slower, fastest slowest, quick slow, quickly slowly, speed slow, accelerate slow, hot cold, warm cool,
warm cold, hotter colder, heat cool, heating cooling, old new, oldest newest, young old, younger older, early late,
earlier later, earliest latest, first last, oldest latest, true false, right wrong, correct wrong, correct incorrect,
legal illegal, safe dangerous, safe unsafe, possible impossible, valid invalid, visible invisible, visible hidden,
show hide, reveal hide, import export, imports exports, upload download, uploading downloading, login logout,
signup login, register unregister, send receive, sending receiving, sender recipient, sender receiver, lend borrow,
lender borrower, loan borrow, give receive, push pull, push pop, add remove, add delete, add subtract,
insert delete, insert remove, create delete, create destroy, create drop, make delete, install uninstall, lock unlock,
mute unmute, subscribe unsubscribe, connect disconnect, attach detach, link unlink, pair unpair, encrypt decrypt,
encode decode, serialize deserialize, compress decompress, zip unzip, pack unpack, mount unmount, wrap unwrap,
deposit withdraw, deposit withdrawal, top withdraw, fund withdraw, credit debit, debit credit, arrive depart,
arrival departure, arrivals departures, arrive leave, arriving departing, arrive departure, arriving leaving,
land takeoff, win lose, gain lose, gain loss, profit loss, gains losses, gained lost, love hate, like dislike,
likes dislikes, male female, man woman, men women, boy girl, boys girls, husband wife, mother father, mom dad,
brother sister, son daughter, uncle aunt, nephew niece, king queen, day night, morning evening, morning night,
day evening, am pm, summer winter, next previous, next last, past future, positive negative, pros cons,
advantages disadvantages, advantage disadvantage, benefits risks, benefit risk, benefits drawbacks, benefit drawback,
strengths weaknesses, strength weakness, public private, internal external, input output, inbound outbound,
incoming outgoing, inflow outflow, read write, reading writing, ascending descending, horizontal vertical,
horizontally vertically, row column, rows columns, rich poor, cheap expensive, cheapest expensive, cheaper expensive,
cheapest priciest, hard easy, difficult easy, hard soft, harder easier, hardest easiest, simple complex, weak strong,
weaker stronger, wet dry, full empty, fill empty, alive dead, live dead, live die, birth death, always never,
include exclude, including excluding, inclusive exclusive, include except, including except, accept reject,
accept decline, accept refuse, accept deny, accepted declined, approve deny, approve reject, approval rejection,
approve decline, allow block, allow deny, allow forbid, allow prevent, allow prohibit, allowed banned,
allowed forbidden, allowed prohibited, permitted prohibited, permitted forbidden, permit prohibit, grant revoke,
grant deny, whitelist blacklist, allowlist blocklist, ban allow, ban unban, block unblock, pass fail, passed failed,
success failure, succeed fail, successful failed, successful unsuccessful, same different, similar different,
single married, single joint, individual joint, single double, single multiple, married divorced, married single,
marry divorce, sync async, synchronous asynchronous, serial parallel, sequential parallel, client server,
frontend backend, local remote, local global, static dynamic, mutable immutable, public protected, signed unsigned,
weekday weekend, weekdays weekends, hire fire, hired fired, join leave, enter exit, enter leave, entry exit,
entrance exit, freeze unfreeze, freeze thaw, pin unpin, accurate inaccurate, relevant irrelevant,
domestic international, domestic foreign, national international, local international, local foreign,
virtual physical, online offline, online instore, lose find, lost found, hide find, save delete, save spend,
save load, keep remove, keep delete, keep discard, keep sell, keep cancel, keep return, fresh frozen, fresh stale,
raw cooked, healthy unhealthy, healthy sick, happy sad, normal abnormal, benign malignant, acute chronic, mild severe,
oral topical, inhale exhale, contagious harmless, tighten loosen, tight loose, thick thin, heavy light,
heavier lighter, wide narrow, deep shallow, dark light, darker lighter, bright dark, loud quiet, louder quieter,
clean dirty, smooth rough, sweet sour, sharp dull, turn straight, odd even, even uneven, prefix suffix, head tail,
parent child, ancestor descendant, superclass subclass, superset subset, minor adult, minor major, child adult,
children adults, kids adults, senior junior, employee employer, employees employers, landlord tenant, teacher student,
doctor patient, doctor nurse, driver passenger, host guest, winner loser, attack defend, attack defense,
offense defense, guilty innocent, plaintiff defendant, gross net, asset liability, assets liabilities,
revenue expense, income expense, income expenses, income spending, payable receivable, creditor debtor, bull bear,
bullish bearish, long short, call put, taxable deductible, taxable exempt, taxed exempt, fixed variable,
fixed floating, prepaid postpaid, paid unpaid, paid free, free premium, secured unsecured, voluntary involuntary,
voluntary mandatory, mandatory optional, required optional, compulsory optional, obligatory optional,
permanent temporary, renew cancel, renewal cancellation, renew terminate, cancel confirm,
cancel continue, cancel keep, cancel reactivate, cancel reinstate, cancel book, cancel place, cancel resume,
cancel start, cancel subscribe, cancellation booking, book cancel, pause resume, pause continue, suspend resume,
suspend reactivate, suspend restore, upgrade downgrade, update rollback, commit rollback, commit revert, merge split,
merge branch, join split, combine separate, combine split, concatenate split, append prepend, indent dedent,
escape unescape, load unload, lossy lossless, stateful stateless, relational nonrelational, authenticated anonymous,
tourist resident, business leisure, business economy, business personal, personal corporate, personal commercial,
residential commercial, direct indirect, direct connecting, nonstop connecting, aisle window,
oneway roundtrip, outbound return, pickup dropoff, pickup delivery, collect deliver, ship return, shipping return,
shipped returned, refund charge, refunded charged, refund exchange, overcharge undercharge, overpaid underpaid,
overpay underpay, overweight underweight, hyper hypo, hypertension hypotension, hyperglycemia hypoglycemia,
hyperthyroidism hypothyroidism, systolic diastolic, bacterial viral, generic branded,
optimist pessimist, optimistic pessimistic, native foreign, immigrant emigrant, immigrate emigrate, east west,
north south, northern southern, eastern western, clockwise counterclockwise, major minor, primary secondary,
ancient modern, conservative liberal, republican democrat, left right, pro anti, friend enemy,
war peace, reward punish, praise criticize, remember forget, encourage discourage, attract repel, create prevent,
cause prevent, cause cure, cause treat, causes cures, symptoms causes, symptom cause, symptoms treatment,
symptoms treatments, symptom treatment, causes treatment, causes treatments, cause treatment, causes symptoms,
advance retreat, appear disappear, agree disagree, trust distrust, comfort discomfort,
order return, order cancel, placed cancelled, send cancel, everyone nobody, everything nothing, both neither,
all none, any none, each neither, already yet, often rarely, frequently rarely, usually rarely,
if unless, because despite, above under, near far, nearest farthest, stay leave, stay go,
wake sleep, sit stand, sit lie, laugh cry, whisper shout, teach learn,
publish unpublish, follow unfollow, friend unfriend, check uncheck, select deselect, undo redo,
archive unarchive, archive restore, delete restore, delete recover, delete keep, remove restore, close reopen,
close keep, earn spend, earn lose, earn pay, pay receive, payer payee, income outcome, supply demand,
import export, inflation deflation, appreciate depreciate, appreciation depreciation, surplus deficit, premium discount,
wholesale retail, employed unemployed, employment unemployment, uppercase lowercase, upper lowercase,
solid liquid, liquid gas, solute solvent, acid base, acidic alkaline, conductor insulator, series parallel,
male female, masculine feminine, plural singular, noun verb, vowel consonant, odd even, prime composite,
rational irrational, finite infinite, convex concave, interior exterior, indoor outdoor, indoors outdoors,
urban rural, tall short, taller shorter, tallest shortest, fat thin, lose gain, losing gaining, burn gain,
introvert extrovert, formal informal, formal casual, manual automatic, manually automatically, digital analog,
wired wireless, vegan meat, vegetarian meat, exclude contain, above beneath, ahead behind,
accompanied unaccompanied, departure return, checkin checkout, enroll withdraw, enroll drop, admit discharge,
admission discharge, inpatient outpatient, prenatal postnatal, before during, during after, fasting eating
"""
#: Sets of which a question names one: swapping the member changes the question.
_SETS = """
today tomorrow yesterday tonight
spring summer autumn winter
breakfast lunch dinner supper brunch
hourly daily weekly monthly quarterly yearly
this next last previous
red orange yellow green blue purple black white brown pink gray gold silver platinum bronze
credit debit prepaid gift
checking savings brokerage
mastercard visa amex discover
paypal venmo zelle cashapp stripe klarna
iphone android ipad macbook chromebook
windows mac macos linux ubuntu android ios
chrome firefox safari edge opera
flight hotel train bus car cruise ferry taxi
dog cat horse rabbit hamster bird fish
beef pork chicken lamb turkey fish shrimp salmon tuna
coffee tea milk juice beer wine water soda
list tuple dictionary set array string integer float boolean double character
python java javascript typescript ruby rust golang kotlin swift php scala perl c++ c# haskell elixir r c
react angular vue svelte
mysql postgresql postgres sqlite oracle mongodb redis cassandra mariadb dynamodb
aws azure gcp
docker kubernetes
django flask fastapi rails laravel spring
git svn mercurial
merge rebase cherry squash
json xml csv yaml pdf excel html
http https ftp sftp ssh
tcp udp
get post put patch delete
push pull fetch clone
stack queue heap tree graph
bubble merge quick heap insertion selection
encrypt hash
stdin stdout stderr
left inner outer right full cross
ibuprofen acetaminophen paracetamol aspirin naproxen tylenol advil aleve
amoxicillin penicillin azithromycin doxycycline ciprofloxacin
insulin metformin
xanax valium zoloft prozac lexapro adderall
flu cold covid pneumonia bronchitis asthma
diabetes hypertension cancer asthma arthritis depression anxiety migraine
heart lung kidney liver brain stomach skin
knee shoulder hip back neck ankle wrist elbow foot hand
eye ear nose throat
calcium magnesium iron zinc potassium sodium vitamin
protein carbohydrate fat fiber sugar
roth traditional
stock bond fund etf option future crypto
stocks bonds funds etfs options futures crypto
bitcoin ethereum litecoin dogecoin
mortgage auto student personal payday
home auto car life health travel renters pet dental vision
life health dental vision disability
hmo ppo epo
federal state local
resident nonresident
lease buy rent
dividend interest
apr apy
single married divorced widowed separated
infant toddler child teenager adult senior
baby toddler teenager adult
bachelor master doctorate phd
undergraduate graduate
passport visa license
economy business first
king queen twin double
monday tuesday wednesday thursday friday saturday sunday
jan feb mar apr jun jul aug sep oct nov dec
north south east west
mother father sister brother son daughter aunt uncle grandmother grandfather wife husband
mars venus jupiter saturn mercury neptune uranus pluto moon sun earth
english spanish french german italian portuguese chinese japanese korean arabic russian hindi dutch
christian muslim jewish hindu buddhist
password username email phone address name pin
billing shipping
invoice quote receipt
morning afternoon evening night
pregnant breastfeeding
symptoms causes treatment prevention diagnosis
adult child senior student
"""
_DENYING = ("un", "in", "im", "ir", "il", "dis", "non", "de", "anti", "mis")
_SHORTEST_DENIED = 3  # letters of the word behind the prefix


@cache
def _table() -> dict[str, frozenset[str]]:
    opposites: dict[str, set[str]] = {}

    def oppose(first: str, second: str) -> None:
        a, b = stem(first), stem(second)
        if a != b:
            opposites.setdefault(a, set()).add(b)
            opposites.setdefault(b, set()).add(a)

    for pair in _PAIRS.replace("\n", " ").split(","):
        oppose(*pair.split())
    for line in _SETS.strip().splitlines():
        members = line.split()
        for position, first in enumerate(members):
            for second in members[position + 1 :]:
                oppose(first, second)
    return {word: frozenset(others) for word, others in opposites.items()}


def opposites(stemmed: str) -> frozenset[str]:
    """The stems that exclude a stem."""
    return _table().get(stemmed, frozenset())


def opposed(first: Iterable[str], second: Iterable[str]) -> tuple[str, str] | None:
    """A stem of `first` and one of `second` that exclude each other; give only the words the texts do not share.

    Linear in the number of words: each is looked up among the others, with and without its prefix.
    """
    others = frozenset(second)
    if not others:
        return None
    return next(((word, other) for word in first for other in _excluding(word) if other in others), None)


@lru_cache(maxsize=4_096)
def _excluding(word: str) -> tuple[str, ...]:
    """What excludes a stem: by the table, and by a prefix; the same few stems are asked about all the time."""
    return (*_table().get(word, ()), *_with_other_prefix(word))


def _with_other_prefix(word: str) -> Iterator[str]:
    """The word denied by a prefix, and what it denies by its own: agree -> disagree, unsafe -> safe."""
    if len(word) >= _SHORTEST_DENIED:
        yield from (prefix + word for prefix in _DENYING)
    for prefix in _DENYING:
        if word.startswith(prefix) and len(word) - len(prefix) >= _SHORTEST_DENIED:
            yield word.removeprefix(prefix)
