"""
The engine's double for measurements: the same JSON lines, job directories and files as engine/serve.py, and no work. It
reads every input line and writes an output line for it, one at a time, so its own memory stays small.
"""

from __future__ import annotations

import json
import os
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any


def main() -> None:
    """Serves until stdin closes."""
    emit({"event": "ready"})
    for line in sys.stdin:
        request = json.loads(line)
        if "cancel" not in request:
            emit({"event": "result", "id": request["id"], **serve(request)})


def serve(request: dict[str, Any]) -> dict[str, Any]:
    """Does the job; `result.json` is written last."""
    directory, spec = Path(request["dir"]), request["spec"]
    (directory / "output").mkdir(parents=True, exist_ok=True)
    result = OPERATIONS[request["op"]](directory / "output", spec)
    temporary = directory / ".tmp-result.json"
    temporary.write_text(json.dumps(result))
    os.rename(temporary, directory / "result.json")
    return result


def predict(output: Path, spec: dict[str, Any]) -> dict[str, Any]:
    """Every answer is the same."""
    return write_lines(
        output,
        ("predictions", "predictions.jsonl"),
        lines_of(spec["inputs"]["prompts"]),
        lambda row: {"id": row["id"], "text": "4", "tokenIds": [7, 1], "finish": "stop"},
    )


def score(output: Path, spec: dict[str, Any]) -> dict[str, Any]:
    """A loss that follows from the id, so that the selection has something to choose by."""
    return write_lines(
        output,
        ("scores", "scores.jsonl"),
        lines_of(spec["inputs"]["answers"]),
        lambda row: {"id": row["id"], "nllSum": zlib.crc32(row["id"].encode()) / 2**32, "tokens": 2, "entropySum": 1.0},
    )


def check_rows(output: Path, spec: dict[str, Any]) -> dict[str, Any]:
    """Every row can be learned from."""
    return write_lines(
        output,
        ("checked-rows", "checked-rows.jsonl"),
        lines_of(spec["inputs"]["rows"]),
        lambda row: {"id": row["id"], "tokens": 4, "rejection": None},
    )


def model(output: Path, spec: dict[str, Any]) -> dict[str, Any]:
    """A directory with one small file, another one for each job."""
    (output / "model").mkdir()
    (output / "model" / "config.json").write_text(json.dumps({"spec": spec["parameters"]}, sort_keys=True))
    return {"metrics": {}, "outputs": {"model": "output/model"}}


def write_lines(
    output: Path,
    names: tuple[str, str],
    rows: Iterator[dict[str, Any]],
    line: Callable[[dict[str, Any]], dict[str, Any]],
) -> dict[str, Any]:
    """One output line for each input row; `names` are the output's name and its file's."""
    count = 0
    with open(output / names[1], "w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(line(row), ensure_ascii=False) + "\n")
            count += 1
    return {"metrics": {"rows": count}, "outputs": {names[0]: f"output/{names[1]}"}}


def lines_of(files: list[str]) -> Iterator[dict[str, Any]]:
    """The records of all files, one at a time."""
    for name in files:
        with open(name, encoding="utf-8") as file:
            for line in file:
                yield json.loads(line)


def emit(event: dict[str, Any]) -> None:
    """One line, whole."""
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


OPERATIONS = {
    "init-tiny": model,
    "import": model,
    "finetune": model,
    "predict": predict,
    "score": score,
    "check-rows": check_rows,
}

if __name__ == "__main__":
    main()
