"""
The engine process: JSON lines on stdin and stdout, one job at a time, on the main thread.

The parent owns this process. When stdin closes the parent is gone, and the engine ends at once, in the middle of a job
if need be: a trainer that outlived its worker would race the retry.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
import traceback
from typing import Any, NoReturn

EXIT_STOPPED, EXIT_PARENT_GONE, EXIT_DEVICE, EXIT_OUT_OF_MEMORY = 74, 75, 70, 71


class Channel:
    """The protocol's side of the process: the saved fd 1 for lines out, a thread on fd 0 for lines in."""

    def __init__(self) -> None:
        self._out = os.dup(1)
        # Jobs speak from the main thread, and from one that watches a long step.
        self._writing = threading.Lock()
        # A stray print of any library goes to the log, not into the protocol.
        os.dup2(2, 1)
        self.requests: queue.Queue[Any] = queue.Queue()
        # A cancel line for a finished job must not stop a later one with the same id.
        self._open: set[str] = set()
        self._cancelled: set[str] = set()
        self.terminated = False
        self.working = False
        signal.signal(signal.SIGTERM, self._on_terminate)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides what it means
        threading.Thread(target=self._read, daemon=True).start()

    def emit(self, event: dict[str, Any]) -> None:
        """Writes one line whole."""
        line = (json.dumps(event, ensure_ascii=False) + "\n").encode()
        try:
            with self._writing:
                while line:
                    line = line[os.write(self._out, line) :]
        except BrokenPipeError:
            os._exit(EXIT_PARENT_GONE)

    def _on_terminate(self, *_: Any) -> None:
        if not self.working:
            os._exit(EXIT_STOPPED)
        self.terminated = True

    def _read(self) -> None:
        # os.read, not sys.stdin: a thread blocked in a buffered read turns a clean exit into an abort.
        buffer = b""
        while True:
            data = os.read(0, 1 << 16)
            if not data:
                os._exit(EXIT_PARENT_GONE)
            *lines, buffer = (buffer + data).split(b"\n")
            for line in lines:
                if line.strip():
                    self._accept(line)

    def _accept(self, line: bytes) -> None:
        try:
            request = json.loads(line)
        except ValueError as error:
            request = {"malformed": f"A request is not a line of JSON: {error}."}
        if isinstance(request, dict) and isinstance(request.get("cancel"), str):
            if request["cancel"] in self._open:
                self._cancelled.add(request["cancel"])
        else:
            if isinstance(request, dict) and isinstance(request.get("id"), str):
                self._open.add(request["id"])
            self.requests.put(request)

    def stopped(self, job_id: str) -> bool:
        """Whether a job was asked to stop."""
        return self.terminated or job_id in self._cancelled

    def close(self, job_id: Any) -> None:
        """A job is over."""
        if isinstance(job_id, str):
            self._open.discard(job_id)
            self._cancelled.discard(job_id)


def main() -> None:
    """Announces itself once the libraries are loaded, then serves jobs until it receives the request to end."""
    channel = Channel()
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    runtime = sys.argv[1] if len(sys.argv) > 1 else "transformers"
    if runtime == "vllm":
        # Before torch is imported: what is loaded by then keeps the settings that it found.
        from student_engine.vllm_runtime import prepare_environment

        prepare_environment()
    import torch
    import transformers

    from student_engine import ENGINE_VERSION
    from student_engine.devices import choose_device
    from student_engine.errors import InputError

    transformers.utils.logging.disable_progress_bar()
    torch.use_deterministic_algorithms(True, warn_only=True)
    # Part of that mode is to fill every new tensor, against reads of what was never written; that costs time only.
    # (torch defines this attribute on the module's class, where a type checker does not see it.)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    try:
        device = choose_device()
    except InputError as error:
        refuse_all(channel, error)
    models, operations = served_by(runtime, device)
    channel.emit(
        {
            "event": "ready",
            "engine": ENGINE_VERSION,
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "device": device.type,
        }
    )
    while True:
        request = channel.requests.get()
        channel.working = True
        serve(request, channel, models, operations)
        channel.working = False
        if channel.terminated:
            os._exit(EXIT_STOPPED)


