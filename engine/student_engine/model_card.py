"""The README.md of a model that leaves the engine. No time, no path: the same training gives the same bytes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_LOAD_MODEL = """from transformers import AutoModelForCausalLM, AutoTokenizer
model = AutoModelForCausalLM.from_pretrained(".")
tokenizer = AutoTokenizer.from_pretrained(".")"""
_LOAD_ADAPTER = """from peft import AutoPeftModelForCausalLM
from transformers import AutoTokenizer
model, tokenizer = AutoPeftModelForCausalLM.from_pretrained("."), AutoTokenizer.from_pretrained(".")"""


def write_model_card(
    directory: Path, title: str, facts: dict[str, Any], is_adapter: bool = False, note: str | None = None
) -> None:
    """Title, a note, three lines that load it from its own folder, and the facts as a table."""
    library = "peft" if is_adapter else "transformers"
    lines = ["---", f"library_name: {library}", "tags: [tutelage, distillation]", "---", "", f"# {title}", ""]
    lines += [note, ""] if note else []
    lines += ["In this folder:", "", "```python", _LOAD_ADAPTER if is_adapter else _LOAD_MODEL, "```", ""]
    lines += ["| | |", "|---|---|"]
    lines += [f"| {name} | `{json.dumps(value, ensure_ascii=False)}` |" for name, value in facts.items()]
    (directory / "README.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
