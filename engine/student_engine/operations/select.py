"""
k-means++ seeding (Arthur and Vassilvitskii 2007) as a selector: each next row is drawn in proportion to its squared
distance from the nearest row already taken. The first is the one with the largest norm, as in BADGE.
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
    """Lines `{rank, index, distance}`: `index` counts over all embedding files in order, `distance` is squared."""
    parameters = job.parameters
    count = parameters.integer("count", least=1)
    seed = parameters.integer("seed")
    parameters.done()
    points = _read_embeddings(job.input("embeddings"))
    usable = int(numpy.isfinite(points).all(axis=1).sum())
    if count > usable:
        raise InputError(f"`select` cannot take {count} different rows: there are {usable} with an embedding.")

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


def _read_embeddings(files: list[str]) -> numpy.ndarray:
    parts = []
    for name in files:
        try:
            part = numpy.load(name, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError) as error:
            raise InputError(f"{name} is not a .npy file of numbers: {error}.") from error
        if part.ndim != 2 or part.dtype.kind != "f":
            raise InputError(f"{name} must be a table of floats, got {part.dtype} of shape {part.shape}.")
        if parts and part.shape[1] != parts[0].shape[1]:
            raise InputError(f"{name} has {part.shape[1]} columns, {files[0]} has {parts[0].shape[1]}.")
        parts.append(part)
    return numpy.concatenate(parts)
