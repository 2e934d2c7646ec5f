"""Fast quantile functions: tables with a measured u-error, exact in the tails.

The u-error of a quantile function Q is max |CDF(Q(u)) - u| [1].
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np

from .distributions import Marginal
from .families import Array

CELLS = 4096
TOLERANCE = 2e-8  # u-error above which a cell is left to the exact function


def _integrals(n: int) -> Array:
    """Matrix of integrals from 0 to 1/n, 2/n, ..., 1 of the polynomial zero at 0 and 1, given between."""
    columns = []
    for i in range(1, n):
        basis = np.poly([j for j in range(n + 1) if j != i])
        columns.append(np.polyval(np.polyint(basis), np.arange(1.0, n + 1.0)) / (n * np.polyval(basis, i)))
    return np.array(columns).T


_EIGHTHS, _QUARTERS = _integrals(8), _integrals(4)


class QuantileFunction(NamedTuple):
    """Quantile function of one marginal; call it on an array of one dimension or more.

    Attributes
    ----------
    exact : the exact quantile function
    u_error : largest measured |CDF(Q(u)) - u| [1], beyond the rounding of Q to a double
    table : (CELLS + 1, 4) coefficients of a cubic in each of CELLS equal cells of u, lowest power first, or
        (CELLS + 1,) constants; NaN where `exact` is to be called; None to call it everywhere
    """

    exact: Callable[[Array], Array]
    u_error: float
    table: Array | None = None

    def __call__(self, u: Array, out: Array | None = None) -> Array:
        """Quantiles at `u` in [0, 1], into `out`, which may be `u`; no bit depends on a value's place."""
        if self.table is None:
            x = self.exact(u)
            return x if out is None else np.positive(x, out=out)
        place = u * CELLS  # exact, and so is the way back
        x = _interpolate(self.table, place, out)
        rest = np.isnan(x).nonzero()
        if rest[0].size:
            x[rest] = self.exact(place[rest] / CELLS)
        return x


def _interpolate(table: Array, place: Array, out: Array | None) -> Array:
    """Values of the polynomials in a table at places that count cells."""
    if table.ndim == 1:
        return table.take(place.astype(np.int32), out=out, mode="clip")
    cell = np.floor(place)
    c = table.take(cell.astype(np.int32), axis=0, mode="clip")
    t = np.subtract(place, cell, out=cell)
    x = np.multiply(c[..., 3], t, out=out)
    x += c[..., 2]
    x *= t
    x += c[..., 1]
    x *= t
    x += c[..., 0]
    return x


def quantile_function(marginal: Any) -> QuantileFunction:
    """Fast quantile function of a `Marginal` or of a frozen scipy.stats distribution; u-error at most 2e-8.

    Closed forms stay what they are. Others are interpolated by cubic Hermite polynomials in equal cells of u;
    the end cells, and those whose measured error is too large or that hold a step, are left to the exact
    function.
    """
    if isinstance(marginal, Marginal):
        return _of_marginal(marginal)
    if hasattr(marginal, "pdf"):
        return _tabulated(marginal.ppf, marginal.pdf)
    if hasattr(marginal, "pmf"):
        return _stepped(partial(_scipy_steps, marginal))
    raise ValueError(f"{marginal!r} is no distribution; wanted a Marginal or one frozen by scipy.stats")


def _scipy_steps(frozen: Any, u: Array) -> Array:
    return np.asarray(np.maximum(frozen.ppf(u), frozen.support()[0]))  # at u = 0 scipy gives one less


@lru_cache(maxsize=256)
def _of_marginal(m: Marginal) -> QuantileFunction:
    if m.is_discrete:
        return _stepped(m.ppf)
    if m.kind in ("uniform", "triangular"):
        u = np.linspace(0.0, 1.0, CELLS + 1)
        return QuantileFunction(m.ppf, float(np.abs(m.cdf(m.ppf(u)) - u).max()))
    return _tabulated(m.ppf, m.pdf)


def _tabulated(ppf: Callable[[Array], Array], pdf: Callable[[Array], Array]) -> QuantileFunction:
    with np.errstate(all="ignore"):
        nodes = _nodes(ppf, pdf)
        table = _hermite(nodes, pdf)
        error = np.abs(_drift(table, pdf, _QUARTERS)[1]).max(axis=0)
        start, slope, _, _ = table
        end, rise = nodes[1:], np.diff(nodes)
        steep = np.maximum(slope, np.append(slope[1:], np.inf))
        room = 1e-13 * (np.abs(start) + rise)
        good = (error <= TOLERANCE) & (steep <= 3.0 * rise)  # Fritsch and Carlson 1980: monotone
        good &= (start - nodes[0] > room) & (nodes[-1] - end > room)
    good[[0, -1]] = False  # the tails, u < 1e-4 and u > 1 - 1e-4
    rows = np.full((CELLS + 1, 4), np.nan)
    rows[:-1][good] = table.T[good]
    return QuantileFunction(ppf, float(error[good].max(initial=0.0)), rows)


def _stepped(ppf: Callable[[Array], Array]) -> QuantileFunction:
    """Atoms: a constant in every cell that no step falls into."""
    nodes = ppf(np.linspace(0.0, 1.0, CELLS + 1))
    steps = np.append(nodes[1:] != nodes[:-1], True)
    return QuantileFunction(ppf, 0.0, np.where(steps, np.nan, nodes + 0.0))  # -0.0 becomes 0.0


def _hermite(nodes: Array, pdf: Callable[[Array], Array]) -> Array:
    """Coefficients (4, cells), lowest power first, of cubics with the quantile function's slope 1 / pdf."""
    slope = 1.0 / (pdf(nodes) * (nodes.size - 1))
    one, two, rise = slope[:-1], slope[1:], np.diff(nodes)
    return np.array([nodes[:-1], one, 3.0 * rise - 2.0 * one - two, one + two - 2.0 * rise])


def _drift(table: Array, pdf: Callable[[Array], Array], integrals: Array) -> tuple[Array, Array]:
    """Values (n - 1, cells) at 1/n to 1 - 1/n of each cell, and CDF(Q(u)) - u (n, cells) at 1/n to 1.

    The error is the integral of its own rate pdf(Q) dQ/du - 1, which costs no CDF.
    """
    n = len(integrals)
    t = np.arange(1.0, n)[:, None] / n
    c0, c1, c2, c3 = table
    x = ((c3 * t + c2) * t + c1) * t + c0
    rate = pdf(x) * ((3.0 * c3 * t + 2.0 * c2) * t + c1) - 1.0 / c0.size
    return x, (integrals[:, :, None] * rate).sum(axis=1)  # no BLAS: its bits depend on the machine


def _nodes(ppf: Callable[[Array], Array], pdf: Callable[[Array], Array]) -> Array:
    """Quantiles at the CELLS + 1 nodes: every eighth exact, the rest by a Newton step where that does."""
    u = np.linspace(0.0, 1.0, CELLS + 1)
    coarse = ppf(u[::8])
    x, error = _drift(_hermite(coarse, pdf), pdf, _EIGHTHS)
    poor = ~((np.abs(error).max(axis=0) < 1e-8) & (np.abs(error[-1]) < 1e-12))
    cells = np.vstack([coarse[:-1], x - error[:-1] / pdf(x)]).T
    cells[poor] = ppf(u[:-1].reshape(-1, 8)[poor])
    return np.append(cells, coarse[-1])
