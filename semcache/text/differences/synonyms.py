"""Words that may stand for each other in a question without changing what it asks."""

from __future__ import annotations

from functools import cache, lru_cache

from semcache.text.tokens import stem

_GROUPS = """
type kind sort types kinds
think believe consider feel opinion view
someone somebody one anyone person people everyone
via through using with by
best better good favorite top greatest finest
helpful beneficial useful good worthwhile
cracked broken shattered
service care support
skill ability talent
use benefit advantage purpose
significance importance meaning
wear dress
quit resign leave
live stay reside
girl woman lady
boy man guy
fix cure treat heal
cook make prepare
sad depressed unhappy down upset
happy glad cheerful
angry mad upset
scared afraid frightened
wallet purse
rule regulation law
college university school
exam test examination
start open found
short brief
change modify update alter edit adjust amend switch
reset recover restore retrieve reclaim regain
create make build set setup open generate start establish form write produce
delete remove erase clear drop deactivate close terminate eliminate rid uninstall
cancel terminate end stop abort revoke
buy purchase get order acquire obtain pay
begin start commence launch initiate
finish complete end conclude
fix repair resolve solve correct mend troubleshoot handle debug address deal
find locate get see discover look search lookup view check spot
show display view list see print present
check verify confirm validate see review inspect examine test monitor track
use utilize employ apply run
send transfer move wire transmit mail forward ship remit
receive get obtain gain collect accept
help assist support aid
contact reach call phone talk speak email message write chat
return bring send
ask request inquire query require
explain describe tell clarify define
learn study know understand
choose select pick decide opt
fast quick quickly rapid rapidly speedy swift soon
big large huge great
bigger larger greater
biggest largest greatest
smaller tinier
faster quicker
fastest quickest
easier simpler
small little tiny
good great fine decent nice well best ideal top optimal proper right
bad poor terrible awful harmful
cheap inexpensive affordable low
expensive costly pricey
cost price fee charge rate expense amount
fee charge cost commission
money cash fund funds
salary wage pay income compensation earnings
bill invoice statement
refund reimbursement repayment moneyback
reimburse refund repay
payment transaction transfer pay
trip journey travel vacation holiday tour visit
travel go fly visit
hotel accommodation lodging
car vehicle automobile auto
plane airplane aircraft flight
flight plane airline
luggage baggage bag bags suitcase
ticket booking reservation
book reserve schedule arrange
reservation booking
doctor physician gp
medicine medication drug meds pill tablet treatment
illness disease sickness condition
pain ache hurt sore discomfort
pregnant expecting pregnancy
child kid children kids
baby infant newborn
job work employment career position occupation
company business firm organization employer corporation
employee worker staff
customer client user
buy shop
shop store
house home property apartment
phone telephone cell handset
computer pc laptop
picture photo image photograph
movie film
error exception problem issue bug fault failure trouble mistake
problem issue trouble difficulty
crash fail break hang freeze
function method procedure routine
variable value
list array
dictionary dict hashmap map hash
loop iterate traverse
string text
file document
folder directory
code program script source
application program software tool
connect link attach join hook
install set setup add
update upgrade refresh
run execute start launch perform call invoke
convert transform turn change cast parse translate
join combine merge concatenate concat
split divide separate break
sort order arrange rank
count number total
compare contrast
difference differences distinction distinguish
best good top ideal optimal recommended
allow permit let enable authorize
allowed permitted able possible okay
avoid prevent stop
need require must have necessary
want wish like
happen occur
keep retain hold maintain
keep continue
increase raise boost improve grow
decrease reduce lower cut
reduce decrease lower cut minimize lessen
lose shed drop
lost missing misplaced
stolen robbed theft
broken damaged defective faulty
declined rejected refused denied
declined failed
card bankcard
bank banks
password passphrase credentials
email mail
address location
website site page webpage
account profile
subscription membership plan
plan package
delivery shipping shipment
arrive come deliver reach
late delayed overdue
wait waiting
long time
pending processing
activate enable start
works work function operate
country nation
city town
place location spot
area region zone
person people individual human
man men
woman women
way method approach technique means
steps procedure process instructions guide
reason cause
effect impact consequence influence
symptom sign signs
meaning mean definition
example sample instance
tip advice suggestion recommendation
advice guidance
limit maximum cap restriction
minimum least
insurance coverage policy
cover include pay
coverage cover
claim file
file submit
tax taxes
loan credit borrow lend
mortgage loan
interest rate
invest investing investment
stock share stocks shares
earn make gain
save saving
spend use
withdraw take
deposit put add
topup top recharge reload
balance amount
identity id identification
document paperwork
proof evidence documentation
eligible qualify entitled
apply application register
register signup enroll join
login access enter
login signin
access enter open
forget forgot lose
remember recall
eat consume have
drink consume have
take have use
dose dosage amount
exercise workout training
sleep rest
weight pounds
healthy good beneficial
dangerous harmful unsafe risky bad
safe okay fine secure harmless
common usual typical frequent
normal usual typical regular standard
important essential crucial significant vital
necessary required needed mandatory compulsory
easy simple
easiest simplest
hard difficult tough
new recent latest
old previous former
current present existing
last final
full complete whole entire
free complimentary
different another other alternative new
same identical equal
various multiple several many different
main primary chief
major main
really actually truly
usually normally typically generally
often frequently
about regarding concerning
approximately about around roughly
people folks everyone someone anyone you person
friend buddy
movie film
book novel
start begin
teach learn
write compose create
speak talk
smart intelligent clever
beautiful pretty
rich wealthy
famous popular
funny humorous
strange weird odd
annual yearly
automatic automatically
foreign international overseas abroad
abroad overseas internationally foreign
exchange swap trade convert conversion
exchange currency
replace substitute swap exchange change
replacement new
extra additional more
ship deliver send
parcel package
package order
order purchase
item product goods
goods items products
discount reduction
coupon voucher promo
gift present
agent representative
manager supervisor
meeting appointment
appointment booking
visit see go
hospital clinic
surgery operation
shot vaccine vaccination jab injection
vaccine vaccination
fever temperature
stomach belly abdomen tummy
throw vomit
rash irritation
query statement
table relation
column field
row record
key index
element item member entry value
length size
size length amount
empty blank
unique distinct
random arbitrary
duplicate copy repeated
copy duplicate clone
print output log display
read load open parse
save store write keep
remove strip trim
catch handle
throw raise
import load include
environment env
server machine host
request call
response reply answer
reply answer respond
answer response
thread process
wrong incorrect
correct right
true real
stop end quit halt kill
kill terminate stop end
leave quit exit
quit stop leave
seat spot
bus coach
train rail
trip flight
layover stopover
checkin check
passport travel
visa permit
permit license
rent lease hire
hire rent employ recruit
""".strip()


