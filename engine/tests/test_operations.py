"""Whole jobs through one warm engine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy
import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer

from engine_process import Engine, read_lines, write_lines

ROWS = [{"id": f"r{a}{b}", "prompt": f"{a}+{b}=", "answer": str((a + b) % 10)} for a in range(10) for b in range(10)]


def model(directory: Path, key: str, adapter: Path | None = None) -> dict[str, Any]:
    return {"base": str(directory), "adapter": str(adapter) if adapter else None, "key": key}


def succeed(engine: Engine, directory: Path, op: str, **spec: Any) -> dict[str, Any]:
    result = engine.run(directory, op, **spec)
    assert result["event"] == "result", result
    return result


def test_a_student_learns_predicts_and_is_sure_of_what_it_learnt(engine: Engine, tiny: Path, tmp_path: Path) -> None:
    rows = write_lines(tmp_path / "rows.jsonl", ROWS[:60])
    more = write_lines(tmp_path / "more.jsonl", ROWS[60:])
    recipe = {"method": "full", "learningRate": 3e-3, "batchSize": 25, "beta2": 0.98, "seed": 1, "epochs": 60}
    tuned = succeed(
        engine, tmp_path / "tune", "finetune", model=model(tiny, "t"), inputs={"rows": rows + more}, parameters=recipe
    )
    assert tuned["metrics"] | {"finalLoss": 0} == {
        "steps": 240,
        "rows": 100,
        "droppedRows": 0,
        "tokens": 12000,
        "finalLoss": 0,
    }
    student = tmp_path / "tune" / tuned["outputs"]["model"]
    prompts = write_lines(tmp_path / "prompts.jsonl", ROWS)
    succeed(
        engine,
        tmp_path / "predict",
        "predict",
        model=model(student, "s"),
        inputs={"prompts": prompts},
        parameters={"maxNewTokens": 5},
    )
    predictions = read_lines(tmp_path / "predict/output/predictions.jsonl")
    assert [p["id"] for p in predictions] == [row["id"] for row in ROWS]
    assert (
        sum(p["text"] == row["answer"] and p["finish"] == "stop" for p, row in zip(predictions, ROWS, strict=True))
        >= 95
    )
    assert all(p["tokenIds"][-1] == 1 and 1 not in p["tokenIds"][:-1] for p in predictions if p["finish"] == "stop")
    own = [
        {"id": p["id"], "prompt": row["prompt"], "tokenIds": p["tokenIds"]}
        for p, row in zip(predictions, ROWS, strict=True)
    ]
    scores = {}
    for name, answers in {"own": own, "written": ROWS, "wrong": [{**row, "answer": "%"} for row in ROWS]}.items():
        inputs = {"answers": write_lines(tmp_path / f"{name}.jsonl", answers)}
        succeed(engine, tmp_path / f"score-{name}", "score", model=model(student, "s"), inputs=inputs)
        scores[name] = read_lines(tmp_path / f"score-{name}/output/scores.jsonl")
    assert all(line["tokens"] == 2 for line in scores["written"])
    same = [
        (o, w)
        for p, row, o, w in zip(predictions, ROWS, scores["own"], scores["written"], strict=True)
        if p["text"] == row["answer"]
    ]
    assert all(o == w for o, w in same)
    assert sum(line["nllSum"] for line in scores["own"]) < 100 < sum(line["nllSum"] for line in scores["wrong"])
    ordinary = AutoModelForCausalLM.from_pretrained(student)
    ids = AutoTokenizer.from_pretrained(student)("3+4=", return_tensors="pt").input_ids
    assert ordinary(ids).logits[0, -1].argmax() == AutoTokenizer.from_pretrained(student)("7").input_ids[0]


def test_a_chat_student_learns_by_lora_and_the_adapter_loads(engine: Engine, chat: Path, tmp_path: Path) -> None:
    rows = [{"prompt": f"What is {a}?", "answer": f"It is {a}."} for a in range(12)]
    rows.append({"prompt": "What is long?", "answer": "very " * 300})
    inputs = {"rows": write_lines(tmp_path / "rows.jsonl", rows)}
    warnings: list[str] = []
    engine.start(
        tmp_path / "tune",
        "finetune",
        model=model(chat, "c"),
        inputs=inputs,
        parameters={
            "method": "lora",
            "rank": 8,
            "alpha": 16,
            "learningRate": 1e-2,
            "batchSize": 12,
            "steps": 60,
            "seed": 1,
        },
    )
    result = engine.finish(lambda event: warnings.append(event["message"]) if event["event"] == "warn" else None)
    assert result["metrics"]["droppedRows"] == 1 and result["metrics"]["rows"] == 12
    assert warnings == ["Row '12' is longer than 256 tokens: it has 1222; it is left out."]
    adapter = tmp_path / "tune" / result["outputs"]["adapter"]
    prompts = {"prompts": write_lines(tmp_path / "prompts.jsonl", rows[:12])}
    succeed(
        engine,
        tmp_path / "predict",
        "predict",
        model=model(chat, "c+a", adapter),
        inputs=prompts,
        parameters={"maxNewTokens": 30},
    )
    predictions = read_lines(tmp_path / "predict/output/predictions.jsonl")
    assert sum(p["text"] == row["answer"] for p, row in zip(predictions, rows, strict=False)) >= 10
    loaded = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(chat), adapter)
    assert any(parameter.any() for name, parameter in loaded.named_parameters() if "lora_B" in name)
    assert AutoTokenizer.from_pretrained(adapter).chat_template
    assert str(tmp_path) not in (adapter / "adapter_config.json").read_text() + (adapter / "README.md").read_text()
    # Going on from an adapter keeps what it knows.
    again = succeed(
        engine,
        tmp_path / "more",
        "finetune",
        model=model(chat, "c+a", adapter),
        inputs=inputs,
        parameters={"method": "lora", "learningRate": 1e-4, "batchSize": 12, "steps": 2, "seed": 1},
    )
    assert again["metrics"]["finalLoss"] < 0.5
    # Merged, it is one model that loads without peft and says the same, though not bit for bit.
    merged = succeed(engine, tmp_path / "merge", "merge", model=model(chat, "c+a", adapter))
    whole = tmp_path / "merge" / merged["outputs"]["model"]
    assert 0 < merged["metrics"]["logitDifferenceMax"] < 1e-3
    assert "not bit-identical" in (whole / "README.md").read_text()
    assert not list(whole.glob("adapter*")) and AutoTokenizer.from_pretrained(whole).chat_template
    assert AutoModelForCausalLM.from_pretrained(whole).dtype == torch.float32
    succeed(
        engine,
        tmp_path / "predict-merged",
        "predict",
        model=model(whole, "merged"),
        inputs=prompts,
        parameters={"maxNewTokens": 30},
    )
    assert read_lines(tmp_path / "predict-merged/output/predictions.jsonl") == predictions


def test_gradient_sketches_feed_kmeans_and_an_empty_answer_is_never_selected(
    engine: Engine, tiny: Path, tmp_path: Path
) -> None:
    answers: list[dict[str, Any]] = [{name: row[name] for name in ("id", "prompt", "answer")} for row in ROWS[:30]]
    answers[3] = {"id": "empty", "prompt": "1+1=", "tokenIds": []}
    inputs = {"answers": write_lines(tmp_path / "answers.jsonl", answers)}
    job, seed = tmp_path / "sketch", {"seed": 1}
    result = succeed(engine, job, "gradient-sketch", model=model(tiny, "t"), inputs=inputs, parameters=seed)
    assert result["metrics"] == {"rows": 30, "emptyRows": 1, "dimensions": 512}
    path = job / result["outputs"]["gradient-sketches"]
    assert numpy.isnan(numpy.load(path)[3]).all() and numpy.isfinite(numpy.load(path)).sum() == 29 * 512
    shards = {"points": [str(path), str(path)]}
    succeed(engine, tmp_path / "kmeans", "kmeans", inputs=shards, parameters={"count": 58, "seed": 1})
    lines = read_lines(tmp_path / "kmeans/output/indices.jsonl")
    assert sorted(line["index"] for line in lines) == [i for i in range(60) if i % 30 != 3]
    assert [line["rank"] for line in lines] == list(range(58))


def test_however_many_shards_a_job_has_its_rows_get_the_same_bits(
    engine: Engine, chat: Path, reward_model: Path, tmp_path: Path
) -> None:
    rows: list[dict[str, Any]] = [
        {"id": str(a), "prompt": f"What is {a}?" + " Please." * (a % 7), "answer": "It is. " * (a % 5) + str(a)}
        for a in range(40)
    ]
    rows[5] |= {"tokenIds": []}
    answers = write_lines(tmp_path / "a.jsonl", rows)
    jobs: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
        "predict": (model(chat, "c"), {"prompts": answers}, "predictions.jsonl"),
        "score": (model(chat, "c"), {"answers": answers}, "scores.jsonl"),
        "reward": (model(reward_model, "r"), {"answers": answers}, "rewards.jsonl"),
        "gradient-sketch": (model(chat, "c"), {"answers": answers}, "gradient-sketches.npy"),
    }
    for op, (student, inputs, name) in jobs.items():
        parameters = {"batchTokens": 200} | {"predict": {"maxNewTokens": 4}, "gradient-sketch": {"seed": 1}}.get(op, {})
        succeed(engine, tmp_path / op, op, model=student, inputs=inputs, parameters=parameters)
        for shards in (2, 3):
            for shard in range(shards):
                part = {**parameters, "shard": shard, "shards": shards}
                succeed(engine, tmp_path / f"{op}-{shards}-{shard}", op, model=student, inputs=inputs, parameters=part)
            folders = [tmp_path / f"{op}-{shards}-{shard}/output" for shard in range(shards)]
            if op == "gradient-sketch":
                whole = numpy.load(tmp_path / "gradient-sketch/output/gradient-sketches.npy")
                for folder in folders:
                    part, own = numpy.load(folder / name), numpy.load(folder / "rows.npy")
                    assert 0 < len(own) < 40 and part.tobytes() == whole[own].tobytes()
                spec = {"points": [str(f / name) for f in folders], "rows": [str(f / "rows.npy") for f in folders]}
                succeed(engine, tmp_path / f"pick-{shards}", "kmeans", inputs=spec, parameters={"count": 9, "seed": 1})
                whole_spec = {"points": [str(tmp_path / "gradient-sketch/output/gradient-sketches.npy")]}
                succeed(engine, tmp_path / "pick", "kmeans", inputs=whole_spec, parameters={"count": 9, "seed": 1})
                picks = [read_lines(tmp_path / f / "output/indices.jsonl") for f in ("pick", f"pick-{shards}")]
                assert picks[0] == picks[1]
            else:
                lines = [line for folder in folders for line in read_lines(folder / name)]
                assert all(0 < len(read_lines(folder / name)) < 40 for folder in folders)
                assert sorted(lines, key=lambda line: int(line["id"])) == read_lines(tmp_path / op / "output" / name)


def test_the_rows_of_a_file_get_the_same_bits_whatever_other_files_their_job_has(
    engine: Engine, chat: Path, reward_model: Path, tmp_path: Path
) -> None:
    rows = [
        {"id": str(a), "prompt": f"What is {a}?" + " Please." * (a % 5), "answer": "It is. " * (a % 3) + str(a)}
        for a in range(24)
    ]
    parts = [write_lines(tmp_path / f"{first}.jsonl", rows[first : first + 8]) for first in (0, 8, 16)]
    jobs = {
        "predict": (model(chat, "c"), "prompts", "predictions.jsonl", {"maxNewTokens": 4}),
        "score": (model(chat, "c"), "answers", "scores.jsonl", {}),
        "reward": (model(reward_model, "r"), "answers", "rewards.jsonl", {}),
        "gradient-sketch": (model(chat, "c"), "answers", "gradient-sketches.npy", {"seed": 1}),
    }
    for op, (student, input_name, name, parameters) in jobs.items():
        parameters = {"batchTokens": 200} | parameters
        outputs = []
        for folder, files in (("whole", [file for part in parts for file in part]), *zip("012", parts, strict=True)):
            inputs = {input_name: files}
            result = succeed(
                engine, tmp_path / f"{op}-{folder}", op, model=student, inputs=inputs, parameters=parameters
            )
            assert result["metrics"]["rows"] == len(files) * 8
            outputs.append(tmp_path / f"{op}-{folder}/output" / name)
        if op == "gradient-sketch":
            whole, *own = [numpy.load(path) for path in outputs]
            assert whole.tobytes() == numpy.concatenate(own).tobytes()
        else:
            whole, *own = [path.read_text() for path in outputs]
            assert whole == "".join(own)


def test_a_selection_may_end_with_the_rows_that_there_are(engine: Engine, tmp_path: Path) -> None:
    numpy.save(tmp_path / "e.npy", numpy.array([[1, 0], [numpy.nan, 0], [0, 1]], dtype=numpy.float32))
    inputs = {"points": [str(tmp_path / "e.npy")]}
    refused = engine.run(tmp_path / "a", "kmeans", inputs=inputs, parameters={"count": 9, "seed": 1})
    assert refused["message"] == "`kmeans` cannot take 9 different points: 2 of them are finite."
    parameters = {"count": 9, "orFewer": True, "seed": 1}
    assert succeed(engine, tmp_path / "b", "kmeans", inputs=inputs, parameters=parameters)["metrics"]["chosen"] == 2


def test_warnings_are_kept_with_the_result(engine: Engine, tiny: Path, tmp_path: Path) -> None:
    inputs = {"rows": write_lines(tmp_path / "rows.jsonl", [*ROWS[:4], {"prompt": "1" * 300, "answer": "1"}])}
    spec = {"model": model(tiny, "t"), "inputs": inputs, "parameters": {"method": "full", "seed": 1, "steps": 1}}
    first = succeed(engine, tmp_path / "job", "finetune", **spec)
    assert first["metrics"]["warnings"] == ["Row '4' is longer than 256 tokens: it has 302; it is left out."]
    assert succeed(engine, tmp_path / "job", "finetune", **spec) == first


def test_embeddings_are_unit_means_of_hidden_states(engine: Engine, chat: Path, tmp_path: Path) -> None:
    inputs = {
        "prompts": write_lines(tmp_path / "p.jsonl", [{"prompt": "What is 12?"}, {"prompt": "What is 12 plus 30?"}])
    }
    succeed(engine, tmp_path / "embed", "embed", model=model(chat, "c"), inputs=inputs)
    found = numpy.load(tmp_path / "embed/output/embeddings.npy")
    loaded, tokenizer = AutoModelForCausalLM.from_pretrained(chat), AutoTokenizer.from_pretrained(chat)
    for row, text in zip(found, ["What is 12?", "What is 12 plus 30?"], strict=True):
        message = [{"role": "user", "content": text}]
        ids = tokenizer.apply_chat_template(message, add_generation_prompt=True, return_tensors="pt", return_dict=True)
        with torch.no_grad():
            mean = loaded.model(input_ids=ids.input_ids).last_hidden_state[0].mean(0)
        numpy.testing.assert_allclose(row, (mean / mean.norm()).numpy(), atol=1e-5)


def test_rewards_do_not_depend_on_padding(engine: Engine, reward_model: Path, tmp_path: Path) -> None:
    answers = [{"prompt": f"What is {a}?", "answer": "It is " * (a % 4) + str(a)} for a in range(10)]
    inputs = {"answers": write_lines(tmp_path / "a.jsonl", answers)}
    succeed(engine, tmp_path / "reward", "reward", model=model(reward_model, "r"), inputs=inputs)
    lines = read_lines(tmp_path / "reward/output/rewards.jsonl")
    loaded, tokenizer = (
        AutoModelForSequenceClassification.from_pretrained(reward_model),
        AutoTokenizer.from_pretrained(reward_model),
    )
    for line, row in zip(lines, answers, strict=True):
        talk = [{"role": "user", "content": row["prompt"]}, {"role": "assistant", "content": row["answer"]}]
        ids = tokenizer.apply_chat_template(talk, return_tensors="pt", return_dict=True).input_ids
        with torch.no_grad():
            assert line["reward"] == pytest.approx(float(loaded(input_ids=ids).logits), abs=1e-4)


MATH = [
    ("\\frac{3}{4}", "The answer is $\\boxed{0.75}$.", "correct"),
    ("42", "so we get 42", "correct"),
    ("(x+1)^2", "$x^2+2x+1$", "correct"),
    ("7", "It is $\\boxed{8}$", "incorrect"),
    ("7", "I do not know.", "unreadable"),
    ("", "7", "reference-unreadable"),
    ("1", "$9^{9^{9^{9}}}$", "timeout"),
    ("42", "$42$", "correct"),
    ("$3x-y+13=0$", "$y=3x+13$", "correct"),
    ("$x+y=5$", "$x+y=7$", "incorrect"),
    ("$\\frac{1}{3}$", "$0.333333$", "incorrect"),
    ("$10^{-7}$", "$0$", "incorrect"),
    ("$\\sqrt{1/n}$", "$\\frac{1}{\\sqrt{n}}$", "correct"),
    ("$\\sqrt{x^2}$", "$x$", "incorrect"),
    ("$(1,2)$", "$(2,1)$", "incorrect"),
]


def test_mathematical_answers_have_states_and_one_that_hangs_holds_nobody(engine: Engine, tmp_path: Path) -> None:
    rows = [{"reference": reference, "answer": answer} for reference, answer, _ in MATH]
    inputs = {"answers": write_lines(tmp_path / "a.jsonl", rows)}
    result = succeed(engine, tmp_path / "verify", "verify-math", inputs=inputs)
    states = [line["state"] for line in read_lines(tmp_path / "verify/output/verdicts.jsonl")]
    assert states == [state for _, _, state in MATH] and result["metrics"] == {"rows": 15, "correct": 6}


def test_an_imported_directory_is_an_ordinary_student(engine: Engine, chat: Path, tmp_path: Path) -> None:
    result = succeed(engine, tmp_path / "import", "import", parameters={"source": str(chat)})
    copied = tmp_path / "import" / result["outputs"]["model"]
    assert (copied / "model.safetensors").read_bytes() == (chat / "model.safetensors").read_bytes()
    assert result["metrics"]["endToken"] == "<|im_end|>" and result["metrics"]["chatTemplate"] == "yes"
    assert AutoTokenizer.from_pretrained(copied).chat_template


def test_an_imported_reward_model_grades(engine: Engine, chat: Path, reward_model: Path, tmp_path: Path) -> None:
    parameters = {"source": str(reward_model), "kind": "reward"}
    copied = (
        tmp_path / "import" / succeed(engine, tmp_path / "import", "import", parameters=parameters)["outputs"]["model"]
    )
    inputs = {"answers": write_lines(tmp_path / "a.jsonl", [{"prompt": "What is 2?", "answer": "2"}])}
    rewards = []
    for name, directory in (("here", copied), ("there", reward_model)):
        succeed(engine, tmp_path / name, "reward", model=model(directory, name), inputs=inputs)
        rewards.append(read_lines(tmp_path / name / "output/rewards.jsonl"))
    assert rewards[0] == rewards[1]
    error = engine.run(tmp_path / "no", "import", parameters={"source": str(chat), "kind": "reward"})
    assert error["code"] == "input" and "is not a reward model" in error["message"]


def test_bad_input_is_one_clear_sentence(engine: Engine, tiny: Path, reward_model: Path, tmp_path: Path) -> None:
    prompts = write_lines(tmp_path / "p.jsonl", [{"prompt": "1+1="}])
    (tmp_path / "broken.jsonl").write_text('{"prompt": "1"}\n{"prompt":\n')
    (tmp_path / "empty").mkdir()
    (tmp_path / "cut").mkdir()
    for path in tiny.iterdir():
        data = path.read_bytes()
        (tmp_path / "cut" / path.name).write_bytes(data[:1000] if path.suffix == ".safetensors" else data)
    (tmp_path / "words.npy").write_text("words")
    good = model(tiny, "t")
    rows = {"rows": write_lines(tmp_path / "r.jsonl", ROWS[:4])}
    most = {"maxNewTokens": 4}
    tune = {"method": "full", "seed": 1, "steps": 1}
    cases: list[tuple[str, dict[str, Any], str]] = [
        ("fly", {}, "There is no operation 'fly'."),
        ("predict", {"model": good, "parameters": most}, "`predict` needs the input `prompts`; given: none."),
        ("predict", {"model": good, "inputs": {"prompts": prompts}}, "`predict` needs the parameter `maxNewTokens`."),
        (
            "predict",
            {"model": good, "inputs": {"prompts": prompts}, "parameters": {"maxNewTokens": "4"}},
            "must be a whole number, got '4'",
        ),
        (
            "predict",
            {"model": good, "inputs": {"prompts": prompts}, "parameters": {**most, "beams": 4}},
            "has no parameter 'beams'",
        ),
        (
            "predict",
            {"model": good, "inputs": {"prompts": ["relative"]}, "parameters": most},
            "`inputs` must map names to lists of absolute paths",
        ),
        ("predict", {"model": good, "inputs": {"prompts": [str(tmp_path / "no")]}, "parameters": most}, "No such file"),
        (
            "predict",
            {"model": good, "inputs": {"prompts": [str(tmp_path / "broken.jsonl")]}, "parameters": most},
            "broken.jsonl:2 is not a line of JSON",
        ),
        ("predict", {"model": None, "inputs": {"prompts": prompts}, "parameters": most}, "needs a `model`"),
        (
            "predict",
            {"model": model(tmp_path / "no", "a"), "inputs": {"prompts": prompts}, "parameters": most},
            "is not a directory",
        ),
        (
            "predict",
            {"model": model(tmp_path / "empty", "b"), "inputs": {"prompts": prompts}, "parameters": most},
            "is not a usable tokenizer directory",
        ),
        (
            "predict",
            {"model": model(tmp_path / "cut", "d"), "inputs": {"prompts": prompts}, "parameters": most},
            "is not a usable model directory",
        ),
        (
            "predict",
            {"model": good, "inputs": {"prompts": prompts}, "parameters": most, "threads": 0},
            "`threads` must be a whole number from 1",
        ),
        ("score", {"model": good, "inputs": {"answers": prompts}}, "needs `tokenIds` or a text `answer`"),
        (
            "score",
            {
                "model": good,
                "inputs": {"answers": write_lines(tmp_path / "t.jsonl", [{"prompt": "1", "tokenIds": [99]}])},
            },
            "`tokenIds` must be whole numbers from 0 to 26",
        ),
        ("finetune", {"model": good, "inputs": {"rows": prompts}, "parameters": tune}, "p.jsonl:1 has no `answer`"),
        (
            "finetune",
            {"model": good, "inputs": rows, "parameters": {**tune, "maxLength": 3}},
            "No row to learn from: 4 were given",
        ),
        (
            "finetune",
            {"model": good, "inputs": rows, "parameters": {**tune, "method": "magic"}},
            "must be one of full, lora, got 'magic'",
        ),
        (
            "finetune",
            {"model": model(tiny, "x", tmp_path / "empty"), "inputs": rows, "parameters": {**tune, "method": "lora"}},
            "is not a usable adapter",
        ),
        ("reward", {"model": good, "inputs": {"answers": rows["rows"]}}, "is not a reward model"),
        (
            "kmeans",
            {"inputs": {"points": [str(tmp_path / "words.npy")]}, "parameters": {"count": 1, "seed": 1}},
            "is not a .npy file",
        ),
        ("init-tiny", {"parameters": {"alphabet": "", "seed": 1}}, "the alphabet is empty"),
        ("init-tiny", {"parameters": {"alphabet": "a", "words": "b", "seed": 1}}, "`words` must be a list of strings"),
        ("merge", {"model": good}, "`merge` needs a model with an adapter"),
        ("import", {"parameters": {"source": str(tmp_path / "empty")}}, "is not a model that transformers knows"),
        (
            "import",
            {"parameters": {"source": str(reward_model)}},
            "is not a causal language model: its architecture is LlamaForSequenceClassification",
        ),
        ("import", {"parameters": {"source": "./no/where"}}, "The model ./no/where is not a directory."),
    ]
    for number, (op, spec, expected) in enumerate(cases):
        error = engine.run(tmp_path / f"bad-{number}", op, **spec)
        assert (error["event"], error.get("code")) == ("error", "input"), (op, error)
        assert expected in error["message"], (op, error)
    engine.send("{not json")
    assert engine.finish()["code"] == "input"
    engine.send(json.dumps(["a", "list"]))
    assert engine.finish()["message"] == "A request needs a string `id`."
