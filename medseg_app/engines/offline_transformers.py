"""The package transformers, which takes nothing from a hub here and prints nothing."""

from __future__ import annotations

import os
from types import ModuleType


def offline_transformers() -> ModuleType:
    """The package, told to stay offline before it is imported. Raises ImportError where it is missing."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    import huggingface_hub.constants
    import transformers

    huggingface_hub.constants.HF_HUB_OFFLINE = True  # MONAI may have imported it before it was told

    transformers.logging.set_verbosity_error()  # it would warn of every backbone but Swin
    transformers.logging.disable_progress_bar()
    return transformers
