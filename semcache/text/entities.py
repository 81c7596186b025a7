"""Names in a text: capitalised words, words with digits, and well-known names however they are written."""

from __future__ import annotations

import re
from functools import cache

from semcache.text.tokens import stem
from semcache.text.units import UNITS
from semcache.text.words import STOP_WORDS, words

_CHUNK = re.compile(r"\S+")
#: Abbreviations that name no one: written in capitals or not, they are common nouns.
_COMMON_ACRONYMS = frozenset(
    "atm pin otp sms faq url api pdf id ok tv pc cpu gpu ram ssd hdd usb ai ml ui ux os it hr ceo cfo cto vat gst "
    "iban swift bic cvv cvc kyc aml apr apy roi etf ira llc sim nfc qr wifi vpn dns ip tcp udp http https sql json "
    "xml csv html css rest crud orm ide sdk cli gui regex async dna rna mri ct bmi bp ecg adhd ptsd copd uti std "
    "hiv ivf er gp dr mr mrs ms asap faqs diy eta tbd rsvp am pm usd eur gbp phd mba ba bsc msc gpa sat gre gmat "
    "toefl ielts i".split()
)
_NO_NAMES = STOP_WORDS | _COMMON_ACRONYMS | frozenset(UNITS)
#: Well-known names by class; a name swapped for another makes another question even in lower case.
_KNOWN = {
    "place": "afghanistan albania algeria argentina armenia australia austria azerbaijan bahamas bahrain bangladesh "
    "belarus belgium belize bhutan bolivia bosnia botswana brazil bulgaria cambodia cameroon canada chile "
    "china colombia croatia cuba cyprus denmark ecuador egypt estonia ethiopia fiji finland france germany "
    "ghana greece guatemala haiti honduras hungary iceland india indonesia iran iraq ireland israel italy "
    "jamaica japan jordan kazakhstan kenya kuwait laos latvia lebanon libya lithuania luxembourg malaysia "
    "maldives malta mauritius mexico moldova monaco mongolia montenegro morocco mozambique myanmar namibia "
    "nepal netherlands nicaragua nigeria norway oman pakistan panama paraguay peru philippines poland "
    "portugal qatar romania russia rwanda scotland senegal serbia singapore slovakia slovenia somalia "
    "spain sudan sweden switzerland syria taiwan tanzania thailand tibet tunisia turkey uganda ukraine "
    "uruguay usa uk uae uzbekistan venezuela vietnam wales yemen zambia zimbabwe europe asia africa "
    "antarctica hong_kong south_korea north_korea south_africa saudi_arabia sri_lanka costa_rica "
    "new_zealand schengen eu alabama alaska arizona arkansas california colorado connecticut delaware "
    "florida hawaii idaho illinois indiana iowa kansas kentucky louisiana maine maryland massachusetts "
    "michigan minnesota mississippi missouri montana nebraska nevada ohio oklahoma oregon pennsylvania "
    "tennessee texas utah vermont virginia wisconsin wyoming new_jersey new_mexico north_carolina "
    "south_carolina ontario quebec alberta bavaria catalonia sicily tuscany bali punjab kerala london "
    "paris berlin madrid rome lisbon vienna prague budapest warsaw amsterdam brussels copenhagen stockholm "
    "oslo helsinki dublin edinburgh glasgow manchester liverpool birmingham munich frankfurt hamburg "
    "cologne zurich geneva milan venice florence naples barcelona seville valencia porto athens istanbul "
    "ankara moscow kiev kyiv dubai doha abu riyadh cairo marrakech casablanca nairobi lagos johannesburg "
    "mumbai delhi bangalore chennai kolkata hyderabad pune goa karachi lahore dhaka colombo kathmandu "
    "bangkok phuket hanoi saigon jakarta manila seoul busan tokyo osaka kyoto beijing shanghai shenzhen "
    "guangzhou taipei sydney melbourne brisbane perth auckland wellington toronto vancouver montreal "
    "ottawa calgary new_york los_angeles san_francisco san_diego las_vegas chicago boston seattle houston "
    "dallas austin denver miami orlando atlanta philadelphia detroit portland minneapolis new_orleans "
    "honolulu heathrow gatwick jfk lax cancun tijuana bogota lima santiago buenos rio sao havana rome nice "
    "lyon marseille",
    "people": "german french spanish italian chinese japanese korean russian indian mexican canadian australian "
    "dutch swedish norwegian danish finnish polish turkish greek portuguese brazilian arabic arab thai "
    "vietnamese hindi english irish scottish swiss austrian israeli egyptian nigerian pakistani filipino "
    "indonesian",
    "company": "google microsoft apple amazon facebook meta netflix spotify uber lyft airbnb paypal venmo stripe "
    "visa mastercard samsung huawei xiaomi nokia sony lg dell hp lenovo asus acer intel amd nvidia ibm "
    "oracle salesforce sap adobe tesla toyota honda ford bmw audi mercedes volkswagen hyundai kia nissan "
    "walmart target costco ebay alibaba flipkart ikea nike adidas starbucks mcdonalds verizon tmobile "
    "vodafone comcast fedex dhl usps lufthansa ryanair easyjet emirates delta jetblue qantas hilton "
    "marriott hyatt chase citibank barclays hsbc santander revolut monzo wise fidelity vanguard schwab "
    "robinhood coinbase binance kraken openai anthropic american_express pfizer moderna astrazeneca "
    "linkedin twitter instagram tiktok snapchat whatsapp telegram reddit pinterest youtube quora discord "
    "slack zoom trello jira notion dropbox github gitlab bitbucket gmail outlook yahoo hotmail hulu "
    "disney expedia booking etsy shopify squarespace wordpress",
    "software": "windows linux ubuntu debian fedora macos ios android python java javascript typescript rust golang "
    "kotlin swift ruby php scala perl haskell react angular vue svelte django flask fastapi rails "
    "laravel spring express nodejs docker kubernetes terraform ansible jenkins mysql postgresql sqlite "
    "mongodb redis cassandra kafka rabbitmq elasticsearch nginx apache aws azure numpy pandas "
    "tensorflow pytorch keras chrome firefox safari excel powerpoint photoshop bash zsh powershell vim "
    "emacs vscode intellij eclipse pycharm npm yarn pip conda maven gradle webpack c++ c# bitcoin "
    "ethereum litecoin dogecoin iphone ipad macbook kindle playstation xbox nintendo chatgpt siri alexa",
    "medicine": "ibuprofen paracetamol aspirin naproxen amoxicillin penicillin azithromycin doxycycline metformin "
    "insulin lisinopril atorvastatin omeprazole sertraline fluoxetine prozac zoloft lexapro xanax "
    "valium adderall ritalin viagra warfarin prednisone gabapentin tramadol codeine morphine oxycodone "
    "losartan amlodipine levothyroxine cetirizine loratadine benadryl zyrtec claritin ozempic wegovy "
    "covid influenza malaria measles dengue ebola tuberculosis",
}  # fmt: skip
#: Known names that are ordinary words as well: they count only when swapped for another known name.
_AMBIGUOUS = frozenset(
    "turkey chile jordan nice china target chase visa swift rust ruby go express spring apple amazon orange delta "
    "meta wise notion zoom slack discord booking safari windows oracle shell excel flask vue react eclipse pip "
    "conda yarn maven intel kraken fidelity polish perth porto lima rio abu discover insulin covid influenza "
    "marriott english".split()
)


