"""
What a run will do with a student, done once in small before anything is bought: decode, find the answer in what is
learned, train a step, save, load. A student that would fail later, or answer wrongly in silence, is refused here.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from .decoding import cache_parameter, decode
from .errors import InputError
from .footprint import MICRO_BATCH_TOKENS, must_recompute
from .models import Student, load_student
from .rendering import Sequence
from .sampling import Request, Sampling
from .scoring import answer_statistics
from .settings import read_settings
from .trainable import Method, save_student, trainable_student
from .training import Recipe, Row, Trainer, TrainingState

_ROWS = (
    ("What is 2 + 3?", "2 + 3 = 5.\nThe answer is 5"),
    ("Name three colours, one a line, and say nothing else.", "red\ngreen\nblue"),
    ("Is 7 a prime number? Answer with yes or no, and with a reason of one sentence.", "Yes: 1 and 7 alone divide it."),
)
# Rows of a batch end at different steps, and more than half of them early: then the others move in the cache.
_NEW_TOKENS = (2, 3, 8)
# Logits this close are a tie: which of the tokens is taken then may depend on the batch, in bf16 above all.
_TIE = {torch.float32: 1e-3, torch.bfloat16: 0.15, torch.float16: 0.05}
_LOSS_TOLERANCE = {torch.float32: 1e-3, torch.bfloat16: 0.05, torch.float16: 0.05}


@dataclass(frozen=True)
class Speed:
    """What was measured on the way, in tokens a second; small batches, so a run is rather faster."""

    decode: float
    train: float


def rehearse_decoding(student: Student, source: str) -> float:
    """
    Greedy answers of a ragged batch against forward passes over whole rows without a cache. Returns tokens a second.
    Raises `InputError` where they differ.
    """
    cache_parameter(student)
    prompts = student.renderer.prompts([prompt for prompt, _ in _ROWS], [f"probe {i + 1}" for i in range(len(_ROWS))])
    if student.is_recurrent:
        shortest = min(map(len, prompts))
        prompts = [ids[:shortest] for ids in prompts]
    requests = [Request(str(i), ids, most) for i, (ids, most) in enumerate(zip(prompts, _NEW_TOKENS, strict=True))]
    began = time.monotonic()
    answers = decode(student, requests, Sampling(0.0, 0))
    speed = sum(map(len, answers)) / (time.monotonic() - began)
    for request, answer in zip(requests, answers, strict=True):
        for place, token in enumerate(answer):
            best, gap = _next_token(student, request.ids + answer[:place], token)
            if gap > _TIE[student.causal.dtype]:
                raise InputError(
                    f"{source}: {type(student.causal).__name__} answers otherwise in a batch with a cache than alone "
                    f"and without one: token {place + 1} is {token}, where it should be {best}.",
                    "Its architecture is not supported; choose another student.",
                )
    return speed


@torch.inference_mode()
def _next_token(student: Student, ids: list[int], taken: int) -> tuple[int, float]:
    """The most likely token after ids, and by how much its logit is above that of the one that was taken."""
    inputs = torch.tensor([ids], device=student.device)
    logits = student.head(student.transform(input_ids=inputs, use_cache=False).last_hidden_state[0, -1])
    best = int(logits.argmax())
    return best, float(logits[best] - logits[taken])


def rehearse_labels(student: Student, source: str) -> list[Sequence]:
    """What is learned of a row must read back as its answer, and end the turn once. Raises `InputError` otherwise."""
    renderer = student.renderer
    sequences = []
    for prompt, answer in _ROWS:
        [sequence], _ = renderer.pairs([prompt], [answer], ["probe"])
        got = renderer.text(sequence.answer)
        if got.strip() != answer or sequence.answer[-1] != renderer.end:
            raise InputError(
                f"{source}: what the student would learn of the answer {answer!r} reads {got!r}.",
                "Its tokenizer or chat template loses part of an answer; choose another student.",
            )
        if sequence.answer.count(renderer.end) != 1:
            raise InputError(f"{source}: the chat template ends a turn {sequence.answer.count(renderer.end)} times.")
        sequences.append(sequence)
    return sequences


def rehearse_training(
    reference: dict[str, Any], method: Method, device: torch.device, scratch: Path, source: str
) -> float:
    """One step, saved and loaded again: the loss must be the same. Returns tokens a second of the step."""
    settings = read_settings(reference.get("settings"))
    recompute = must_recompute(reference["base"], settings, method, device, MICRO_BATCH_TOKENS)
    student = trainable_student(reference, method, device, recompute)
    sequences = rehearse_labels(student, source)
    rows = [Row(f"probe {index + 1}", sequence) for index, sequence in enumerate(sequences)]
    recipe = Recipe(1, len(rows), 1e-4, 0.0, 1.0, 0.999, 0.0, 1.0, method.seed, method.optimizer)
    trainer = Trainer(student, rows, recipe, TrainingState(micro_batch_tokens=1024))
    began = time.monotonic()
    try:
        trainer.advance()
    except (AttributeError, KeyError, IndexError, TypeError, ValueError, NotImplementedError) as error:
        # An architecture may read the weights that an adapter has wrapped, or lack a backward pass.
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise InputError(
            f"{source}: {type(student.causal).__name__} cannot be finetuned with method {method.method}: {reason}",
            "Choose another student.finetune.method, or another student.",
        ) from error
    speed = sum(len(sequence.ids) for sequence in sequences) / (time.monotonic() - began)
    unreached = [name for name, parameter in trainer.parameters.items() if parameter.grad is None]
    if len(unreached) == len(trainer.parameters):
        raise InputError(f"{source}: no weight of {type(student.causal).__name__} gets a gradient.")
    student.model.eval()
    with torch.no_grad():
        before, _ = answer_statistics(student, sequences)
    is_adapter = student.causal is not student.model
    save_student(student, reference, scratch)
    del trainer
    dtype = student.causal.dtype
    student = load_student(
        {**reference, "adapter": str(scratch)} if is_adapter else {**reference, "base": str(scratch)}, device, dtype
    )
    after, _ = answer_statistics(student, sequences)
    for one, other in zip(before, after, strict=True):
        if abs(one - other) > _LOSS_TOLERANCE[dtype] * max(1.0, abs(one)):
            raise InputError(
                f"{source}: a finetuned {type(student.causal).__name__} that was saved and loaded has a loss of "
                f"{other:.6g}, where it had {one:.6g}.",
                "transformers or peft does not save all of it; choose another student or method.",
            )
    return speed


def rehearse(
    reference: dict[str, Any],
    method: Method,
    device: torch.device,
    scratch: Path,
    source: str,
    step: Callable[[str], Any],
) -> Speed:
    """All of it, in the order in which a run would meet it. `step` is put around each part, with its name."""
    with step("rehearsal: loading"):
        student = load_student(reference, device)
    rehearse_labels(student, source)
    with step("rehearsal: answering"):
        decode_speed = rehearse_decoding(student, source)
    del student
    with step(f"rehearsal: one {method.method} training step, saved and loaded"):
        train_speed = rehearse_training(reference, method, device, scratch, source)
    return Speed(decode_speed, train_speed)
