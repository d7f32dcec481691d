"""Where a student runs, and in which numbers."""

from __future__ import annotations

import os

import torch

from .errors import InputError
from .settings import StudentSettings


def choose_device() -> torch.device:
    """CUDA, else Apple's MPS, else the CPU; `TUTELAGE_DEVICE` overrides."""
    named = os.environ.get("TUTELAGE_DEVICE")
    if named:
        try:
            return torch.zeros(1, device=named).device
        except (RuntimeError, AssertionError) as error:  # an unknown name, a build without it, no driver, a busy GPU
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise InputError(
                f"TUTELAGE_DEVICE is {named!r}, which torch {torch.__version__} cannot use here: {reason}",
                "Unset it to let the engine choose, or free the GPU.",
            ) from error
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def inference_type(device: torch.device) -> torch.dtype:
    """bf16 on a GPU, fp32 elsewhere."""
    return torch.bfloat16 if device.type == "cuda" else torch.float32


def student_type(settings: StudentSettings, device: torch.device) -> torch.dtype:
    """The type that a student's settings ask for, else that of the device."""
    return getattr(torch, settings.dtype) if settings.dtype else inference_type(device)
