"""The operations by their names in the protocol."""

from __future__ import annotations

from .operations import badge, embed, finetune, import_model, init_tiny, merge, predict, reward, score, select, verify_math

OPERATIONS = {
    "init-tiny": init_tiny.run,
    "import": import_model.run,
    "predict": predict.run,
    "score": score.run,
    "finetune": finetune.run,
    "merge": merge.run,
    "badge": badge.run,
    "embed": embed.run,
    "reward": reward.run,
    "select": select.run,
    "verify-math": verify_math.run,
}
