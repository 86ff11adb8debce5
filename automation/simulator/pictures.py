"""Drawn houses: a listing's photo, made from its id, and the tiles of the sign-in's puzzle. Pure."""

from __future__ import annotations

import hashlib

PUZZLE_TILES = 6


def puzzle_answer(seed: str) -> frozenset[int]:
    """Which tiles of a puzzle, counted from 0, show a house with a red door: two or three of them."""
    order = sorted(range(PUZZLE_TILES), key=lambda tile: hashlib.sha256(f"{seed} {tile}".encode()).digest())
    return frozenset(order[: 2 + hashlib.sha256(seed.encode()).digest()[0] % 2])


def puzzle_tile(seed: str, tile: int) -> str:
    """An SVG picture of a house whose door is red in the tiles that are to be picked, else blue."""
    return house(f"{seed}/{tile}", door_colour="#d11f2a" if tile in puzzle_answer(seed) else "#2456b8")


def house(listing_id: str, *, door_colour: str = "") -> str:
    """An SVG picture, always the same for the same id."""
    seed = hashlib.sha256(listing_id.encode()).digest()
    wall, roof, sky = seed[0] * 360 // 256, seed[1] * 360 // 256, 195 + seed[2] % 25
    tall, left = 150 + seed[3] % 60, 120 + seed[4] % 60
    width = 300 + seed[5] % 80
    top, right = 400 - tall, left + width
    windows = "".join(
        f'<rect x="{left + 30 + n * (width - 60) // 3}" y="{top + 30}" width="52" height="46" fill="#dceaf5"'
        ' stroke="#fff" stroke-width="6"/>'
        for n in range(3)
    )
    door = left + 40 + seed[6] % max(1, width - 130)
    door_colour = door_colour or f"hsl({roof} 38% 30%)"
    tree = 60 if seed[7] % 2 else right + 70
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 480" preserveAspectRatio="xMidYMid slice">'
        f'<defs><linearGradient id="s" x2="0" y2="1"><stop stop-color="hsl({sky} 62% 74%)"/>'
        f'<stop offset="1" stop-color="hsl({sky} 60% 92%)"/></linearGradient></defs>'
        '<rect width="640" height="480" fill="url(#s)"/><circle cx="540" cy="90" r="38" fill="#fff7d6"/>'
        f'<path d="M0 400Q160 372 320 396T640 386V480H0Z" fill="hsl({100 + seed[8] % 30} 32% 52%)"/>'
        f'<rect x="{left}" y="{top}" width="{width}" height="{tall}" fill="hsl({wall} 22% 78%)"/>'
        f'<path d="M{left - 26} {top}L{(left + right) // 2} {top - 90 - seed[9] % 40}L{right + 26} {top}Z"'
        f' fill="hsl({roof} 24% 36%)"/>{windows}'
        f'<rect x="{door}" y="{400 - 78}" width="46" height="78" rx="3" fill="{door_colour}"/>'
        f'<circle cx="{door + 38}" cy="{400 - 38}" r="3" fill="#f2d27a"/>'
        f'<rect x="{tree - 6}" y="330" width="12" height="76" fill="#7a5a3c"/>'
        f'<circle cx="{tree}" cy="300" r="52" fill="hsl({120 + seed[10] % 30} 30% 42%)"/>'
        f'<circle cx="{tree + 26}" cy="322" r="34" fill="hsl({120 + seed[10] % 30} 32% 48%)"/></svg>'
    )
