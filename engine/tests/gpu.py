"""
`npm run test:gpu`: the engine's tests and its benchmark where a GPU is visible. Not found by pytest on its own. Without
a GPU it says so and ends well: there is nothing to find out.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import torch

ROOT = Path(__file__).parent.parent.parent


def main() -> int:
    """The worse of the two exit codes."""
    device = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else None
    if device is None:
        print(f"torch {torch.__version__} sees no GPU here: nothing was run.")
        return 0
    name = torch.cuda.get_device_name() if device == "cuda" else "Apple GPU"
    print(f"torch {torch.__version__}, {name}", flush=True)
    environment = {**os.environ, "TUTELAGE_DEVICE": device}
    commands = [
        [sys.executable, "-m", "pytest", "-q", str(ROOT / "engine/tests")],
        [sys.executable, str(ROOT / "bench/engine.py")],
    ]
    return max(subprocess.run(command, env=environment, check=False).returncode for command in commands)


if __name__ == "__main__":
    sys.exit(main())
