"""How a job can end other than well. Each kind has its own code, because each is handled differently."""

from __future__ import annotations

import errno

import torch


class InputError(Exception):
    """The job cannot succeed as it was given: not to be retried. The hint says what would help."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class Cancelled(Exception):
    """The job was asked to stop, by a cancel line or by SIGTERM; what can be resumed has been saved."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the device, or the machine, had no memory left for a tensor."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and "can't allocate memory" in str(error)


def is_device_error(error: BaseException) -> bool:
    """CUDA errors poison every later job of the process, so the process must end."""
    accelerator_error = getattr(torch, "AcceleratorError", ())
    return isinstance(error, accelerator_error) or (isinstance(error, RuntimeError) and "CUDA error" in str(error))


def is_disk_full(error: BaseException) -> bool:
    """Whether the file system has no room, or the user no quota, left."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
