"""Where the samples lie: replicated Sobol' points, Latin hypercube or plain random.

Every input owns a *stream*: a name, which keys its randomisation, and a Sobol' dimension, which is its place
whatever else is uncertain. Points are 32-bit integers until the last moment, so that a stream is the same bits
on every machine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.uint32]
BITS = 32
DIMENSIONS = 4096
TILE = 1 << 15  # integers that are made at once: few enough for the cache, many enough for numpy
METHODS = ("sobol", "lhs", "random")


class Stream(NamedTuple):
    """The randomness of one input: the name that keys it and the Sobol' dimension that it owns."""

    name: str
    dimension: int


class Sampling(NamedTuple):
    """How many samples, of which kind: `replicates` independent sets of `samples` (a power of two) each."""

    samples: int = 4096
    replicates: int = 16
    seed: int = 0
    method: str = "sobol"


def generator(seed: int, replicate: int, name: str) -> np.random.PCG64:
    """PCG64 keyed by (seed, replicate, input name), through BLAKE2b so that similar names are unrelated."""
    key = f"{seed}\x1f{replicate}\x1f{name}".encode()
    digest = np.frombuffer(hashlib.blake2b(key, digest_size=32).digest(), "<u4")
    return np.random.PCG64(digest[: digest.nonzero()[0][-1] + 1])  # as of the one integer that it spells, but faster


def words(raw: NDArray[np.uint64]) -> Points:
    """High halves, as 32-bit words, of a raw stream, which numpy promises not to change."""
    return (raw >> np.uint64(32)).astype(np.uint32)


@cache
def _joe_kuo() -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    with np.load(Path(__file__).with_name("joe_kuo.npz"), allow_pickle=False) as table:
        return table["polynomials"], table["initial"].astype(np.uint32)


@cache
def directions(dimensions: tuple[int, ...]) -> Points:
    """Direction numbers of Sobol' dimensions (0 is van der Corput's), shape (dimension, 32).

    Joe and Kuo (2008), SIAM J. Sci. Comput. 30, 2635: m_k = 2 a_1 m_(k-1) ^ ... ^ 2^s m_(k-s) ^ m_(k-s).
    """
    if dimensions and max(dimensions) >= DIMENSIONS:
        raise ValueError(f"Sobol' points have {DIMENSIONS} dimensions here, {max(dimensions) + 1} are wanted; "
                         "sample by 'lhs' or 'random' instead")
    polynomials, initial = (table[list(dimensions)] for table in _joe_kuo())
    m = np.ones((len(dimensions), BITS), np.uint32)
    for row, polynomial in enumerate(polynomials.tolist()):
        degree = polynomial.bit_length() - 1
        if not degree:  # van der Corput: every m is 1
            continue
        m[row, :degree] = initial[row, :degree]
        values = m[row].tolist()
        for k in range(degree, BITS):
            values[k] = values[k - degree]
            for j in range(1, degree + 1):
                values[k] ^= (polynomial >> (degree - j) & 1) * values[k - j] << j
        m[row] = values
    return m << np.arange(BITS - 1, -1, -1, dtype=np.uint32)


def linear_matrix_scramble(v: Points, rows: Points) -> Points:
    """Direction numbers times random lower-triangular matrices: Matousek (1998), J. Complexity 14, 527.

    `v` is (dimension, 32); `rows` (dimension, 32) are random words, of which each row of a matrix keeps the bits
    below its diagonal, which is one.
    """
    diagonal = np.uint32(1) << np.arange(BITS - 1, -1, -1, dtype=np.uint32)
    matrix = rows & ~((diagonal << np.uint32(1)) - np.uint32(1)) | diagonal
    parity = np.bitwise_count(matrix[:, None, :] & v[:, :, None]) & np.uint8(1)
    return np.packbits(parity, axis=2).view(">u4")[..., 0].astype(np.uint32)


def net(v: Points, shift: Points, start: int, size: int) -> Points:
    """Points start ... start + size - 1 in natural order, shape (dimension, size), made by XOR alone.

    `size` is a power of two and divides `start`; `shift` (dimension,) is the digital shift.
    """
    points = np.empty((len(v), size), np.uint32)
    points[:, 0] = shift
    for j in range(start.bit_length()):
        if start >> j & 1:
            points[:, 0] ^= v[:, j]
    for j in range(size.bit_length() - 1):
        np.bitwise_xor(points[:, : 1 << j], v[:, j, None], out=points[:, 1 << j : 2 << j])
    return points


def fold(h: Points) -> Points:
    """First step of MurmurHash3's finalizer (Appleby), linear: fold(a ^ b) is fold(a) ^ fold(b)."""
    return h ^ h >> np.uint32(16)


