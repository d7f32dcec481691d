"""Losses, entropies, gradient sketches and generation against naive computations over full logits."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy
import pytest
import torch
from transformers import Gemma2Config, Gemma2ForCausalLM

from student_engine.decoding import decode
from student_engine.errors import InputError
from student_engine.models import Student, check_head, load_student
from student_engine.operations import gradient_sketch
from student_engine.rendering import Sequence
from student_engine.sampling import Request, Sampling
from student_engine.scoring import answer_statistics
from student_engine.training import Recipe, Row, Trainer, TrainingState
from students import bpe_tokenizer

QUESTIONS = {
    "tiny": [(f"{a}{op}{b}=", str((a * b) % 10) * (1 + a % 4)) for a in range(8) for op, b in (("+", 3), ("*%<", 7))],
    "chat": [(f"What is {a} plus {a * a}?" + " Please." * (a % 5), f"The sum is {a + a * a}.") for a in range(16)],
}


def load(directory: Path) -> Student:
    student = load_student({"base": str(directory)}, torch.device("cpu"), torch.float32)
    student.model.requires_grad_(False)
    return student


@pytest.fixture(params=["tiny", "chat"])
def case(request: pytest.FixtureRequest) -> tuple[Student, list[Sequence]]:
    student = load(request.getfixturevalue(request.param))
    prompts, answers = zip(*QUESTIONS[request.param] * 2, strict=True)
    return student, student.renderer.pairs(list(prompts), list(answers), list(map(str, range(32))))[0]


def naive(student: Student, sequence: Sequence) -> tuple[float, float]:
    with torch.no_grad():
        logits = student.causal(input_ids=torch.tensor([sequence.ids])).logits[0].double()
    logs = torch.log_softmax(logits, -1)[sequence.start - 1 : -1]
    nll = -logs[torch.arange(len(sequence.answer)), torch.tensor(sequence.answer)].sum()
    return float(nll), float(-(logs.exp() * logs).sum())


@pytest.mark.parametrize("batch", [1, 32])
def test_loss_and_entropy_are_those_of_the_full_logits(case: tuple[Student, list[Sequence]], batch: int) -> None:
    student, sequences = case
    for start in range(0, len(sequences), batch):
        part = sequences[start : start + batch]
        for sequence, loss, entropy in zip(part, *answer_statistics(student, part), strict=True):
            assert (loss, entropy) == pytest.approx(naive(student, sequence), rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("batch", [1, 32])
def test_losses_are_those_of_a_left_padded_and_masked_forward_pass(
    case: tuple[Student, list[Sequence]], batch: int
) -> None:
    student, sequences = case
    for start in range(0, len(sequences), batch):
        part = sequences[start : start + batch]
        longest = max(len(sequence.ids) for sequence in part)
        pads = [longest - len(sequence.ids) for sequence in part]
        ids = torch.tensor([[student.renderer.end] * pad + s.ids for pad, s in zip(pads, part, strict=True)])
        mask = torch.tensor([[0] * pad + [1] * len(s.ids) for pad, s in zip(pads, part, strict=True)])
        with torch.no_grad():
            positions = (mask.cumsum(1) - 1).clamp(min=0)
            logits = student.causal(input_ids=ids, attention_mask=mask, position_ids=positions).logits.double()
        losses, _ = answer_statistics(student, part)
        for row, (pad, sequence, loss) in enumerate(zip(pads, part, losses, strict=True)):
            logs = torch.log_softmax(logits[row, pad + sequence.start - 1 : -1], -1)
            expected = -logs[torch.arange(len(sequence.answer)), torch.tensor(sequence.answer)].sum()
            assert loss == pytest.approx(float(expected), rel=1e-5, abs=1e-5)


def test_chunks_of_the_head_do_not_change_the_loss(
    case: tuple[Student, list[Sequence]], monkeypatch: pytest.MonkeyPatch
) -> None:
    student, sequences = case
    whole = answer_statistics(student, sequences)
    monkeypatch.setattr("student_engine.scoring._LOGITS_PER_CHUNK", 7 * student.vocabulary)
    for value, expected in zip(answer_statistics(student, sequences), whole, strict=True):
        assert value == pytest.approx(expected, abs=1e-5)


def test_padded_and_unpadded_generation_agree_with_one_row_at_a_time(case: tuple[Student, list[Sequence]]) -> None:
    student, sequences = case
    requests = [Request(str(i), s.ids[: s.start], 6 + i % 3) for i, s in enumerate(sequences)]
    greedy = Sampling(0.0, 0)
    alone = [decode(student, [request], greedy)[0] for request in requests]
    assert decode(student, requests, greedy) == alone
    ids = torch.tensor([requests[0].ids])
    ends = list(student.renderer.ends)
    generated = student.causal.generate(
        ids, attention_mask=torch.ones_like(ids), max_new_tokens=6, do_sample=False, eos_token_id=ends, pad_token_id=0
    )
    assert generated[0, len(requests[0].ids) :].tolist() == alone[0]


def test_a_sample_does_not_depend_on_its_batch_and_another_seed_gives_another(
    case: tuple[Student, list[Sequence]],
) -> None:
    student, sequences = case
    requests = [Request(str(i), s.ids[: s.start], 8) for i, s in enumerate(sequences)]
    together = decode(student, requests, Sampling(1.0, 5))
    assert [decode(student, [request], Sampling(1.0, 5))[0] for request in requests] == together
    assert decode(student, requests, Sampling(1.0, 6)) != together


def exact_gradients(student: Student, sequences: list[Sequence]) -> torch.Tensor:
    weight = student.causal.get_output_embeddings().weight
    rows = []
    for sequence in sequences:
        # Hidden states as constants: a tied embedding would add its own gradient at the input.
        with torch.no_grad():
            hidden = student.transform(input_ids=torch.tensor([sequence.ids])).last_hidden_state[0]
        leaf = weight.detach().clone().requires_grad_()
        logits = hidden[sequence.start - 1 : -1] @ leaf.T
        torch.nn.functional.cross_entropy(logits, torch.tensor(sequence.answer)).backward()
        rows.append(leaf.grad.flatten())
    return torch.stack(rows)


def ranks(values: torch.Tensor) -> numpy.ndarray:
    return values.argsort().argsort().numpy()


@pytest.fixture(scope="module")
def half_trained(tiny: Path) -> tuple[Student, list[Sequence]]:
    """Before training all gradients are alike; distances say something once the student knows some answers."""
    student = load_student({"base": str(tiny)}, torch.device("cpu"), torch.float32, train=True)
    questions = [
        (f"{a}{op}{b}=", f"{a}{op}{b}"[:: 1 - 2 * (b % 2)]) for a in range(10) for op in "+-*%" for b in range(8)
    ]
    prompts, answers = [prompt for prompt, _ in questions], [answer for _, answer in questions]
    sequences, _ = student.renderer.pairs(prompts, answers, list(map(str, range(320))))
    rows = [Row(str(index), sequence) for index, sequence in enumerate(sequences[:200])]
    recipe = Recipe(60, 32, 3e-3, 0.05, 0.1, 0.98, 0.01, 1.0, 1)
    trainer = Trainer(student, rows, recipe, TrainingState(micro_batch_tokens=1000))
    for _ in range(recipe.steps):
        trainer.advance()
    student.model.requires_grad_(False).eval()
    return student, sequences


@pytest.mark.parametrize("exact_size", [None, 0], ids=["whole gradient projected", "sketch of outer products"])
def test_sketches_keep_the_order_of_gradient_distances(
    half_trained: tuple[Student, list[Sequence]], exact_size: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    student, sequences = half_trained
    if exact_size is not None:
        monkeypatch.setattr(gradient_sketch, "_EXACT_SIZE_MAX", exact_size)
    projections = gradient_sketch.make_projections(student, 1, 64, 512)
    sketches = gradient_sketch.gradient_sketches(student, sequences, projections)
    exact = torch.pdist(exact_gradients(student, sequences))
    assert sketches.shape == (320, 512)
    assert numpy.corrcoef(ranks(torch.pdist(sketches)), ranks(exact))[0, 1] >= 0.95


def test_a_gradient_that_is_not_projected_is_exact(
    case: tuple[Student, list[Sequence]], monkeypatch: pytest.MonkeyPatch
) -> None:
    student, sequences = case
    monkeypatch.setattr(gradient_sketch, "_EXACT_SIZE_MAX", 1 << 20)
    projections = gradient_sketch.make_projections(student, 1, 64, 1 << 20)
    torch.testing.assert_close(
        gradient_sketch.gradient_sketches(student, sequences, projections),
        exact_gradients(student, sequences),
        rtol=1e-4,
        atol=1e-6,
    )


def test_a_scaled_head_is_known_or_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer = bpe_tokenizer()
    torch.manual_seed(0)
    sizes = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "head_dim": 16,
    }
    config = Gemma2Config(
        vocab_size=len(tokenizer), num_key_value_heads=1, final_logit_softcapping=2.0, initializer_range=0.3, **sizes
    )
    Gemma2ForCausalLM(config).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    student = load(tmp_path)
    [sequence], _ = student.renderer.pairs(["What is 2?"], ["It is 2."], ["a"])
    loss, entropy = answer_statistics(student, [sequence, sequence])
    assert (loss[0], entropy[0]) == pytest.approx(naive(student, sequence), abs=1e-4)
    forward = student.causal.forward
    monkeypatch.setattr(
        student.causal, "forward", lambda **inputs: SimpleNamespace(logits=forward(**inputs).logits * 3)
    )
    with pytest.raises(InputError, match="scales logits in an unknown way"):
        check_head(student, "it")