def served_by(runtime: str, device: Any) -> tuple[Any, dict[str, Any]]:
    """The models and operations of a runtime. vLLM's environment has no peft, so neither loads the other's."""
    if runtime == "vllm":
        from student_engine.operations import vllm_predict
        from student_engine.vllm_runtime import VllmModels

        return VllmModels(device), {"predict": vllm_predict.run}
    from student_engine.models import ModelCache
    from student_engine.registry import OPERATIONS

    return ModelCache(device), OPERATIONS


def refuse_all(channel: Channel, error: Any) -> NoReturn:
    """Answers every job with the reason why no device is available; exiting would look like a crash and be retried."""
    while True:
        request = channel.requests.get()
        job_id = request.get("id") if isinstance(request, dict) else None
        event = {"event": "error", "id": job_id, "code": "input", "message": str(error), "hint": error.hint}
        channel.emit(event)


def serve(request: Any, channel: Channel, models: Any, operations: dict[str, Any]) -> None:
    """Answers one request with exactly one result or error. Ends the process where later jobs could not be trusted."""
    from student_engine.errors import Cancelled, InputError, is_device_error, is_disk_full, is_out_of_memory

    job_id = request.get("id") if isinstance(request, dict) else None

    def fail(code: str, message: str, hint: str | None = None) -> None:
        event = {"event": "error", "id": job_id, "code": code, "message": message}
        channel.emit(event if hint is None else {**event, "hint": hint})

    try:
        channel.emit({"event": "result", "id": job_id, **work(request, channel, models, operations)})
    except InputError as error:
        fail("input", str(error), error.hint)
    except Cancelled:
        fail("cancelled", "The job was stopped on request; the same job resumes from its last checkpoint.")
    except Exception as error:
        traceback.print_exc(file=sys.stderr)
        if is_out_of_memory(error):
            fail(
                "out-of-memory",
                _first_line(error),
                "Lower student.predict.batch_tokens or student.finetune.micro_batch_tokens, or use a larger device.",
            )
            if models.device.type == "cuda":
                os._exit(EXIT_OUT_OF_MEMORY)
        elif is_disk_full(error):
            fail("input", f"The disk is full: {_first_line(error)}.", "Free some space and run the same command again.")
        else:
            fail("bug", f"{type(error).__name__}: {_first_line(error)}", "The traceback is in the engine's log.")
            if is_device_error(error):
                os._exit(EXIT_DEVICE)
    finally:
        channel.close(job_id)


def work(request: Any, channel: Channel, models: Any, operations: dict[str, Any]) -> dict[str, Any]:
    """Does the job, or finds that it is already done: `{metrics, outputs}`."""
    import torch

    from student_engine.errors import InputError
    from student_engine.job import Job, clean, finish, finished_result, locked, parse_request

    if isinstance(request, dict) and "malformed" in request:
        raise InputError(request["malformed"])
    job_id, operation, directory, spec = parse_request(request)
    if operation not in operations:
        raise InputError(f"There is no operation {operation!r}.", f"There are {', '.join(operations)}.")
    threads = spec.get("threads", 1)
    if type(threads) is not int or threads < 1:
        raise InputError(f"`threads` must be a whole number from 1, got {threads!r}.")
    job = Job(job_id, operation, directory, spec, channel.emit, lambda: channel.stopped(job_id))
    with locked(job):
        result = finished_result(directory)
        if result is None:
            clean(directory)
            torch.set_num_threads(threads)
            # Every operation seeds what it draws; this makes one that does not repeatable too.
            torch.manual_seed(0)
            metrics, outputs = operations[operation](job, models)
            result = finish(directory, metrics | ({"warnings": job.warnings} if job.warnings else {}), outputs)
        return {"metrics": result["metrics"], "outputs": result["outputs"]}


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


if __name__ == "__main__":
    main()
