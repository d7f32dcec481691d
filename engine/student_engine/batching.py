"""Which rows share a batch: a pure function of lengths and a token budget, so that repeated jobs repeat bit for bit."""

from __future__ import annotations

from collections.abc import Sequence


def by_length(lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Indices in batches of similar length; rows times longest row stays within the budget (one row always fits)."""
    order = sorted(range(len(lengths)), key=lambda index: (lengths[index], index))
    batches: list[list[int]] = []
    for index in order:
        # Ascending, so the newest row is the longest of its batch.
        if batches and (len(batches[-1]) + 1) * lengths[index] <= budget:
            batches[-1].append(index)
        else:
            batches.append([index])
    return batches


def by_exact_length(lengths: Sequence[int], extra: int, budget: int) -> list[list[int]]:
    """
    Batches for generation, where each row grows by `extra` tokens. Rows of one length need no padding and no mask, so
    they are kept apart as long as that costs at most twice the batches; otherwise lengths are mixed and padded.
    """
    mixed = by_length([length + extra for length in lengths], budget)
    exact: list[list[int]] = []
    groups: dict[int, list[int]] = {}
    for index, length in enumerate(lengths):
        groups.setdefault(length, []).append(index)
    for length, group in sorted(groups.items()):
        size = max(1, budget // (length + extra))
        exact += [group[start : start + size] for start in range(0, len(group), size)]
    return exact if len(exact) <= max(4, 2 * len(mixed)) else mixed


def share(batches: list[list[int]], count: int, shard: int, shards: int) -> tuple[list[list[int]], list[int]]:
    """
    The batches that one shard of a job works on, and its rows in ascending order. Every shard makes the plan of the
    whole and takes every so-manieth batch, so a row meets the same neighbours, and gets the same bits, however many
    shards there are. Rows in no batch are the first shard's.
    """
    own = batches[shard::shards]
    if shards == 1:
        return own, list(range(count))
    rows = {index for batch in own for index in batch}
    if shard == 0:
        rows |= set(range(count)) - {index for batch in batches for index in batch}
    return own, sorted(rows)
