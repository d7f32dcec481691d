"""The training loop's arithmetic, without a process."""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch

from student_engine.errors import InputError
from student_engine.models import Student, load_student
from student_engine.rendering import Sequence
from student_engine.training import (
    BatchOrder,
    Recipe,
    Row,
    Trainer,
    TrainingState,
    rate_at,
    restore_trainer,
    trainer_tensors,
)

RECIPE = Recipe(
    steps=100,
    batch_size=16,
    learning_rate=1e-2,
    warmup=0.1,
    final_rate=0.1,
    beta2=0.98,
    weight_decay=0.01,
    clip=1.0,
    seed=1,
)


def trainer(directory: Path, micro_batch_tokens: int = 1000, **recipe: Any) -> Trainer:
    student = load_student({"base": str(directory)}, torch.device("cpu"), torch.float32, train=True)
    prompts = [f"{a}+{b}=" + "+" * (a % 3) for a in range(10) for b in range(4)]
    sequences, _ = student.renderer.pairs(prompts, ["12"[: 1 + i % 2] for i in range(40)], list(map(str, range(40))))
    rows = [Row(str(i), sequence) for i, sequence in enumerate(sequences)]
    state = TrainingState(micro_batch_tokens=micro_batch_tokens)
    return Trainer(student, rows, dataclasses.replace(RECIPE, **recipe), state)


def test_every_epoch_sees_every_row_once_and_order_is_a_function_of_the_step() -> None:
    order = BatchOrder([i % 7 for i in range(96)], 16, 3)
    steps = [order.batch(step) for step in range(24)]
    seen = Counter(row for batch in steps for row in batch)
    assert set(seen.values()) == {4} and len(seen) == 96
    for step in (23, 0, 11):
        assert BatchOrder([i % 7 for i in range(96)], 16, 3).batch(step) == steps[step]
    assert BatchOrder([i % 7 for i in range(96)], 16, 4).batch(0) != steps[0]


def test_batches_have_similar_lengths() -> None:
    lengths = [i % 32 for i in range(1024)]
    order = BatchOrder(lengths, 16, 1)
    spreads = [
        max(lengths[row] for row in order.batch(s)) - min(lengths[row] for row in order.batch(s)) for s in range(8)
    ]
    assert max(spreads) <= 8


def test_the_rate_warms_up_and_falls_to_its_final_share() -> None:
    assert rate_at(RECIPE, 0) == pytest.approx(1e-3)
    assert rate_at(RECIPE, 9) == rate_at(RECIPE, 10) == pytest.approx(1e-2)
    assert rate_at(RECIPE, 55) == pytest.approx(5.5e-3)
    assert rate_at(RECIPE, 99) == pytest.approx(1e-3, rel=0.01)


def test_micro_batches_give_the_gradient_of_the_whole_batch(tiny: Path) -> None:
    whole, cut = trainer(tiny), trainer(tiny, micro_batch_tokens=20)
    for each in (whole, cut):
        each._accumulate(each.rows[:16])
    for name, parameter in whole.parameters.items():
        torch.testing.assert_close(parameter.grad, cut.parameters[name].grad, rtol=1e-4, atol=1e-6)


def test_out_of_memory_halves_the_micro_batch_and_keeps_the_batch(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from student_engine import training

    calm, pressed = trainer(tiny), trainer(tiny)
    calm.advance()
    real = training.answer_loss

    def limited(student: Student, sequences: list[Sequence]) -> torch.Tensor:
        if len(sequences) > 5:
            raise torch.OutOfMemoryError("no memory")
        return real(student, sequences)

    monkeypatch.setattr(training, "answer_loss", limited)
    pressed.advance()
    assert pressed.state.micro_batch_tokens < 60 and pressed.state.step == 1
    assert pressed.state.tokens == calm.state.tokens
    assert pressed.state.losses == pytest.approx(calm.state.losses, rel=1e-5)


def test_a_loss_that_is_no_number_stops_with_step_and_rows(tiny: Path) -> None:
    broken = trainer(tiny)
    broken.advance()
    with torch.no_grad():
        next(iter(broken.parameters.values()))[5:] = torch.nan
    with pytest.raises(InputError, match=r"became nan at step 2, rows \d+, \d+"):
        broken.advance()


def test_a_checkpoint_that_would_resume_fresh_is_refused(tiny: Path) -> None:
    trained = trainer(tiny)
    for _ in range(2):
        trained.advance()
    tensors = {name: tensor.clone() for name, tensor in trainer_tensors(trained).items()}

    def restore(change: dict[str, torch.Tensor | None], match: str) -> None:
        fresh = trainer(tiny)
        fresh.state.step = 2
        changed = {n: t for n, t in {**tensors, **change}.items() if t is not None}
        with pytest.raises(RuntimeError, match=match):
            restore_trainer(fresh, changed)

    name = next(iter(trained.parameters))
    initial = {f"weight/{n}": p.detach() for n, p in trainer(tiny).parameters.items()}
    restore(initial, "is fresh")
    restore({n: torch.zeros_like(t) for n, t in tensors.items() if n.startswith("exp_avg_sq/")}, "is fresh")
    restore({f"step/{name}": torch.tensor(0.0)}, "is not at step 2")
    restore({f"weight/{name}": None}, "of another model")
