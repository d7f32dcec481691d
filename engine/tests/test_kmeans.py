"""k-means++ against its definition."""

from __future__ import annotations

import numpy
import pytest

from student_engine.operations.kmeans import kmeans_plus_plus
from student_engine.randomness import numpy_stream


def by_definition(points: numpy.ndarray, count: int, seed: int) -> list[int]:
    chances = numpy_stream(seed, "kmeans++")
    chosen = [int((points**2).sum(1).argmax())]
    while len(chosen) < count:
        distances = ((points[:, None] - points[None, chosen]) ** 2).sum(-1).min(1)
        threshold = chances.random() * distances.sum()
        chosen.append(int((distances.cumsum() <= threshold).sum()))
    return chosen


@pytest.mark.parametrize("seed", range(5))
def test_draws_are_those_of_the_definition(seed: int) -> None:
    points = numpy.random.default_rng(seed).normal(size=(200, 5))
    chosen = kmeans_plus_plus(points.astype(numpy.float32), 20, seed)
    assert [index for index, _ in chosen] == by_definition(points, 20, seed)


def test_first_is_the_largest_norm_and_distances_are_squared() -> None:
    points = numpy.array([[1, 0], [0, 5], [1, 0]], dtype=numpy.float32)
    chosen = kmeans_plus_plus(points, 2, 3)
    assert chosen[0] == (1, 25.0) and chosen[1][1] == 26.0


def test_a_point_with_nan_is_never_taken_and_duplicates_are_taken_last_and_once() -> None:
    points = numpy.array([[numpy.nan, 1], [2, 2], [2, 2], [0, 1], [2, 2]], dtype=numpy.float32)
    chosen = [index for index, _ in kmeans_plus_plus(points, 4, 1)]
    assert chosen[:2] == [1, 3] and sorted(chosen) == [1, 2, 3, 4]


def test_the_share_of_first_draws_is_in_proportion_to_squared_distance() -> None:
    points = numpy.array([[10, 0], [9, 0], [7, 0]], dtype=numpy.float32)  # squared distances 1 and 9 from the first
    far = sum(kmeans_plus_plus(points, 2, seed)[1][0] == 2 for seed in range(1000))
    assert 870 <= far <= 930
