"""Ways to damage a file; the same seed, the same damage."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

TELLING_VALUES = (0, 1, 2, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1)
BOXES_OF_BOXES = frozenset(
    (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"dinf", b"edts", b"moof", b"traf", b"mvex")
)
FIELDS_OF_A_BOX = 32
"""How many numbers of 32 bits at a box's beginning are worth an overwriting."""

HEAD_BYTES = 4096

Mutation = Callable[[bytearray, random.Random], None]


def mutated(content: bytes, seed: str) -> tuple[bytes, str]:
    """One to three mutations of a file, and their names."""
    chance = random.Random(seed)
    damaged = bytearray(content)
    chosen = chance.choices(MUTATIONS, k=chance.choice((1, 1, 2, 3)))
    for mutation in chosen:
        if len(damaged) > 16:
            mutation(damaged, chance)
    return bytes(damaged), "+".join(mutation.__name__ for mutation in chosen)


def flip_bits(content: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 4, 16, 64))):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)


def flip_bits_of_head(content: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 2, 4))):
        content[chance.randrange(min(HEAD_BYTES, len(content)))] ^= 1 << chance.randrange(8)


def make_noise(content: bytearray, chance: random.Random) -> None:
    begin, end = _stretch(content, chance)
    content[begin:end] = chance.randbytes(end - begin)


def make_zeros(content: bytearray, chance: random.Random) -> None:
    begin, end = _stretch(content, chance)
    content[begin:end] = bytes(end - begin)


def cut_off(content: bytearray, chance: random.Random) -> None:
    del content[chance.randrange(len(content)) :]


def cut_out(content: bytearray, chance: random.Random) -> None:
    begin, end = _stretch(content, chance)
    del content[begin:end]


def repeat(content: bytearray, chance: random.Random) -> None:
    begin, end = _stretch(content, chance)
    content[end:end] = content[begin:end]


def swap(content: bytearray, chance: random.Random) -> None:
    (a, b), (c, d) = sorted((_stretch(content, chance), _stretch(content, chance)))
    if b <= c:
        content[a:d] = content[c:d] + content[b:c] + content[a:b]


def overwrite_field(content: bytearray, chance: random.Random) -> None:
    """A number in a box of MP4 or MOV, or anywhere in the head of other files."""
    boxes = list(_boxes(content, 0, len(content)))
    if boxes:
        begin, end = chance.choice(boxes)
        fields = min(FIELDS_OF_A_BOX, (end - begin) // 4)
        place = begin + 4 * chance.randrange(max(1, fields))
    else:
        place = chance.randrange(min(HEAD_BYTES, len(content)))
    width = chance.choice((1, 2, 4))
    value = chance.choice((*TELLING_VALUES, chance.randrange(2**32))) % 256**width
    order = chance.choice(("big", "little"))
    content[place : place + width] = value.to_bytes(width, "big" if order == "big" else "little")


def _stretch(content: bytearray, chance: random.Random) -> tuple[int, int]:
    begin = chance.randrange(len(content))
    return begin, min(len(content), begin + chance.choice((4, 64, 1024, 16384)))


def _boxes(content: bytearray, begin: int, end: int) -> Iterator[tuple[int, int]]:
    """Begin and end of every box, its size included, children after their parents."""
    while begin + 8 <= end:
        size, name = (
            int.from_bytes(content[begin : begin + 4], "big"),
            content[begin + 4 : begin + 8],
        )
        if not 8 <= size <= end - begin or not name.isalnum():
            return
        yield begin, begin + size
        if bytes(name) in BOXES_OF_BOXES:
            yield from _boxes(content, begin + 8, begin + size)
        begin += size


MUTATIONS: tuple[Mutation, ...] = (
    *(flip_bits, flip_bits_of_head, make_noise, make_zeros, cut_off, cut_out, repeat, swap),
    *(overwrite_field, overwrite_field),
)
