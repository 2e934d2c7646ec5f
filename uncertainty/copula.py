"""Which inputs go together: a Gaussian copula of given rank correlations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from .design import Sampling, Stream, points, unit


class Copula(NamedTuple):
    """Gaussian copula of some streams: what was asked, what could be had, and its Cholesky factor."""

    names: tuple[str, ...]
    spearman: NDArray[np.float64]  # as asked, ones on the diagonal
    used: NDArray[np.float64]  # as asked, or the nearest that exists
    factor: NDArray[np.float64]

    @property
    def repaired(self) -> bool:
        """Whether the matrix that was asked for is none, so that the nearest one stands in for it."""
        return not np.allclose(self.spearman, self.used, rtol=0, atol=1e-6)  # less is rounding, as at -1 and 1


def copula(names: Sequence[str], pairs: Mapping[tuple[str, str], float]) -> Copula:
    """Gaussian copula with given Spearman coefficients; pairs not named are uncorrelated.

    A Spearman coefficient rho_S of a Gaussian copula is 6/pi asin(rho/2) of its normal scores' rho (Kruskal 1958).
    """
    spearman = np.eye(len(names))
    for (a, b), rho in pairs.items():
        i, j = names.index(a), names.index(b)
        spearman[i, j] = spearman[j, i] = rho
    latent = 2 * np.sin(np.pi / 6 * spearman)
    used = spearman
    if len(names) and np.linalg.eigvalsh(latent)[0] < 1e-8:
        latent = nearest_correlation(latent)
        used = 6 / np.pi * np.arcsin(latent / 2)
    return Copula(tuple(names), spearman, used, cholesky(latent))


def nearest_correlation(matrix: NDArray[np.float64], floor: float = 1e-8) -> NDArray[np.float64]:
    """Nearest correlation matrix (Frobenius): Higham (2002), IMA J. Numer. Anal. 22, 329, algorithm 3.3.

    The smallest eigenvalue is then lifted to `floor`, so that a Cholesky factor exists.
    """
    y, correction = matrix.copy(), np.zeros_like(matrix)
    for _ in range(1000):
        r = y - correction
        values, vectors = np.linalg.eigh(r)
        x = vectors * np.maximum(values, 0) @ vectors.T
        correction = x - r
        previous, y = y, x.copy()
        np.fill_diagonal(y, 1.0)
        if np.abs(y - previous).max() < 1e-12:
            break
    lift = max(floor - float(np.linalg.eigvalsh(y)[0]), 0.0)
    return np.asarray((y + lift * np.eye(len(y))) / (1 + lift), np.float64)


def cholesky(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lower Cholesky factor of a positive definite matrix."""
    # row by row, so that a row appended to the matrix leaves the bits of those before it
    factor = np.zeros_like(matrix)
    for i in range(len(matrix)):
        for j in range(i):
            factor[i, j] = (matrix[i, j] - sum(factor[i, k] * factor[j, k] for k in range(j))) / factor[j, j]
        factor[i, i] = np.sqrt(matrix[i, i] - sum(factor[i, k] ** 2 for k in range(i)))
    return factor


def correlate(u: NDArray[np.float64], rows: Sequence[int], factor: NDArray[np.float64]) -> None:
    """Give rows of `u`, shape (stream, sample), the copula's dependence, in place; the first row stays as it is."""
    scores = ndtri(u[list(rows)])
    for i, row in enumerate(rows):
        if np.any(factor[i, :i]):
            mixed = factor[i, i] * scores[i]
            for k in np.flatnonzero(factor[i, :i]):
                mixed += factor[i, k] * scores[k]
            ndtr(mixed, out=u[row])


def scores_correlation(size: int, rows: Sequence[int], factor: NDArray[np.float64]) -> NDArray[np.float64]:
    """Correlation of the normal scores of `size` streams, of which `rows` have the dependence."""
    found = np.eye(size)
    found[np.ix_(rows, rows)] = np.einsum("ik,jk->ij", factor, factor)  # not by BLAS, whose bits hang on the machine
    return np.where(np.abs(found) < 1e-9, 0.0, found)  # independent, but for rounding


def twins(names: Sequence[str], rows: Sequence[int], factor: NDArray[np.float64], sampling: Sampling,
          replicate: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Two independent points of each sample of a replicate, levels (input, sample), of which `rows` are correlated.

    They are columns of one sequence of twice the dimensions. These are the first in a row, which few samples fill most
    evenly, and not those that streams of a study own.
    """
    streams = [Stream(f"{name}'{twin}", i) for i, (twin, name) in enumerate(product("ab", names))]
    a, b = np.split(unit(points(streams, sampling, replicate)(0, sampling.samples)), 2)
    for levels in (a, b):
        if len(rows):
            correlate(levels, rows, factor)
    return a, b
