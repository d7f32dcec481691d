"""Merges an adapter into its base: one model directory that loads without peft."""

from __future__ import annotations

from typing import Any

import torch

from ..errors import InputError
from ..files import copy_tokenizer_files, make_readable
from ..job import Job
from ..model_card import write_model_card
from ..models import ModelCache, load_student
from ..randomness import numpy_stream
from ..reader import checked_reference, load_config
from ..settings import read_settings

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
    # An adapter learned on a quantised base is merged into the base itself: weights of 4 bits have no room for it.
    own = {name: value for name, value in (reference.get("settings") or {}).items() if name != "quantization"}
    reference = {**reference, "settings": own}
    settings = read_settings(own)
    kept = load_config(reference["base"], settings.trust_remote_code).dtype
    with job.long_step("loading the student"):
        student = load_student(reference, models.device, torch.float32)
    probe = numpy_stream(0, "merge-probe").integers(student.vocabulary, size=min(_PROBE_TOKENS, student.context))
    ids = torch.from_numpy(probe).to(student.device)[None]
    with torch.inference_mode():
        apart = student.causal(input_ids=ids).logits.double()
    job.check()
    with job.long_step("merging"):
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
    with job.long_step("writing the model"):
        merged.save_pretrained(directory)
    copy_tokenizer_files(reference["base"], directory)
    make_readable(directory)
    write_model_card(directory, "Merged student", facts, note=_NOTE)
    return facts, {"model": "output/model"}


_NOTE = (
    "A LoRA adapter merged into its base. The merged weights are not bit-identical to base and adapter: the table "
    "gives the largest difference between their logits over random tokens, and the number of those tokens after which "
    "the most likely next token is the same. All scores of the run were measured with base and adapter."
)
