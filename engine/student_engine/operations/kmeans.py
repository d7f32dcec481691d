"""
k-means++ seeding (Arthur and Vassilvitskii 2007), used to select rows: each next row is drawn in proportion to its
squared distance from the nearest row already taken. The first is the one with the largest norm, as in BADGE.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import torch

from ..errors import InputError
from ..files import write_records
from ..job import Job
from ..models import ModelCache
from ..randomness import numpy_stream


def run(job: Job, models: ModelCache) -> tuple[dict[str, Any], dict[str, str]]:
    """
    Lines `{rank, index, distance}`: `index` counts over all `points` files in order, or is the row that an optional
    input `rows` names for it (one file for each of `points`); `distance` is squared.
    """
    parameters = job.parameters
    count = parameters.integer("count", least=1)
    or_fewer = parameters.flag("orFewer", False)
    seed = parameters.integer("seed")
    parameters.done()
    points = _read_points(job.input("points"))
    if job.spec["inputs"].get("rows"):
        points = _in_row_order(points, job.input("rows"))
    usable = int(numpy.isfinite(points).all(axis=1).sum())
    if or_fewer and usable > 0:
        count = min(count, usable)
    if count > usable:
        raise InputError(f"`kmeans` cannot take {count} different points: {usable} of them are finite.")

    def boundary(taken: int) -> None:
        job.check()
        job.progress(taken, count, "rows")

    chosen = kmeans_plus_plus(points, count, seed, boundary)
    write_records(
        job.output("indices.jsonl"),
        ({"rank": rank, "index": index, "distance": distance} for rank, (index, distance) in enumerate(chosen)),
    )
    return {"rows": len(points), "chosen": count}, {"indices": "output/indices.jsonl"}


def kmeans_plus_plus(
    points: numpy.ndarray, count: int, seed: int, boundary: Callable[[int], None] = lambda taken: None
) -> list[tuple[int, float]]:
    """
    Indices in the order drawn, each with its squared distance to those before it (the first: its squared norm).
    Rows with NaN are never taken, no row twice; when only duplicates of taken rows are left, they are drawn uniformly.
    """
    chances = numpy_stream(seed, "kmeans++")
    free = numpy.isfinite(points).all(axis=1)
    data = torch.from_numpy(numpy.where(free[:, None], points, 0).astype(numpy.float32, copy=False))
    norms = (data * data).sum(1)
    chosen: list[tuple[int, float]] = []
    nearest = torch.full((len(data),), torch.inf)
    index = int(numpy.where(free, norms.numpy(), -1.0).argmax())
    distance = float(norms[index])
    while True:
        chosen.append((index, distance))
        free[index] = False
        boundary(len(chosen))
        if len(chosen) == count:
            return chosen
        # |x - c|^2 by one matrix-vector product; rounding may take it below zero.
        nearest = torch.minimum(nearest, (norms - 2 * (data @ data[index]) + norms[index]).clamp(min=0))
        weights = numpy.where(free, nearest.numpy().astype(numpy.float64), 0.0)
        if not weights.any():
            weights = free.astype(numpy.float64)
        cumulative = weights.cumsum()
        index = int(numpy.searchsorted(cumulative, chances.random() * cumulative[-1], side="right"))
        distance = float(nearest[index])


def _in_row_order(points: numpy.ndarray, files: list[str]) -> numpy.ndarray:
    """Joins shards: each point goes to the row it has in the whole, whatever the shards were."""
    rows = numpy.concatenate([_load(name, "i") for name in files])
    if sorted(rows.tolist()) != list(range(len(points))):
        raise InputError(f"The `rows` files, {files[0]} first, must name each of the {len(points)} rows once.")
    ordered = numpy.empty_like(points)
    ordered[rows] = points
    return ordered


def _read_points(files: list[str]) -> numpy.ndarray:
    parts: list[numpy.ndarray] = []
    for name in files:
        part = _load(name, "f")
        if part.ndim != 2:
            raise InputError(f"{name} must be a table, got numbers of shape {part.shape}.")
        if parts and part.shape[1] != parts[0].shape[1]:
            raise InputError(f"{name} has {part.shape[1]} columns, {files[0]} has {parts[0].shape[1]}.")
        parts.append(part)
    return numpy.concatenate(parts)


def _load(name: str, kind: str) -> numpy.ndarray:
    try:
        part = numpy.load(name, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise InputError(f"{name} is not a .npy file of numbers: {error}.") from error
    if part.dtype.kind != kind:
        raise InputError(f"{name} must hold {'floats' if kind == 'f' else 'whole numbers'}, got {part.dtype}.")
    return part
