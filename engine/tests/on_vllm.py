"""
`npm run test:vllm`: the engine on vLLM beside the one on transformers, with SmolLM2-135M on a CPU, in some minutes.
pytest does not collect it. `TUTELAGE_VLLM_PYTHON` names an interpreter that has vLLM; else one is set up.

Greedy answers must be equal in 99 of 100 rows, and the others at a tie; sampled ones repeat; an adapter is used; a job
that is stopped, or whose engine is killed, leaves no process and is done again with the same answers.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from engine_process import Engine, read_lines, write_lines
from smollm2 import convert, install

ROWS = 100
TIE = 1e-3
TOPICS = ["sea", "moon", "bread", "train", "chess", "river", "piano", "snow", "tiger", "glass"]


def main() -> None:
    """Raises where something is not as it should be."""
    python = sys.argv[1]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        given = os.environ.get("TUTELAGE_SMOLLM2")
        model = Path(given) if given else convert(install(folder / "packages"), folder / "smollm2")
        reference = {"base": str(model), "adapter": None, "key": "smollm2"}
        texts = [f"{'Explain' if i % 2 else 'Describe'} {TOPICS[i % 10]} {i}." for i in range(ROWS)]
        prompts = [{"id": f"p{i}", "prompt": text + " Be brief." * (i % 4)} for i, text in enumerate(texts)]
        inputs = {"prompts": write_lines(folder / "prompts.jsonl", prompts)}
        few = {"prompts": write_lines(folder / "few.jsonl", prompts[:6])}
        adapter = train_adapter(folder, reference, prompts[:6])
        compare_greedy(python, folder, reference, inputs)
        engine = Engine(command=[python, "-u", "serve.py", "vllm"])
        sample_twice(engine, folder, reference, few)
        use_adapter(engine, folder, {**reference, "adapter": str(adapter), "key": "smollm2+"}, few)
        refuse_what_it_cannot(engine, folder, reference, few)
        stop_and_resume(engine, folder, reference, inputs)
        assert engine.close() == 75
        kill(python, folder, reference, inputs)


def compare_greedy(python: str, folder: Path, reference: dict[str, Any], inputs: dict[str, Any]) -> None:
    """Both runtimes, greedily; where they differ the two tokens must be a tie."""
    most = {"maxNewTokens": 24}
    answers = {}
    for runtime, command in (("vllm", [python, "-u", "serve.py", "vllm"]), ("transformers", None)):
        engine = Engine(command=command)
        began = time.monotonic()
        parameters = {**most, "runtime": "vllm"} if runtime == "vllm" else most
        result = engine.run(folder / runtime, "predict", model=reference, inputs=inputs, parameters=parameters)
        assert result["event"] == "result", result
        print(json.dumps({"runtime": runtime, "seconds": round(time.monotonic() - began, 1), **result["metrics"]}))
        answers[runtime] = read_lines(folder / runtime / "output/predictions.jsonl")
        assert engine.close() == 75
    pairs = list(zip(answers["vllm"], answers["transformers"], strict=True))
    other = [(one, two) for one, two in pairs if one["tokenIds"] != two["tokenIds"]]
    print(f"greedy answers equal in {len(pairs) - len(other)} of {len(pairs)} rows", flush=True)
    assert len(other) <= ROWS // 100
    for one, two in other:
        assert tie(reference, inputs, one, two) < TIE, one["id"]
    assert all(one["finish"] == two["finish"] for one, two in pairs if one["tokenIds"] == two["tokenIds"])


def tie(reference: dict[str, Any], inputs: dict[str, Any], one: dict[str, Any], two: dict[str, Any]) -> float:
    """How far the logits of the first different tokens are apart."""
    import torch

    from student_engine.models import load_student

    student = load_student(reference, torch.device("cpu"))
    [prompt] = [row for row in read_lines(Path(inputs["prompts"][0])) if row["id"] == one["id"]]
    [ids] = student.renderer.prompts([prompt["prompt"]], [one["id"]])
    place = next(i for i, (a, b) in enumerate(zip(one["tokenIds"], two["tokenIds"], strict=False)) if a != b)
    with torch.inference_mode():
        tokens = torch.tensor([ids + one["tokenIds"][:place]])
        logits = student.head(student.transform(input_ids=tokens, use_cache=False).last_hidden_state[0, -1])
    return abs(float(logits[one["tokenIds"][place]] - logits[two["tokenIds"][place]]))


def predict(
    engine: Engine, directory: Path, reference: dict[str, Any], inputs: Any, **more: Any
) -> list[dict[str, Any]]:
    """The lines of one job on vLLM."""
    parameters = {"maxNewTokens": 12, "runtime": "vllm", **more}
    result = engine.run(directory, "predict", model=reference, inputs=inputs, parameters=parameters)
    assert result["event"] == "result", result
    return read_lines(directory / "output/predictions.jsonl")


def sample_twice(engine: Engine, folder: Path, reference: dict[str, Any], inputs: dict[str, Any]) -> None:
    """Each answer has a seed of its own: the same again, and others with another seed."""
    options = {"answers": 3, "temperature": 0.9, "topP": 0.95}
    first = predict(engine, folder / "sample-1", reference, inputs, seed=1, **options)
    assert predict(engine, folder / "sample-2", reference, inputs, seed=1, **options) == first
    assert predict(engine, folder / "sample-3", reference, inputs, seed=2, **options) != first
    assert all(len({tuple(a["tokenIds"]) for a in [line, *line["others"]]}) > 1 for line in first)


def train_adapter(folder: Path, reference: dict[str, Any], rows: list[dict[str, Any]]) -> Path:
    """An adapter that answers everything with one word."""
    engine = Engine()
    inputs = {"rows": write_lines(folder / "rows.jsonl", [{**row, "answer": "Tangerine"} for row in rows])}
    recipe = {"method": "lora", "rank": 8, "alpha": 16, "learningRate": 2e-3, "batchSize": 3, "steps": 10, "seed": 1}
    result = engine.run(folder / "tune", "finetune", model=reference, inputs=inputs, parameters=recipe)
    assert result["event"] == "result", result
    engine.close()
    return folder / "tune" / result["outputs"]["adapter"]


def use_adapter(engine: Engine, folder: Path, reference: dict[str, Any], inputs: dict[str, Any]) -> None:
    """The adapter goes with the request; the base without it still answers as before."""
    tuned = predict(engine, folder / "tuned", reference, inputs)
    print(f"with an adapter: {[line['text'] for line in tuned]}", flush=True)
    assert sum("Tangerine" in line["text"] for line in tuned) >= len(tuned) - 1
    plain = predict(engine, folder / "plain", {**reference, "adapter": None, "key": "smollm2"}, inputs)
    assert not any("Tangerine" in line["text"] for line in plain)


def refuse_what_it_cannot(engine: Engine, folder: Path, reference: dict[str, Any], inputs: dict[str, Any]) -> None:
    """Scoring stays with transformers, and so does a job that does not name this runtime."""
    other = engine.run(folder / "no", "score", model=reference, inputs=inputs)
    assert (other["code"], other["message"]) == ("input", "There is no operation 'score'."), other
    wrong = engine.run(folder / "no2", "predict", model=reference, inputs=inputs, parameters={"maxNewTokens": 1})
    assert wrong["code"] == "input", wrong


def stop_and_resume(engine: Engine, folder: Path, reference: dict[str, Any], inputs: dict[str, Any]) -> None:
    """A cancelled job ends within a step; the same engine then does it whole."""
    parameters = {"maxNewTokens": 24, "runtime": "vllm"}
    engine.start(folder / "stopped", "predict", model=reference, inputs=inputs, parameters=parameters)
    while engine.read()["event"] != "progress":
        pass
    engine.send({"cancel": "stopped"})
    stopped = engine.finish()
    assert stopped["event"] == "error", stopped
    assert stopped["code"] == "cancelled", stopped
    again = engine.run(folder / "stopped", "predict", model=reference, inputs=inputs, parameters=parameters)
    assert again["event"] == "result", again


def kill(python: str, folder: Path, reference: dict[str, Any], inputs: dict[str, Any]) -> None:
    """SIGKILL in the middle leaves no process; the next engine ends with the answers of an uninterrupted one."""
    parameters = {"maxNewTokens": 24, "runtime": "vllm"}
    engine = Engine(command=[python, "-u", "serve.py", "vllm"])
    engine.start(folder / "killed", "predict", model=reference, inputs=inputs, parameters=parameters)
    while engine.read()["event"] != "progress":
        pass
    children = subprocess.run(["pgrep", "-P", str(engine.process.pid)], capture_output=True, text=True, check=False)
    engine.process.kill()
    engine.process.wait()
    time.sleep(1)
    left = [pid for pid in children.stdout.split() if Path(f"/proc/{pid}/cmdline").exists()]
    assert left == [], left
    engine = Engine(command=[python, "-u", "serve.py", "vllm"])
    result = engine.run(folder / "killed", "predict", model=reference, inputs=inputs, parameters=parameters)
    assert result["event"] == "result", result
    here, there = (read_lines(folder / name / "output/predictions.jsonl") for name in ("killed", "vllm"))
    assert here == there
    assert engine.close() == 75


if __name__ == "__main__":
    main()
