"""The words that Canadian addresses are spelt with: street types, directions, units, floors, provinces."""

from __future__ import annotations

LONG_TYPES = {
    "aly": "alley", "av": "avenue", "ave": "avenue", "blvd": "boulevard", "boul": "boulevard",
    "cir": "circle", "circ": "circle", "cl": "close", "ct": "court", "crt": "court", "cres": "crescent",
    "crcs": "crescent", "cr": "crescent", "dr": "drive", "esp": "esplanade", "expy": "expressway",
    "gdn": "gardens", "gdns": "gardens", "gt": "gate", "grv": "grove", "hts": "heights", "hwy": "highway",
    "ln": "lane", "lndg": "landing", "mnr": "manor", "mt": "mount", "pk": "park", "pkwy": "parkway",
    "pky": "parkway", "pl": "place", "plz": "plaza", "pt": "point", "rd": "road", "rdge": "ridge",
    "rte": "route", "sdrd": "sideroad", "sq": "square", "st": "street", "str": "street", "ter": "terrace",
    "terr": "terrace", "trl": "trail", "twp": "township", "vw": "view", "wy": "way", "wk": "walk",
    "xing": "crossing",
}  # fmt: skip
TYPES = frozenset(LONG_TYPES.values()) | frozenset(
    "bay bend chase common concession cove hill hollow line link mews pass path promenade quay rise row run "
    "vale villas wood".split()
)
# French puts the type first: "12, rue de l'Exemple".
FRENCH_TYPES = {
    "rue": "rue", "boul": "boulevard", "boulevard": "boulevard", "blvd": "boulevard", "av": "avenue",
    "ave": "avenue", "avenue": "avenue", "ch": "chemin", "chemin": "chemin", "place": "place",
    "allee": "allee", "croissant": "croissant", "cote": "cote", "montee": "montee", "rang": "rang",
    "route": "route", "impasse": "impasse", "carre": "carre", "square": "square", "terrasse": "terrasse",
}  # fmt: skip
DIRECTIONS = {
    "n": "n", "north": "n", "nord": "n", "s": "s", "south": "s", "sud": "s",
    "e": "e", "east": "e", "est": "e", "w": "w", "west": "w", "ouest": "w",
    "ne": "ne", "northeast": "ne", "nw": "nw", "northwest": "nw",
    "se": "se", "southeast": "se", "sw": "sw", "southwest": "sw",
}  # fmt: skip
LONG_DIRECTIONS = {
    "n": "north", "s": "south", "e": "east", "w": "west",
    "ne": "northeast", "nw": "northwest", "se": "southeast", "sw": "southwest",
}  # fmt: skip
# Roads that are numbered: what follows is the road's number, not a unit.
NUMBERED_ROADS = (
    ("county", "road"), ("regional", "road"), ("region", "road"), ("concession", "road"),
    ("township", "road"), ("range", "road"), ("rural", "route"), ("highway",), ("concession",), ("line",),
    ("sideroad",), ("rr",), ("route",), ("road",), ("con", "road"), ("con",), ("conc", "road"), ("conc",),
)  # fmt: skip
CONCESSIONS = frozenset({"concession", "con", "conc"})
UNIT_WORDS = frozenset("unit suite ste apt apartment app appartement bureau no rm room lot".split())
# These belong to the unit's own name: "PH 2" is not "2".
UNIT_KINDS = {"ph": "ph", "penthouse": "ph", "lph": "lph", "th": "th", "townhouse": "th", "townhome": "th"}
FLOORS = {
    "bsmt": "basement", "bsmnt": "basement", "basement": "basement", "soussol": "basement",
    "lower": "lower", "lwr": "lower", "low": "lower", "upper": "upper", "upr": "upper", "uppr": "upper",
    "main": "main", "mn": "main", "ground": "ground", "grnd": "ground", "second": "second", "2nd": "second",
    "third": "third", "3rd": "third", "rear": "rear", "front": "front",
}  # fmt: skip
FLOOR_FILLERS = frozenset("floor level flr fl unit apt apartment suite".split())
PROVINCES = frozenset(
    "on ontario qc quebec bc ab alberta mb manitoba sk saskatchewan ns nb nl pe nt nu yt ca canada".split()
)
