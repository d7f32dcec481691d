"""What the files of a model directory from somebody else may hold: nothing outside of it, and numbers."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from .errors import InputError

_HINT = "Copy the model's own files into one directory, and look at where this one came from."


def refuse_files_outside(directory: Path, patterns: Iterable[str]) -> None:
    """
    Raises `InputError` where a file that would be read is a link out of the directory, no regular file, or an index
    that names weights elsewhere. A snapshot in the hub's cache links to the blobs of its own model.
    """
    root = directory.resolve()
    allowed = [root, *([root.parent.parent / "blobs"] if root.parent.name == "snapshots" else [])]
    for path in sorted({found for pattern in patterns for found in directory.glob(pattern)}):
        target = path.resolve()
        if not any(target.is_relative_to(place) for place in allowed):
            raise InputError(f"{path} is a link to {target}, outside of the model's directory.", _HINT)
        if not target.is_file():
            raise InputError(f"{path} is not a regular file.", _HINT)
    for index in sorted(directory.glob("*.index.json")):
        for name in _weight_files(index):
            if name in ("", ".", "..") or "/" in name or "\\" in name:
                raise InputError(f"{index} names weights in {name!r}, which is not a file of its directory.", _HINT)


def refuse_nan_weights(directory: Path) -> None:
    """Raises `InputError` where a weight is NaN: every answer would be noise, and the loss would be blamed."""
    for path in sorted(directory.glob("model*.safetensors")):
        try:
            with safe_open(str(path), framework="pt") as weights:
                for name in weights.offset_keys():
                    tensor = weights.get_tensor(name)
                    if tensor.is_floating_point() and bool(torch.isnan(tensor.float()).any()):
                        raise InputError(
                            f"{path} holds NaN in {name}: these weights are broken.",
                            "Download or save the model again; training that diverged leaves such weights.",
                        )
        except SafetensorError:
            # Loading it says what is wrong.
            return


def _weight_files(index: Path) -> set[str]:
    try:
        weight_map = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
        return {str(name) for name in weight_map.values()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{index} is not an index of weights: {error}", _HINT) from error
