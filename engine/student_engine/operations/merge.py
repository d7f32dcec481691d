"""Merges an adapter into its base: one model directory that loads without peft."""

from __future__ import annotations

from typing import Any

import torch
from transformers import AutoConfig

from ..errors import InputError
from ..files import copy_tokenizer_files
from ..job import Job
from ..model_card import write_model_card
from ..models import ModelCache, checked_reference, load_student
from ..randomness import numpy_stream

_PROBE_TOKENS = 64


def run(job: Job, models: ModelCache) -> tuple[dict[str, Any], dict[str, str]]:
    """
    Output `model`. Sums are made in fp32 and kept in the base's own type. A product added to the weights rounds
    otherwise than one added to the activations, so the metrics say how far the logits are apart.
    """
    job.parameters.done()
    reference = checked_reference(job.spec.get("model"))
    if not reference.get("adapter"):
        raise InputError("`merge` needs a model with an adapter.", "A student without one is whole as it is.")
    models.clear()
    kept = AutoConfig.from_pretrained(reference["base"], local_files_only=True, trust_remote_code=False).dtype
    student = load_student(reference, models.device, torch.float32)
    probe = numpy_stream(0, "merge-probe").integers(student.vocabulary, size=min(_PROBE_TOKENS, student.context))
    ids = torch.from_numpy(probe).to(student.device)[None]
    with torch.inference_mode():
        apart = student.causal(input_ids=ids).logits.double()
    job.check()
    merged = student.model.merge_and_unload(safe_merge=True).to(kept or torch.float32)
    with torch.inference_mode():
        together = merged(input_ids=ids).logits.double()
    facts = {
        "parameters": merged.num_parameters(),
        "dtype": str(kept or torch.float32).removeprefix("torch."),
        "probeTokens": ids.shape[1],
        "logitDifferenceMax": (together - apart).abs().max().item(),
        "greedyTokensEqual": int((together.argmax(-1) == apart.argmax(-1)).sum()),
    }
    directory = job.output("model")
    merged.save_pretrained(directory)
    copy_tokenizer_files(reference["base"], directory)
    write_model_card(directory, "Merged student", facts, note=_NOTE)
    return facts, {"model": "output/model"}


_NOTE = (
    "A LoRA adapter merged into its base. Merging is not bit-identical to base and adapter side by side: the table says "
    "how far the logits of random tokens are apart, and at how many of them the likeliest next token is the same. Scores "
    "that were measured before are those of base and adapter."
)
