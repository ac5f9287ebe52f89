#!/usr/bin/env python3
"""Makes stickiness.tsv: vectors of the sticky choice, by an implementation that shares nothing with the program.

XXH3 comes from libxxhash by ctypes; c(m) is computed with decimals of 90 digits, members are sorted by exact fractions.
The file is fixed: running this again must give it octet for octet (`make_stickiness.py | diff - stickiness.tsv`).
"""
import ctypes
import random
import sys
from decimal import Decimal, getcontext
from fractions import Fraction

getcontext().prec = 90
LN2 = Decimal(2).ln()

xxhash = ctypes.CDLL("libxxhash.so.0")
xxhash.XXH3_64bits_withSeed.restype = ctypes.c_uint64
xxhash.XXH3_64bits_withSeed.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint64]


def hash64(octets, seed=0):
    return xxhash.XXH3_64bits_withSeed(octets, len(octets), seed)


def cost(x):
    """floor(2^32 * (64 - log2(x + 1)))"""
    v = x + 1
    if v & (v - 1) == 0:
        return (64 - (v.bit_length() - 1)) << 32
    exact = (64 - Decimal(v).ln() / LN2) * 2**32
    whole = int(exact)
    assert Decimal("1e-60") < exact - whole < 1 - Decimal("1e-60")
    return whole


class Pool:
    def __init__(self, name, hash_seed, members):
        self.name, self.hash_seed, self.members = name, hash_seed, members
        self.seed = hash64(hash_seed.encode())

    def costs(self, slot):
        return [cost(hash64(identity.encode() + slot.to_bytes(2, "big"), self.seed))
                for identity, _, _ in self.members]

    def order(self, costs):
        def key(i):
            identity, weight, priority = self.members[i]
            return priority, Fraction(costs[i], weight), identity.encode()
        return sorted(range(len(self.members)), key=key)


def pools(rng):
    """Forty pools of 2 to 255 members; equal and unequal weights, one to three priorities, one foreign hash_seed."""
    sizes = [2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 6, 6, 6, 7, 7, 8, 8, 8, 9, 10, 11, 12, 13,
             14, 15, 16, 16, 20, 24, 32, 33, 48, 64, 128, 255]
    for number, size in enumerate(sizes):
        style = number % 4
        weight = lambda: {0: 100, 1: rng.randint(1, 3), 2: rng.choice([1, 10, 100, 1000, 65535]),
                          3: rng.choice([100, 100, 50, 4294967295])}[style]
        priority = lambda: rng.randint(1, 3) if style in (2, 3) else 1
        members = [(f"hss{i}.p{number}.example.net", weight(), priority()) for i in range(1, size + 1)]
        yield Pool(f"p{number}", "antipode" if number % 5 else f"another seed {number}", members)


def keys(rng, number):
    user = rng.randint(0, 10**6)
    return [b"Psip-user%d\0example.net" % user, b"Iuser%d\0example.net" % user,
            b"N4930%07d" % user, b"Sps1.sip.example.net;%d;%d" % (user, number),
            b"Xurn:service:sos%d" % user][number % 5]


def main():
    rng = random.Random(4740)
    out = sys.stdout
    out.write("# The sticky choice of a member: 1,000 vectors that never change. Made by make_stickiness.py, see there.\n")
    out.write("# pool: name, hash_seed, members as identity/weight/priority\n")
    out.write("# key: pool, kind octet and canonical key in hex, slot, members (from 0) in the order they are tried,\n")
    out.write("#      c(m) of the first four of them\n")
    every = list(pools(rng))
    for pool in every:
        members = " ".join("%s/%d/%d" % member for member in pool.members)
        out.write(f"pool\t{pool.name}\t{pool.hash_seed}\t{members}\n")
    for number in range(1000):
        pool = every[number % 40 if number < 760 else number % 32]
        key = keys(rng, number)
        slot = hash64(key, pool.seed) >> 48
        costs = pool.costs(slot)
        order = pool.order(costs)
        shown = " ".join(map(str, order))
        first = " ".join(str(costs[i]) for i in order[:4])
        out.write(f"key\t{pool.name}\t{key.hex()}\t{slot}\t{shown}\t{first}\n")


main()