def scatter(h: Points, spare: Points) -> None:
    """Make random words of what `fold` gives: the rest of MurmurHash3's finalizer, in place; `spare` is scratch."""
    for factor, shift in ((0x85EBCA6B, 13), (0xC2B2AE35, 16)):
        h *= np.uint32(factor)
        h ^= np.right_shift(h, np.uint32(shift), out=spare)


class Block(Protocol):
    """One replicate's points, for one thread."""

    def __call__(self, start: int, size: int, /, out: Points | None = None) -> Points:
        """Samples start ... start + size - 1 as integers (stream, size), in `out` where that is given."""


def _sobol(streams: Sequence[Stream], sampling: Sampling, replicate: int) -> Block:
    v = directions(tuple(s.dimension for s in streams))
    random = words(np.array([generator(sampling.seed, replicate, s.name).random_raw(BITS + 2) for s in streams]))
    v = linear_matrix_scramble(v, random[:, :BITS])
    # Below the net's own digits a linear scramble leaves the errors of smooth sums mostly tiny and rarely large, and
    # error bars that do not hold. Independent digits there, as in Owen's scrambling, cost no accuracy and mend it.
    return _scattered(v, random[:, BITS], random[:, BITS + 1, None], sampling.samples.bit_length() - 1)


def _scattered(v: Points, shift: Points, keys: Points, digits: int) -> Block:
    """A net of so many binary digits, and random ones below them."""

    @cache
    def first(width: int) -> tuple[Points, ...]:
        """Unshifted net and folded keys of the first tile, XOR constants those of all others; and scratch for two."""
        plain = net(v, np.zeros_like(shift), 0, width)
        return plain, fold(np.arange(width, dtype=np.uint32)) ^ fold(keys), np.empty_like(plain), np.empty_like(plain)

    def block(start: int, size: int, /, out: Points | None = None) -> Points:
        out = np.empty((len(v), size), np.uint32) if out is None else out
        width = min(size, 1 << max(TILE // len(v), 1).bit_length() - 1)
        plain, folded, h, spare = first(width)
        corners = net(v[:, width.bit_length() - 1 :], shift, start // width, size // width)
        for i, at in enumerate(fold(np.arange(start, start + size, width, dtype=np.uint32))):
            np.bitwise_xor(folded, at, out=h)
            scatter(h, spare)
            h >>= np.uint32(digits)
            h ^= plain
            np.bitwise_xor(h, corners[:, i, None], out=out[:, i * width : (i + 1) * width])
        return out

    return block


def _lhs(streams: Sequence[Stream], sampling: Sampling, replicate: int) -> Block:
    k = sampling.samples.bit_length() - 1
    columns = []
    for s in streams:
        bits = generator(sampling.seed, replicate, s.name)
        stratum = np.argsort(bits.random_raw(sampling.samples), kind="stable").astype(np.uint64)
        columns.append((stratum << np.uint64(BITS - k) | words(bits.random_raw(sampling.samples)) >> np.uint32(k))
                       .astype(np.uint32))
    points = np.array(columns)

    def block(start: int, size: int, /, out: Points | None = None) -> Points:
        part = points[:, start : start + size]
        return part if out is None else np.positive(part, out=out)

    return block


def _random(streams: Sequence[Stream], sampling: Sampling, replicate: int) -> Block:
    bits = [generator(sampling.seed, replicate, s.name) for s in streams]
    at = 0

    def block(start: int, size: int, /, out: Points | None = None) -> Points:
        nonlocal at
        out = np.empty((len(bits), size), np.uint32) if out is None else out
        for row, stream in zip(out, bits, strict=True):
            row[:] = words(stream.advance(start - at).random_raw(size))
        at = start + size
        return out

    return block


_POINTS = {"sobol": _sobol, "lhs": _lhs, "random": _random}


def points(streams: Sequence[Stream], sampling: Sampling, replicate: int) -> Block:
    """One replicate's points as a function (start, size) -> integers of shape (stream, size).

    Read as u = (x + 1/2) / 2**32. A stream's points depend on (seed, replicate, name) and, for Sobol', on its
    dimension; on nothing else. Samples start ... start + size - 1 with `size` a power of two that divides `start`.
    """
    if not streams:
        return lambda _, size, out=None: np.empty((0, size), np.uint32) if out is None else out
    return _POINTS[sampling.method](streams, sampling, replicate)


def unit(integers: Points, out: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """Integers to the open unit interval, the centres of 2**32 equal cells, into `out` where it is given."""
    u = np.multiply(integers, 2.0**-BITS, out=out, dtype=np.float64)
    u += 2.0 ** -(BITS + 1)
    return u


def turn(seed: int, replicate: int, name: str) -> float:
    """One number inside (0, 1) of a stream of its own."""
    return float(unit(words(generator(seed, replicate, name).random_raw(1)))[0])
