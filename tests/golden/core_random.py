"""Writes tests/golden/core_random.json: Philox, random streams and the order of samples.

Written from the papers and the comments of random.h and permutation.h, not from their code, in
Python's unbounded integers. No packages are needed:

    python3 tests/golden/core_random.py
"""

import json
import pathlib

MASK32 = 0xFFFFFFFF


def philox(counter, key, rounds=10):
    """Philox4x32: Salmon et al., SC 2011, section 3.3."""
    c0, c1, c2, c3 = counter
    for r in range(rounds):
        k0 = (key[0] + r * 0x9E3779B9) & MASK32
        k1 = (key[1] + r * 0xBB67AE85) & MASK32
        hi0, lo0 = divmod(0xD2511F53 * c0, 1 << 32)
        hi1, lo1 = divmod(0xCD9E8D57 * c2, 1 << 32)
        c0, c1, c2, c3 = hi1 ^ c1 ^ k0, lo1, hi0 ^ c3 ^ k1, lo0
    return [c0, c1, c2, c3]


def stream(seed, epoch, sample, purpose, count):
    """The first `count` words of a stream: counter (draw, epoch, sample low, sample high | purpose)."""
    words = []
    draw = 0
    while len(words) < count:
        high = (sample >> 32 & 0xFFFF) | purpose << 16
        words += philox([draw, epoch, sample & MASK32, high], [seed & MASK32, seed >> 32])
        draw += 1
    return words[:count]


def order(n, seed, epoch, positions):
    """Feistel cipher of six rounds over bit_length(n - 1) bits, walked until it falls below n."""
    bits = max(6, (n - 1).bit_length())
    low_bits = bits // 2
    words = stream(seed, epoch, 0, 2, 12)
    keys = [words[2 * i] << 32 | words[2 * i + 1] for i in range(6)]

    def mix(half, key):
        bits = (half ^ key) * 0xBF58476D1CE4E5B9 % (1 << 64)
        bits ^= bits >> 32
        return bits * 0x94D049BB133111EB % (1 << 64) >> 32

    def encrypt(value):
        high, low = divmod(value, 1 << low_bits)
        for i in range(3):
            low ^= mix(high, keys[2 * i]) % (1 << low_bits)
            high ^= mix(low, keys[2 * i + 1]) % (1 << (bits - low_bits))
        return high << low_bits | low

    samples = []
    for value in positions:
        value = encrypt(value)
        while value >= n:
            value = encrypt(value)
        samples.append(value)
    return samples


# Random123's kat_vectors, "philox4x32 10".
assert philox([0] * 4, [0] * 2) == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
assert philox([MASK32] * 4, [MASK32] * 2) == [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]
assert philox(
    [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344], [0xA4093822, 0x299F31D0]
) == [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1]

streams = [(0, 0, 0, 1), (1, 3, 41, 1), (2**64 - 1, 2**32 - 1, 2**48 - 1, 5), (7 << 32, 2, 1 << 32, 4)]
orders = [(1, 0, 0), (2, 1, 0), (3, 1, 1), (7, 5, 2), (50_000, 1, 3), (1_281_167, 2**40 + 9, 89),
          (2**62 + 11, 3, 4)]
golden = {
    "streams": [
        {"seed": s, "epoch": e, "sample": i, "purpose": p, "bits": stream(s, e, i, p, 10)}
        for s, e, i, p in streams
    ],
    "orders": [
        {"n": n, "seed": s, "epoch": e, "positions": at, "samples": order(n, s, e, at)}
        for n, s, e in orders
        for at in [sorted({0, 1, n // 3, n // 2, max(0, n - 2), n - 1} & set(range(n)) if n < 9
                          else {0, 1, n // 3, n // 2, n - 2, n - 1})]
    ],
}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(golden, indent=1) + "\n")
