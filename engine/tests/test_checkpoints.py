"""Checkpoints that are whole or not there."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from student_engine.checkpoints import Checkpoint, CheckpointStore


def checkpoint(step: int) -> Checkpoint:
    return Checkpoint(step, {"weight/a": torch.full((3,), float(step))}, {"step": step})


def newest(store: CheckpointStore) -> tuple[int | None, list[str]]:
    warnings: list[str] = []
    found = store.newest(warnings.append)
    return (found.step if found else None), warnings


def test_two_are_kept_and_the_newest_is_found_by_number(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path)
    for step in (8, 9, 10):
        store.save(checkpoint(step))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ckpt-10", "ckpt-9"]
    assert newest(store) == (10, [])


@pytest.mark.parametrize("name", ["tensors.safetensors", "state.json", "manifest.json"])
@pytest.mark.parametrize("damage", ["cut", "changed", "gone"])
def test_a_damaged_one_is_named_and_the_older_one_used(tmp_path: Path, name: str, damage: str) -> None:
    store = CheckpointStore(tmp_path)
    store.save(checkpoint(1))
    store.save(checkpoint(2))
    path = tmp_path / "ckpt-2" / name
    whole = path.read_bytes()
    path.unlink()
    if damage != "gone":
        path.write_bytes(whole[:-5] if damage == "cut" else b"x" + whole[1:])
    step, warnings = newest(store)
    assert step == 1 and warnings == ["Checkpoint 2 is damaged and is not used."]


def test_nothing_usable_means_a_fresh_start(tmp_path: Path) -> None:
    (tmp_path / ".tmp-3-1").mkdir()
    (tmp_path / "ckpt-x").mkdir()
    assert newest(CheckpointStore(tmp_path)) == (None, [])
    assert newest(CheckpointStore(tmp_path / "absent")) == (None, [])
