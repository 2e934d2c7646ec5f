"""From labelled samples to arrays with the sample last, and from estimates back to labels.

xarray is imported where a Dataset is made: that takes longer than many a study.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .error import Estimate

if TYPE_CHECKING:
    import xarray as xr

SAMPLED = ("replicate", "sample")
DUMMY = "dummy"  # the row of an input that does nothing: what it gets is what chance gives


class Frame(NamedTuple):
    """An array with its dimensions and attributes, as xarray takes a variable."""

    dims: tuple[str, ...]
    values: NDArray[Any]
    attrs: dict[str, str]


@dataclass(frozen=True, eq=False)
class Group:
    """What a Dataset holds, in plain arrays."""

    variables: dict[str, Frame]
    coords: dict[str, Frame]

    def __getitem__(self, name: str) -> NDArray[Any]:
        """The array of a variable or a coordinate."""
        return (self.variables if name in self.variables else self.coords)[name].values

    def dataset(self) -> xr.Dataset:
        """A Dataset of copies."""
        import xarray as xr

        return xr.Dataset(self.variables, self.coords).copy(deep=True)


def by_replicate(values: xr.DataArray, last: str | None = None) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Samples as an array (replicate, ..., [last,] sample) of floats, and the names of `...`.

    Raises
    ------
    ValueError
        where a dimension is not there, or a value is infinite.
    """
    wanted = [*SAMPLED, *([last] if last else [])]
    lacking = [d for d in wanted if d not in values.dims]
    if lacking:
        raise ValueError(f"values have the dimensions {tuple(values.dims)}; {' and '.join(lacking)} are wanted too")
    rest = tuple(str(d) for d in values.dims if d not in wanted)
    order = ("replicate", *rest, *([last] if last else []), "sample")
    x = values.transpose(*order).to_numpy().astype(np.float64)
    if np.isinf(x).any():
        raise ValueError(f"{np.isinf(x).sum()} of {x.size} values are infinite; wanted finite ones, or NaN")
    return x, rest


def dataset(estimates: Mapping[str, tuple[Sequence[str], Estimate]], coords: Mapping[str, Any],
            like: xr.DataArray | None = None) -> xr.Dataset:
    """Estimates as variables `<name>` and `<name>_se`, with the coordinates given and those of `like`."""
    import xarray as xr

    variables: dict[str, Any] = {}
    used: set[str] = set()
    for name, (dims, estimate) in estimates.items():
        used.update(dims)
        variables[name] = (tuple(dims), estimate.value)
        variables[f"{name}_se"] = (tuple(dims), estimate.se, {"long_name": f"standard error of {name}"})
    kept = {} if like is None else {d: like.coords[d] for d in like.coords if d in used}
    return xr.Dataset(variables, {**kept, **{k: v for k, v in coords.items() if k in used}})
