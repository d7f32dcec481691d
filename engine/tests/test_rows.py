"""A property of one row, or of a student that is brought in, is said before it costs anything."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM

from engine_process import Engine, read_lines, write_lines
from student_engine.checkpoints import Checkpoint, CheckpointSaver, CheckpointStore
from student_engine.errors import InputError
from student_engine.footprint import footprint_of, refuse_what_cannot_fit
from student_engine.settings import StudentSettings
from student_engine.trainable import Method, tower_modules
from students import TEMPLATE, make_chat_student

ROWS = [
    {"id": "good", "prompt": "1+2=", "answer": "3"},
    {"id": "surrogate", "prompt": "1+2=", "answer": "\ud83d"},
    {"id": "alphabet", "prompt": "1+Z=", "answer": "3"},
    {"id": "long", "prompt": "1+2=" * 80, "answer": "3"},
]
REASONS = {
    "surrogate": "has half of a surrogate pair, which is not a character",
    "alphabet": "has the character 'Z' (U+005A), which is not in the student's alphabet",
    "long": "is longer than the 256 tokens that the student can hold",
}


def model_of(directory: Path) -> dict[str, Any]:
    return {"base": str(directory), "adapter": None, "key": str(directory)}


def test_rows_are_checked_one_by_one_before_they_are_accepted(engine: Engine, tiny: Path, tmp_path: Path) -> None:
    inputs = {"rows": write_lines(tmp_path / "rows.jsonl", ROWS)}
    result = engine.run(tmp_path / "job", "check-rows", model=model_of(tiny), inputs=inputs)
    assert result["metrics"] == {"rows": 4, "rejectedRows": 3}
    lines = read_lines(tmp_path / "job" / result["outputs"]["checked-rows"])
    assert {line["id"]: line["rejection"] for line in lines} == {"good": None, **REASONS}
    assert lines[0]["tokens"] == 6


def test_a_shorter_length_of_the_settings_is_the_students_length(engine: Engine, tiny: Path, tmp_path: Path) -> None:
    inputs = {"rows": write_lines(tmp_path / "rows.jsonl", ROWS[:1])}
    model = {**model_of(tiny), "settings": {"maxLength": 5}}
    engine.run(tmp_path / "job", "check-rows", model=model, inputs=inputs)
    [line] = read_lines(tmp_path / "job/output/checked-rows.jsonl")
    assert line["rejection"] == "is longer than the 5 tokens that the student can hold"


def test_a_finetune_leaves_bad_rows_out_by_name_and_fails_only_where_none_is_left(
    engine: Engine, tiny: Path, tmp_path: Path
) -> None:
    parameters = {"method": "full", "steps": 1, "seed": 1}
    inputs = {"rows": write_lines(tmp_path / "rows.jsonl", ROWS)}
    job = {"model": model_of(tiny), "parameters": parameters}
    result = engine.run(tmp_path / "some", "finetune", inputs=inputs, **job)
    assert (result["metrics"]["rows"], result["metrics"]["droppedRows"]) == (1, 3)
    assert sorted(warning.split("'")[1] for warning in result["metrics"]["warnings"]) == sorted(REASONS)
    inputs = {"rows": write_lines(tmp_path / "bad.jsonl", ROWS[1:])}
    error = engine.run(tmp_path / "none", "finetune", inputs=inputs, **job)
    assert error["code"] == "input" and "No row to learn from: 3 were given" in error["message"]


def test_a_seed_that_cannot_be_read_gets_no_answer_and_the_others_do(
    engine: Engine, tiny: Path, tmp_path: Path
) -> None:
    inputs = {"prompts": write_lines(tmp_path / "prompts.jsonl", ROWS[:3])}
    result = engine.run(
        tmp_path / "job", "predict", model=model_of(tiny), inputs=inputs, parameters={"maxNewTokens": 4}
    )
    lines = {line["id"]: line for line in read_lines(tmp_path / "job" / result["outputs"]["predictions"])}
    assert lines["alphabet"] == {"id": "alphabet", "text": "", "tokenIds": [], "finish": "unreadable"}
    assert lines["good"]["tokenIds"] and len(lines) == 3
    assert "row 'alphabet' has the character 'Z'" in result["metrics"]["warnings"][0]


def test_a_tiny_student_with_an_unknown_token_reads_any_text_and_writes_what_it_knows(
    engine: Engine, tmp_path: Path
) -> None:
    parameters = {"alphabet": "abc ", "unknownToken": True, "seed": 1}
    made = engine.run(tmp_path / "tiny", "init-tiny", parameters=parameters)
    model = model_of(tmp_path / "tiny" / made["outputs"]["model"])
    rows = [{"id": "a", "prompt": "é b", "answer": "abc"}, {"id": "b", "prompt": "a", "answer": "é"}]
    engine.run(tmp_path / "job", "check-rows", model=model, inputs={"rows": write_lines(tmp_path / "rows.jsonl", rows)})
    lines = read_lines(tmp_path / "job/output/checked-rows.jsonl")
    reasons = [line["rejection"] for line in lines]
    assert reasons == [None, "has an answer with characters that the student cannot write"]


def test_a_student_is_rehearsed_when_it_is_imported(engine: Engine, chat: Path, tmp_path: Path) -> None:
    parameters = {"source": str(chat), "method": "lora", "rank": 4}
    result = engine.run(tmp_path / "good", "import", parameters=parameters)
    metrics = result["metrics"]
    assert metrics["trainedParameters"] > 0 and metrics["decodeTokensPerSecond"] > 0
    assert metrics["finetuneBytes"] > metrics["parameters"] * 4
    lost = make_chat_student(tmp_path / "lost", TEMPLATE.replace("m['content'] | trim", "m['content'] | upper"))
    error = engine.run(tmp_path / "bad", "import", parameters={"source": str(lost)})
    assert error["code"] == "input" and "does not write the assistant's answer as it was given" in error["message"]
    error = engine.run(tmp_path / "targets", "import", parameters={**parameters, "targetModules": ["no_such_layer"]})
    assert error["code"] == "input" and error["message"].startswith("LoRA does not suit LlamaForCausalLM")
    assert not list((tmp_path / "targets").glob(".tmp-*"))


def test_what_cannot_fit_is_refused_with_what_would(
    chat: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = torch.device("cpu")
    sizes = {
        method: footprint_of(str(chat), StudentSettings(), Method(method, 1, rank=1), device, 64)
        for method in ("full", "lora")
    }
    assert sizes["lora"].trained_parameters < sizes["full"].trained_parameters == sizes["full"].parameters
    between = (sizes["lora"].finetune + sizes["full"].finetune) // 2
    monkeypatch.setattr("student_engine.footprint.device_memory", lambda device: between)
    refuse_what_cannot_fit(sizes["lora"], sizes, device, tmp_path, "it")
    with pytest.raises(InputError, match="GiB to be finetuned") as refused:
        refuse_what_cannot_fit(sizes["full"], sizes, device, tmp_path, "it")
    hint = refused.value.hint or ""
    assert hint.startswith("This would fit") and hint.endswith(": lora")


def test_the_footprint_counts_the_weights_that_the_model_has(chat: Path) -> None:
    loaded = AutoModelForCausalLM.from_pretrained(chat)
    size = footprint_of(str(chat), StudentSettings(), Method("full", 1), torch.device("cpu"), 64)
    assert size.parameters == loaded.num_parameters()
    assert tower_modules(loaded) == []


def test_checkpoints_are_no_oftener_than_they_are_worth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    saved: list[int] = []
    store = CheckpointStore(tmp_path)
    real = store.save

    def slow(checkpoint: Checkpoint) -> None:
        now[0] += 100
        real(checkpoint)

    monkeypatch.setattr(store, "save", slow)
    saver = CheckpointSaver(store, None, saved.append)
    now[0] = 61
    assert saver.is_due()
    weights = torch.ones(3)
    saver.save(Checkpoint(1, {"weight": weights}, {}))
    weights.zero_()
    saver.finish()
    newest = store.newest(pytest.fail)
    assert saved == [1] and newest is not None and newest.tensors["weight"].tolist() == [1, 1, 1]
    now[0] += 290
    assert not saver.is_due()
    now[0] += 20
    assert saver.is_due()


def test_a_checkpoint_that_cannot_be_written_fails_the_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = CheckpointStore(tmp_path)

    def full(checkpoint: Checkpoint) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "save", full)
    saver = CheckpointSaver(store, 0, lambda step: None)
    saver.save(Checkpoint(1, {}, {}))
    with pytest.raises(OSError, match="No space left"):
        saver.finish()


def test_an_exported_file_can_be_read_by_others(engine: Engine, tiny: Path, tmp_path: Path) -> None:
    inputs = {"rows": write_lines(tmp_path / "rows.jsonl", ROWS[:1])}
    parameters = {"method": "lora", "steps": 1, "seed": 1, "rank": 2}
    engine.run(tmp_path / "job", "finetune", model=model_of(tiny), inputs=inputs, parameters=parameters)
    folder = tmp_path / "job/output/adapter"
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
    assert len(set(modes.values())) == 1
    assert "AutoPeftModelForCausalLM" in (folder / "README.md").read_text()
    assert json.loads((folder / "adapter_config.json").read_text())["r"] == 2