@cache
def _table() -> dict[str, frozenset[str]]:
    alike: dict[str, set[str]] = {}
    for line in _GROUPS.splitlines():
        members = {stem(word) for word in line.split()}
        for member in members:
            alike.setdefault(member, set()).update(members)
    return {word: frozenset(members) for word, members in alike.items()}


def synonymous(first: str, second: str) -> bool:
    """Whether two stems may stand for each other: listed, of one root, or one typing error apart."""
    return second in _table().get(first, ()) or _one_root(first, second)


@lru_cache(maxsize=65_536)
def _one_root(first: str, second: str) -> bool:
    shared = 0
    for a, b in zip(first, second, strict=False):
        if a != b:
            break
        shared += 1
    shorter, longer = sorted((len(first), len(second)))
    if shared >= 4 and shared >= 0.6 * longer:
        return True
    return shorter >= 5 and longer - shorter <= 1 and _one_edit(first, second)


def _one_edit(first: str, second: str) -> bool:
    """Whether one letter was added, dropped, replaced, or two neighbours swapped."""
    if len(first) == len(second):
        wrong = [at for at, (a, b) in enumerate(zip(first, second, strict=True)) if a != b]
        if len(wrong) == 2 and wrong[1] == wrong[0] + 1:
            return first[wrong[0]] == second[wrong[1]] and first[wrong[1]] == second[wrong[0]]
        return len(wrong) == 1
    short, long = sorted((first, second), key=len)
    return any(long[:at] + long[at + 1 :] == short for at in range(len(long)))
