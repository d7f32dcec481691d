"""The operations by their names in the protocol."""

from __future__ import annotations

from .operations import finetune, init_tiny, predict, score

OPERATIONS = {
    "init-tiny": init_tiny.run,
    "predict": predict.run,
    "score": score.run,
    "finetune": finetune.run,
}
