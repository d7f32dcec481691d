"""The operations by their names in the protocol."""

from __future__ import annotations

from .operations import (
    check_rows,
    embed,
    finetune,
    gradient_sketch,
    import_model,
    init_tiny,
    kmeans,
    merge,
    predict,
    reward,
    score,
    verify_math,
)

OPERATIONS = {
    "init-tiny": init_tiny.run,
    "import": import_model.run,
    "predict": predict.run,
    "score": score.run,
    "check-rows": check_rows.run,
    "finetune": finetune.run,
    "merge": merge.run,
    "gradient-sketch": gradient_sketch.run,
    "embed": embed.run,
    "reward": reward.run,
    "kmeans": kmeans.run,
    "verify-math": verify_math.run,
}
