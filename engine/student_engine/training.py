"""The supervised finetuning loop. Order, dropout and schedule are functions of (seed, step), so resuming is exact."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.utils.checkpoint import checkpoint as recompute

from .batching import by_length
from .bitsandbytes import bitsandbytes
from .errors import InputError, is_out_of_memory
from .models import Student
from .randomness import stream_seed, torch_stream
from .rendering import Sequence
from .scoring import answer_states, chunk_size

# Batches are cut from groups of so many, sorted by length: little padding, yet neighbours differ from epoch to epoch.
_BATCHES_PER_GROUP = 8
_LOSSES_KEPT = 20


@dataclass(frozen=True)
class Recipe:
    """What decides the weights, next to the data. `warmup` and `final_rate` are shares of the steps and of the rate."""

    steps: int
    batch_size: int
    learning_rate: float
    warmup: float
    final_rate: float
    beta2: float
    weight_decay: float
    clip: float | None
    seed: int
    optimizer: str = "adamw"


@dataclass
class TrainingState:
    """What changes from step to step, next to weights and moments."""

    step: int = 0
    tokens: int = 0
    micro_batch_tokens: int = 0
    losses: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Row:
    """One row to learn from."""

    name: str
    sequence: Sequence


class BatchOrder:
    """Which rows each step sees: seeded epochs, one after another, in groups sorted by length and cut into batches."""

    def __init__(self, lengths: list[int], batch_size: int, seed: int) -> None:
        self._lengths, self._size, self._seed = lengths, batch_size, seed
        self._group: tuple[int, list[list[int]]] = (-1, [])

    def batch(self, step: int) -> list[int]:
        """Row indices of a step, a pure function of it."""
        number = step // _BATCHES_PER_GROUP
        if self._group[0] != number:
            self._group = (number, self._make_group(number))
        return self._group[1][step % _BATCHES_PER_GROUP]

    def _make_group(self, number: int) -> list[list[int]]:
        count, span = len(self._lengths), self._size * _BATCHES_PER_GROUP
        first, last = number * span, (number + 1) * span
        rows: list[int] = []
        for epoch in range(first // count, (last - 1) // count + 1):
            order = torch.randperm(count, generator=torch_stream(self._seed, "order", epoch)).tolist()
            rows += order[max(0, first - epoch * count) : last - epoch * count]
        rows.sort(key=lambda row: self._lengths[row])
        batches = [rows[start : start + self._size] for start in range(0, span, self._size)]
        shuffle = torch.randperm(_BATCHES_PER_GROUP, generator=torch_stream(self._seed, "group", number)).tolist()
        return [batches[place] for place in shuffle]


def rate_at(recipe: Recipe, step: int) -> float:
    """Learning rate of a step: linear warm-up, then a cosine down to the final share."""
    warmup = round(recipe.warmup * recipe.steps)
    if step < warmup:
        return recipe.learning_rate * (step + 1) / warmup
    progress = (step - warmup) / max(1, recipe.steps - warmup)
    share = recipe.final_rate + (1 - recipe.final_rate) * 0.5 * (1 + math.cos(math.pi * progress))
    return recipe.learning_rate * share


class Trainer:
    """Weights, optimizer and state of one finetuning. `advance()` makes one optimizer step."""

    def __init__(
        self,
        student: Student,
        rows: list[Row],
        recipe: Recipe,
        state: TrainingState,
        on_micro_batch: Callable[[], None] = lambda: None,
    ) -> None:
        self.student, self.rows, self.recipe, self.state = student, rows, recipe, state
        self._on_micro_batch = on_micro_batch
        self.parameters = {n: p for n, p in student.model.named_parameters() if p.requires_grad}
        self.order = BatchOrder([len(row.sequence.ids) for row in rows], recipe.batch_size, recipe.seed)
        self.optimizer = make_optimizer(list(self.parameters.values()), recipe)
        student.model.train()

    def advance(self) -> None:
        """One step over one global batch. Out of memory halves the micro-batches and repeats the step."""
        batch = [self.rows[index] for index in self.order.batch(self.state.step)]
        while True:
            torch.manual_seed(stream_seed(self.recipe.seed, "dropout", self.state.step))
            self.optimizer.zero_grad(set_to_none=True)
            try:
                loss, tokens = self._accumulate(batch)
                break
            except Exception as error:
                longest = max(len(row.sequence.ids) for row in batch)
                if not is_out_of_memory(error) or self.state.micro_batch_tokens <= longest:
                    raise
            self._halve(batch)
        names = ", ".join(row.name for row in batch)
        if not math.isfinite(loss):
            raise InputError(
                f"The loss became {loss} at step {self.state.step + 1}, rows {names}.",
                "Lower the learning rate, or look at these rows.",
            )
        norm = torch.nn.utils.clip_grad_norm_(self.parameters.values(), self.recipe.clip or math.inf)
        if not math.isfinite(norm.item()):
            raise InputError(
                f"The gradient became {norm.item()} at step {self.state.step + 1}, rows {names}.",
                "Lower the learning rate, or look at these rows.",
            )
        for group in self.optimizer.param_groups:
            group["lr"] = rate_at(self.recipe, self.state.step)
        self.optimizer.step()
        self.state.step += 1
        self.state.tokens += tokens
        self.state.losses = [*self.state.losses, loss][-_LOSSES_KEPT:]

    def _halve(self, batch: list[Row]) -> None:
        # The budget may be far above what this batch needs; then halving it would change nothing.
        needed = max(len(row.sequence.ids) for row in batch) * len(batch)
        self.optimizer.zero_grad(set_to_none=True)
        self.state.micro_batch_tokens = min(self.state.micro_batch_tokens, needed) // 2
        if self.student.device.type == "cuda":
            torch.cuda.empty_cache()

    def _accumulate(self, batch: list[Row]) -> tuple[float, int]:
        """Gradients of (sum over answer tokens) / (answer tokens of the global batch), however it is cut."""
        tokens = sum(len(row.sequence.answer) for row in batch)
        total = 0.0
        for part in by_length([len(row.sequence.ids) for row in batch], self.state.micro_batch_tokens):
            with _precision(self.student.device):
                loss = answer_loss(self.student, [batch[index].sequence for index in part]) / tokens
            loss.backward()
            total += loss.item()
            self._on_micro_batch()
        return total, tokens


def answer_loss(student: Student, sequences: list[Sequence]) -> torch.Tensor:
    """Summed cross-entropy of answer tokens in fp32; the logits of a chunk are made again in the backward pass."""
    answers = answer_states(student, sequences)
    size = chunk_size(student)
    if len(answers.labels) <= size:
        return _chunk_loss(student, answers.hidden, answers.labels)
    parts = zip(answers.hidden.split(size), answers.labels.split(size), strict=True)
    return torch.stack(
        [recompute(_chunk_loss, student, hidden, labels, use_reentrant=False) for hidden, labels in parts]
    ).sum()


def _chunk_loss(student: Student, hidden: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.cross_entropy(student.head(hidden), labels, reduction="sum")


def make_optimizer(parameters: list[torch.nn.Parameter], recipe: Recipe) -> torch.optim.Optimizer:
    """AdamW, or the one whose moments have 8 bits; only matrices decay."""
    groups = [
        {"params": [p for p in parameters if p.ndim >= 2], "weight_decay": recipe.weight_decay},
        {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    if recipe.optimizer == "adamw-8bit":
        optimizers = bitsandbytes("student.finetune.optimizer: adamw-8bit").optim
        return optimizers.AdamW8bit(groups, lr=recipe.learning_rate, betas=(0.9, recipe.beta2))
    return torch.optim.AdamW(groups, lr=recipe.learning_rate, betas=(0.9, recipe.beta2), fused=True)


def _precision(device: torch.device) -> Any:
    """Trained weights are fp32; on a GPU the products are made in bf16."""
    return torch.autocast("cuda", torch.bfloat16) if device.type == "cuda" else contextlib.nullcontext()


def trainer_tensors(trainer: Trainer) -> dict[str, torch.Tensor]:
    """Weights and the optimizer's state by name, for a checkpoint; a number of the state is a tensor without size."""
    tensors = {f"weight/{name}": p.detach() for name, p in trainer.parameters.items()}
    for name, parameter in trainer.parameters.items():
        for part, value in trainer.optimizer.state[parameter].items():
            tensors[f"{part}/{name}"] = value if isinstance(value, torch.Tensor) else torch.tensor(value)
    return tensors


