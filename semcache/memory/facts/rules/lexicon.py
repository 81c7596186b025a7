"""Words that rules of fact extraction know: relations, animals, ailments, things, callings."""

from __future__ import annotations

RELATIONS = frozenset(
    "wife husband partner spouse girlfriend boyfriend fiance fiancé fiancee fiancée ex son daughter sons daughters "
    "kid kids child children baby babies twin twins triplets toddler mother mom mum mama father dad papa parents "
    "parent sister brother sisters brothers sibling siblings stepson stepdaughter stepfather stepmother stepbrother "
    "stepsister grandmother grandma granny grandfather grandpa grandparents grandson granddaughter grandchildren "
    "grandchild grandkids aunt uncle aunts uncles cousin cousins niece nephew nieces nephews mother-in-law "
    "father-in-law brother-in-law sister-in-law son-in-law daughter-in-law in-laws flatmate roommate housemate friend "
    "colleague coworker neighbour neighbor boss".split()
) | {"other half"}
KIN = RELATIONS - frozenset("ex flatmate roommate housemate friend colleague coworker neighbour neighbor boss".split())
PETS = frozenset(
    "dog dogs puppy puppies cat cats kitten kittens rabbit rabbits bunny hamster hamsters parrot parrots budgie "
    "budgies canary horse horses pony ponies tortoise turtle turtles goldfish snake gecko lizard ferret ferrets "
    "guinea chicken chickens hen hens goat goats sheep donkey labrador retriever beagle greyhound poodle dachshund "
    "terrier spaniel collie corgi bulldog pug shepherd husky rottweiler whippet cockatiel chinchilla rat rats pet "
    "pets pup mutt".split()
) | {"guinea pig", "guinea pigs"}
AILMENTS = frozenset(
    "diabetes asthma dementia arthritis migraine migraines epilepsy anxiety depression adhd autism dyslexia eczema "
    "psoriasis hypertension tinnitus insomnia cancer lupus crohn crohn's celiac coeliac ibs endometriosis "
    "fibromyalgia anemia anaemia hepatitis parkinson parkinson's sciatica scoliosis osteoporosis glaucoma vertigo "
    "gout copd hiv ptsd ocd bronchitis hayfever tendonitis hernia concussion pacemaker covid pneumonia thyroid".split()
) | {"blood pressure", "hay fever", "high blood pressure", "low blood pressure"}
BODY = (
    r"arm|leg|wrist|ankle|knee|hip|foot|toe|finger|thumb|hand|shoulder|elbow|collarbone|rib|ribs|back|neck|nose|jaw"
    r"|tooth|hamstring|achilles|meniscus|acl|heart|eye"
)
STATES_OF_HEALTH = (
    r"pregnant|diabetic|c(?:o)?eliac|asthmatic|epileptic|colou?r[- ]?blind|blind|deaf|hard of hearing|autistic|dyslexic"
    r"|ana?emic|bipolar|h(?:a)?emophiliac|immunocompromised|arthritic|insulin[- ]dependent|disabled|in a wheelchair"
    r"|hiv positive|neurodivergent"
)
DIETS = (
    r"vegan|vegetarian|pescatarian|pescetarian|veggie|flexitarian|keto|on (?:a|the) (?:keto|low[- ]carb"
    r"|gluten[- ]free|vegan|paleo|mediterranean) diet|halal|kosher"
)
FOODS = (
    r"gluten|dairy|lactose|peanuts?|nuts?|tree nuts|shellfish|seafood|fish|eggs?|soy|soya|wheat|milk|strawberries"
    r"|kiwis?|pork|beef|meat|sesame|celery|mustard|alcohol|sugar|spicy food|onions?|garlic|tomatoes|mushrooms?"
)
THINGS = frozenset(
    "car van bike bicycle motorbike motorcycle scooter truck boat yacht caravan campervan camper tesla house flat "
    "apartment condo cottage cabin farm garden allotment phone smartphone iphone laptop computer pc macbook tablet "
    "ipad tv television camera drone printer console playstation xbox kindle smartwatch guitar piano violin viola "
    "cello drum drums trumpet saxophone keyboard synth telescope kayak canoe surfboard snowboard skis tent sewing "
    "dishwasher dryer fridge freezer oven e-bike ebike e-scooter trailer tractor pool sauna greenhouse aquarium "
    "subscription membership licence license boiler heat pump motorhome convertible suv hatchback wagon".split()
)
CALLINGS = frozenset(
    "nurse chef cook pilot lawyer attorney judge clerk mechanic architect accountant dentist vet surgeon gp physician "
    "therapist physiotherapist physio pharmacist midwife paramedic carpenter plumber electrician welder mason "
    "bricklayer painter decorator farmer gardener florist baker butcher barista waiter waitress bartender "
    "receptionist secretary assistant manager director ceo cto cfo founder cofounder co-founder engineer developer "
    "programmer designer analyst scientist researcher professor lecturer teacher tutor student apprentice intern "
    "trainee postdoc phd consultant contractor freelancer journalist writer author editor translator interpreter "
    "photographer artist actor actress musician singer drummer composer producer dj dancer coach trainer librarian "
    "archivist curator historian economist banker broker trader auditor cashier salesman saleswoman salesperson "
    "realtor driver courier postman policeman policewoman officer firefighter soldier sailor captain fisherman "
    "politician mayor priest pastor rabbi imam monk nun tailor hairdresser barber beautician cleaner janitor "
    "housewife househusband homemaker babysitter nanny caregiver carer psychologist psychiatrist counselor counsellor "
    "biologist chemist physicist mathematician statistician geologist astronomer meteorologist sysadmin admin "
    "administrator technician operator supervisor foreman head principal dean headteacher headmaster sommelier "
    "jeweller jeweler potter blacksmith locksmith optician radiographer hygienist surveyor planner strategist "
    "marketer copywriter recruiter pensioner retiree landlord entrepreneur streamer youtuber blogger".split()
)
CALLING_ENDINGS = tuple("ologist ographer ician woodworker worker keeper maker smith wright specialist ist".split())
NO_CALLINGS = frozenset(
    "pianist-wannabe optimist pessimist realist perfectionist tourist feminist cyclist motorist list twist mist exist "
    "fist wrist artist-at-heart idealist nudist activist minimalist purist racist sexist beginner alarmist hobbyist "
    "exhibitionist completionist atheist baptist buddhist methodist".split()
)
LANGUAGES = frozenset(
    "english german french spanish italian portuguese dutch polish russian ukrainian czech slovak hungarian romanian "
    "bulgarian greek turkish arabic hebrew farsi persian hindi urdu bengali punjabi tamil telugu mandarin cantonese "
    "chinese japanese korean vietnamese thai indonesian malay tagalog swahili yoruba igbo hausa amharic zulu "
    "afrikaans swedish norwegian danish finnish icelandic estonian latvian lithuanian croatian serbian bosnian "
    "slovenian slovene albanian irish welsh gaelic catalan basque galician esperanto latin twi".split()
)
NATIONALITIES = frozenset(
    "german french spanish italian portuguese dutch polish russian ukrainian czech slovak hungarian romanian "
    "bulgarian greek turkish israeli iranian indian pakistani bangladeshi chinese japanese korean vietnamese thai "
    "indonesian malaysian filipino swedish norwegian danish finnish icelandic croatian serbian irish welsh scottish "
    "english british american canadian mexican brazilian argentinian chilean colombian peruvian cuban nigerian "
    "ghanaian kenyan ethiopian egyptian moroccan tunisian algerian australian swiss austrian belgian latvian "
    "lithuanian estonian lebanese syrian iraqi afghan jamaican".split()
)
# Words after "I'm" that are written with a capital and are no names.
NO_NAMES = frozenset(
    "i ok okay yes no not sorry sure happy sad glad good great fine well here back there done ready late early busy "
    "free new old tired hungry sick ill trying looking going having using getting just so very really still also now "
    "a an the in on at from with writing calling interested curious afraid confused excited worried wondering asking "
    "christian muslim jewish catholic buddhist hindu thinking planning monday tuesday wednesday thursday friday "
    "saturday sunday january february march april may june july august september october november december hello hi "
    "hey thanks thank morning english it this that all only both home always never hoping waiting currently vegan "
    "vegetarian pregnant married single engaged divorced retired unemployed diabetic into over under about like more "
    "less too in-between half part left right my your his her their out off up down being doing working living moving "
    "lost stuck broken allergic fond aware able unable due against definitely probably honestly totally".split()
)
