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


def by_exact_length(
    lengths: Sequence[int], extra: int, budget: int, may_mix: bool = True, is_costly: bool = False
) -> list[list[int]]:
    """
    Batches for generation, where each row grows by `extra` tokens. Rows of one length need no padding and no mask, so
    they are kept apart as long as that costs few more batches; otherwise lengths are mixed and padded, where that may
    be. A CPU takes about as long for two half batches as for a whole one; where a batch `is_costly`, because a GPU
    reads all weights for each of its tokens, a tenth more batches is the most.
    """
    mixed = by_length([length + extra for length in lengths], budget)
    exact: list[list[int]] = []
    groups: dict[int, list[int]] = {}
    for index, length in enumerate(lengths):
        groups.setdefault(length, []).append(index)
    for length, group in sorted(groups.items()):
        size = max(1, budget // (length + extra))
        exact += [group[start : start + size] for start in range(0, len(group), size)]
    most = 1.1 * len(mixed) if is_costly else max(4, 2 * len(mixed))
    return mixed if may_mix and len(exact) > most else exact


def share(batches: list[list[int]], count: int, shard: int, shards: int) -> tuple[list[list[int]], list[int]]:
    """
    The batches of one shard of a job, and its rows in ascending order. Every shard plans the batches of the whole job
    and takes every n-th of them, so a row shares its batch with the same rows, and gets the same bits, however many
    shards there are. Rows in no batch belong to the first shard.
    """
    own = batches[shard::shards]
    if shards == 1:
        return own, list(range(count))
    rows = {index for batch in own for index in batch}
    if shard == 0:
        rows |= set(range(count)) - {index for batch in batches for index in batch}
    return own, sorted(rows)
