"""Units and currencies: their names, dimension and size, so that "5 km" equals "5,000 metres"."""

from __future__ import annotations

from typing import NamedTuple


class Unit(NamedTuple):
    """A unit: `size` is how many of the dimension's base units it is; `name` is shown to people."""

    dimension: str
    size: float
    name: str


_TABLE = """
length  0.001 millimetre: mm millimetre millimetres millimeter millimeters
length  0.01 centimetre: cm centimetre centimetres centimeter centimeters
length  1 metre: metre metres meter meters mtr
length  1000 kilometre: km kms kilometre kilometres kilometer kilometers
length  0.0254 inch: inch inches
length  0.3048 foot: ft foot feet
length  0.9144 yard: yd yard yards
length  1609.344 mile: mi mile miles
mass    0.001 milligram: mg milligram milligrams
mass    0.000001 microgram: mcg microgram micrograms
mass    1 gram: gram grams gramme grammes gm
mass    1000 kilogram: kg kgs kilo kilos kilogram kilograms kilogramme
mass    28.3495 ounce: oz ounce ounces
mass    453.592 pound: lb lbs
mass    1000000 tonne: tonne tonnes
mass    907184.74 ton: ton tons
time    0.001 millisecond: ms millisecond milliseconds msec
time    1 second: sec secs seconds
time    60 minute: min mins minute minutes
time    3600 hour: hr hrs hour hours hourly
time    86400 day: day days daily
time    604800 week: week weeks weekly wk wks
time    1209600 fortnight: fortnight fortnights fortnightly biweekly
time    2629800 month: month months monthly mth mths
time    7889400 quarter: quarterly
time    31557600 year: year years yearly annual annually annum yr yrs
time    315576000 decade: decade decades
volume  0.001 millilitre: ml millilitre millilitres milliliter milliliters
volume  1 litre: litre litres liter liters ltr
volume  3.78541 gallon: gallon gallons
volume  0.24 cup: cup cups
volume  0.0148 tablespoon: tbsp tablespoon tablespoons
volume  0.0049 teaspoon: tsp teaspoon teaspoons
volume  0.473 pint: pint pints
data    1 byte: byte bytes
data    1000 kilobyte: kb kilobyte kilobytes
data    1000000 megabyte: mb megabyte megabytes
data    1000000000 gigabyte: gb gig gigs gigabyte gigabytes
data    1000000000000 terabyte: tb terabyte terabytes
bits    1 bit: bit bits
bits    1000000 megabit: mbps mbit megabit megabits
bits    1000000000 gigabit: gbps gbit gigabit gigabits
temperature-c 1 celsius: celsius centigrade
temperature-f 1 fahrenheit: fahrenheit
temperature-k 1 kelvin: kelvin
temperature 1 degree: ° degree degrees
speed   1 km/h: kmh kph kmph
speed   1.609344 mph: mph
energy  1 kilocalorie: kcal kilocalorie kilocalories calorie calories cal
energy  0.239 kilojoule: kj kilojoule kilojoules
share   1 percent: % percent percentage pct
area    1 square metre: sqm
area    0.092903 square foot: sqft
area    4046.86 acre: acre acres
area    10000 hectare: hectare hectares
currency-usd 1 dollar: $ dollar dollars usd buck bucks
currency-eur 1 euro: € euro euros eur
currency-gbp 1 pound sterling: £ pound pounds gbp quid sterling
currency-jpy 1 yen: ¥ yen jpy
currency-inr 1 rupee: ₹ rupee rupees inr rs
currency-chf 1 franc: chf franc francs
currency-cny 1 yuan: cny rmb yuan renminbi
currency-cad 1 canadian dollar: cad
currency-aud 1 australian dollar: aud
currency-krw 1 won: krw
currency-sek 1 krona: sek krona kronor
currency-pln 1 zloty: pln zloty
currency-mxn 1 peso: mxn peso pesos
currency-brl 1 real: brl reais
currency-btc 1 bitcoin: btc bitcoin bitcoins
currency-eth 1 ether: eth ether
cents   1 cent: cent cents pence
"""


def _read() -> dict[str, Unit]:
    units: dict[str, Unit] = {}
    for line in _TABLE.strip().splitlines():
        head, _, written = line.partition(":")
        dimension, size, *name = head.split()
        for word in written.split():
            units[word] = Unit(dimension, float(size), " ".join(name))
    return units


#: word -> unit
UNITS = _read()
#: Too short to mean a unit unless a number stands before it: "5 m", "10 g", "30 in".
AFTER_NUMBER = {
    "m": Unit("length", 1.0, "metre"),
    "g": Unit("mass", 1.0, "gram"),
    "l": Unit("volume", 1.0, "litre"),
    "h": Unit("time", 3600.0, "hour"),
    "s": Unit("time", 1.0, "second"),
    "second": Unit("time", 1.0, "second"),
    "d": Unit("time", 86_400.0, "day"),
    "quarter": Unit("time", 7_889_400.0, "quarter"),
    "quarters": Unit("time", 7_889_400.0, "quarter"),
    "c": Unit("temperature-c", 1.0, "celsius"),
    "f": Unit("temperature-f", 1.0, "fahrenheit"),
    "p": Unit("cents", 1.0, "cent"),
}


def is_currency(unit: Unit) -> bool:
    return unit.dimension.startswith("currency")


def family(unit: Unit) -> str:
    """What a unit competes with: all currencies are one family, all temperatures another."""
    return unit.dimension.partition("-")[0]
