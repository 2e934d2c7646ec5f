"""Every statistic in one NetCDF-4 file.

netCDF4 writes it alone: xarray, which would read the same from a file of its own, takes longer to import than this
takes to write.
"""

from __future__ import annotations

import json
import os
from threading import Lock
from typing import Any

import numpy as np

from ..analysis.labels import Frame, Group
from ..reported import Reported

_library = Lock()  # it is not safe in threads


def netcdf(results: Reported, versions: dict[str, str]) -> bytes:
    """The whole of `results.nc`.

    Bands are `<output>`, `<output>_mean` and `<output>_central`; what is of claims, picks, ratings and preference has
    that before its name, and is left out where a study has none. What drives it is in groups of their own, if asked. Of
    a sweep the swept quantities are the first dimensions of everything, and the option map a group.
    """
    import netCDF4

    coordinates = _coordinates(results)
    with _library:
        file = netCDF4.Dataset("results.nc", "w", memory=1)  # a size that grows
        places = [(file, coordinates, _statistics(results))]
        places += [(file.createGroup(name), *_whole(group)) for name, group in _drivers(results).items()]
        for place, coords, variables in places:
            _define(place, coords, variables)
        for place, coords, variables in places:  # after all definitions: to change between the two is slow
            for name, frame in (coords | variables).items():
                place[name][...] = frame.values.astype(object) if _is_text(frame) else frame.values
        file.setncatts(_about(results, versions))
        return bytes(file.close())


def sheets(path: str | os.PathLike[str]) -> dict[str, str]:
    """The data sheets that a `results.nc` keeps, by their place below configs/.

    Raises
    ------
    OSError, ValueError
        where it is no such file.
    """
    import netCDF4

    with _library, netCDF4.Dataset(os.fspath(path)) as file:
        kept = json.loads(file.__dict__.get("sheets", "null"))
    if not (isinstance(kept, dict) and all(isinstance(text, str) for text in kept.values())):
        raise ValueError("no data sheets in it")
    return kept


def _define(place: Any, coordinates: dict[str, Frame], variables: dict[str, Frame]) -> None:
    for name, frame in coordinates.items():
        if frame.dims == (name,):
            place.createDimension(name, len(frame.values))
    for name, frame in (coordinates | variables).items():
        _define_one(place, name, frame)


def _define_one(file: Any, name: str, frame: Frame) -> None:
    dtype = frame.values.dtype
    made = file.createVariable(name, str if _is_text(frame) else dtype, frame.dims,
                               fill_value=np.nan if dtype.kind == "f" else None)
    made.setncatts(frame.attrs)
    made.set_auto_maskandscale(False)


def _is_text(frame: Frame) -> bool:
    return frame.values.dtype.kind == "U"


CONCLUSIONS = {  # groups, and what is before their names
    "claims": "claim", "picks": "pick", "ratings": "rating", "preference": "preference"}


OF_SWEEPS = ("option_map", "convergence")  # groups of their own in the file, as those of what drives it
DRIVERS = (*OF_SWEEPS, "first_order", "total_order", "shapley", "shared", "information", "influence", "tornado",
           "stress")


def _drivers(results: Reported) -> dict[str, Group]:
    found = {name: results.figures[name] for name in DRIVERS if name in results.figures and name != "stress"}
    return found | ({"stress": results.readings} if results.readings else {})


def _whole(group: Group) -> tuple[dict[str, Frame], dict[str, Frame]]:
    """Coordinates and variables of a group, without those along what there is nothing of."""
    texts = " ".join(name for name, frame in group.coords.items() if frame.dims != (name,) and frame.values.size)
    coords, variables = ({name: frame for name, frame in frames.items() if frame.values.size}
                         for frames in (group.coords, group.variables))
    return coords, {name: frame._replace(attrs=frame.attrs | ({"coordinates": texts} if texts else {}))
                    for name, frame in variables.items()}


def _conclusions(results: Reported) -> list[tuple[str, Group]]:
    """Groups that hold anything, and what is before the names of theirs."""
    groups = [(before, results.figures[name]) for name, before in CONCLUSIONS.items() if name in results.figures]
    return [(before, group) for before, group in groups if all(f.values.size for f in group.coords.values())]


def _coordinates(results: Reported) -> dict[str, Frame]:
    found = {name: frame for key, group in results.figures.items() if key not in (*CONCLUSIONS, *DRIVERS)
             for name, frame in group.coords.items()}
    for before, group in _conclusions(results):
        found |= {name if frame.dims == (name,) else f"{before}_{name}": frame for name, frame in group.coords.items()}
    return found


def _statistics(results: Reported) -> dict[str, Frame]:
    central, bands, means, counts, ranking = (results.figures[name].variables for name in (
        "central", "bands", "means", "counts", "ranking"))
    return {**bands, **{_mean_name(name): frame for name, frame in means.items()},
            **{f"{name}_central": frame for name, frame in central.items()}, **counts,
            **{name: frame._replace(attrs=frame.attrs | {"coordinates": "better unit"})
               for name, frame in ranking.items()}, **_of_conclusions(results)}


def _of_conclusions(results: Reported) -> dict[str, Frame]:
    """Their variables, which say what texts belong to them."""
    found: dict[str, Frame] = {}
    for before, group in _conclusions(results):
        texts = " ".join(f"{before}_{name}" for name, frame in group.coords.items() if frame.dims != (name,))
        found |= {f"{before}_{name}": frame._replace(attrs=frame.attrs | ({"coordinates": texts} if texts else {}))
                  for name, frame in group.variables.items()}
    return found


def _mean_name(name: str) -> str:
    return f"{name.removesuffix('_se')}_mean{'_se' if name.endswith('_se') else ''}"


def _about(results: Reported, versions: dict[str, str]) -> dict[str, Any]:
    study = results.study
    return {"title": study.title, "description": study.description, "study": study.name, "study_text": study.text,
            "sheets": json.dumps(study.files), "digest": study.digest, "seed": str(study.sampling.seed),
            "samples_per_replicate": study.sampling.samples, "replicates": results.convergence.replicates,
            "method": study.sampling.method, "versions": json.dumps(versions), "Conventions": "CF-1.11"}
