"""
`python estimate.py JSON` prints what an iteration of a student takes, as one line of JSON. Used by `tutelage doctor
FILE` and `tutelage preview FILE`, which have no job to do.

    {"source": "directory or hub id", "revision": null, "settings": {}, "method": {"method": "lora"}, "work": {...}}
"""

from __future__ import annotations

import json
import os
import sys

os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")


def main() -> int:
    """1, with the reason as JSON, where the student's sizes cannot be read."""
    from pathlib import Path

    import torch
    from huggingface_hub import hf_hub_download

    from student_engine.devices import choose_device
    from student_engine.errors import InputError
    from student_engine.estimate import Work, estimate, probe
    from student_engine.footprint import device_memory
    from student_engine.parameters import Parameters
    from student_engine.settings import read_settings
    from student_engine.trainable import read_method

    asked = json.loads(sys.argv[1])
    torch.set_num_threads(int(asked.get("threads", 1)))
    try:
        device = choose_device()
        source = asked["source"]
        if not Path(source).is_dir():
            source = str(Path(hf_hub_download(source, "config.json", revision=asked.get("revision"))).parent)
        method = read_method(Parameters(asked["method"], "estimate"), default="lora")
        work = Work(**asked["work"])
        found = estimate(source, read_settings(asked.get("settings")), method, work, device, probe(device))
    except (InputError, OSError, ValueError) as error:
        print(json.dumps({"error": (str(error).strip().splitlines() or [type(error).__name__])[0]}))
        return 1
    print(json.dumps({**found, "device": device.type, "memoryBytes": device_memory(device)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