@torch.no_grad()
def restore_trainer(trainer: Trainer, tensors: dict[str, torch.Tensor]) -> None:
    """Puts a checkpoint back, and makes sure that it took: resuming fresh must never pass silently."""
    parts: dict[str, dict[str, torch.Tensor]] = {}
    for key, tensor in tensors.items():
        part, name = key.split("/", 1)
        parts.setdefault(name, {})[part] = tensor
    whole = {name for name, state in parts.items() if {"weight", "step"} <= state.keys()}
    if whole != set(trainer.parameters):
        odd = sorted(whole ^ set(trainer.parameters))[0]
        raise RuntimeError(f"The checkpoint is of another model: {odd!r} is on one side only.")
    is_changed, has_moments = False, False
    for name, parameter in trainer.parameters.items():
        state = {part: tensor.to(parameter.device) for part, tensor in parts[name].items()}
        saved, step = state.pop("weight"), state["step"]
        is_changed = is_changed or not torch.equal(saved, parameter)
        has_moments = has_moments or any(t.any() for part, t in state.items() if part in ("exp_avg_sq", "state2"))
        parameter.copy_(saved)
        if step.dtype == torch.int64:  # bitsandbytes counts in Python
            state["step"] = int(step)  # type: ignore[assignment]
        trainer.optimizer.state[parameter] = state
        if int(step) != trainer.state.step:
            raise RuntimeError(f"The optimizer of {name!r} is not at step {trainer.state.step}.")
    if not is_changed or not has_moments:
        raise RuntimeError(f"The state resumed at step {trainer.state.step} is fresh.")