@cache
def known_names() -> dict[str, str]:
    """stem of a well-known name -> its class."""
    return {stem(name): kind for kind, names in _KNOWN.items() for name in names.split()}


@cache
def _sure_names() -> frozenset[str]:
    return frozenset(known_names()) - frozenset(map(stem, _AMBIGUOUS))


def names(text: str) -> frozenset[str]:
    """Stems of the words that are written like names: capitals inside a sentence, digits, several capitals."""
    if text.islower() or text.isupper():
        return frozenset()
    chunks = _CHUNK.findall(text.replace("¿", ". ").replace("¡", ". ") if "¿" in text or "¡" in text else text)
    capital = [chunk[:1].isupper() for chunk in chunks]
    if len(chunks) > 3 and sum(capital) > 0.7 * len(chunks):
        return frozenset()
    found: set[str] = set()
    for at, chunk in enumerate(chunks):
        if (capital[at] and (at and not chunks[at - 1].endswith((".", "?", "!", ":")))) or chunk[1:2].isupper():
            found.update(word for word in words(chunk) if word not in _NO_NAMES and not word.isdecimal())
    return frozenset(map(stem, found))


def swapped_names(
    first_only: frozenset[str], second_only: frozenset[str], first_names: frozenset[str], second_names: frozenset[str]
) -> tuple[str, str] | None:
    """The name in one text and what stands for it in the other ("" for nothing); None when the names agree.

    `first_only`, `second_only`: stems that only that text has; `first_names`, `second_names`: its `names`.
    """
    known, sure = known_names(), _sure_names()
    left = [word for word in first_only if word in known or word in first_names]
    right = [word for word in second_only if word in known or word in second_names]
    if left and right:
        return left[0], right[0]
    for one, written, facing in ((left, first_names, second_only), (right, second_names, first_only)):
        certain = [word for word in one if word in sure or word in written]
        if certain and not facing:
            return (certain[0], "") if one is left else ("", certain[0])
    return None
