"""Where a run takes place: this process alone, or one of many that ``torchrun`` started; CPU or GPU; which arithmetic."""

from __future__ import annotations

import ctypes
import logging
import os
import platform
import signal
import subprocess
import sys

import numpy as np
import torch

from mobile_inpaint.errors import ToolchainMissing, TrainingError
from mobile_inpaint.training.config import RunConfig

try:
    from lightning_fabric import Fabric
except ImportError as error:
    raise ToolchainMissing("training needs Lightning Fabric: pip install 'mobile-inpaint[train]'") from error

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4
"""Of glibc's malloc.h."""
_ISA = "ONEDNN_MAX_CPU_ISA"
_WITHOUT_AMX = "AVX512_CORE_BF16"


def launch(run: RunConfig) -> Fabric:
    """This process's Fabric, connected to the others.

    Call it before anything is computed: it may have to tell oneDNN, which decides once, what this CPU cannot do.

    Raises:
        TrainingError: no such accelerator here.
    """
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    if run.threads:
        torch.set_num_threads(run.threads)
    on_gpu = run.accelerator == "gpu" or (run.accelerator == "auto" and torch.cuda.is_available())
    bf16 = run.precision == "bf16" or (run.precision == "auto" and on_gpu)
    if not on_gpu:
        _keep_freed_memory()
    if bf16 and not on_gpu:
        _avoid_missing_amx()
    here = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    try:
        fabric = Fabric(
            accelerator=run.accelerator,
            devices=here,
            num_nodes=int(os.environ.get("WORLD_SIZE", "1")) // here,
            strategy="ddp" if "LOCAL_WORLD_SIZE" in os.environ else "auto",
            precision="bf16-mixed" if bf16 else "32-true",
        )
    except (RuntimeError, ValueError) as error:  # Fabric's, where a machine has fewer devices than processes, or none
        raise TrainingError(f"run.accelerator '{run.accelerator}': {' '.join(str(error).split())}") from error
    fabric.launch()
    return fabric


def _keep_freed_memory() -> None:
    """Makes glibc keep the memory of feature maps for the next ones.

    By itself it gives each large block back to the system, which then has to clear the pages of the next: at 512 px that took
    more of the processor's time than the arithmetic.
    """
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_MMAP_MAX, 0)
        libc.mallopt(_M_TRIM_THRESHOLD, -1)  # never


def _avoid_missing_amx() -> None:
    """Keeps oneDNN from AMX where a process that uses it dies.

    Some virtual machines show the flags of AMX but not CPUID leaf 1D, its palette of tiles; oneDNN then makes a kernel that the
    CPU refuses. Nothing tells but to try, in a process that may die.
    """
    if _ISA in os.environ or not torch.cpu._is_amx_tile_supported():
        return
    trial = "import torch; a = torch.ones(64, 64, dtype=torch.bfloat16); a @ a"
    if subprocess.run([sys.executable, "-c", trial], capture_output=True, check=False).returncode == -signal.SIGILL:
        os.environ[_ISA] = _WITHOUT_AMX


def seed_step(seed: int, step: int, rank: int) -> None:
    """Seeds whatever draws at random in this step, on every device, so that a resumed run draws what an unbroken one would."""
    torch.manual_seed(int(np.random.SeedSequence((seed, step, rank)).generate_state(1, np.uint64)[0]))
