"""Fetches the runtimes of the measuring page: ``python -m mobile_inpaint.bench.browser``."""

from __future__ import annotations

import sys

from mobile_inpaint.bench.browser import runtimes
from mobile_inpaint.errors import MobileInpaintError

if __name__ == "__main__":
    try:
        print(runtimes.fetch())
    except MobileInpaintError as error:
        sys.exit(f"mobile-inpaint: {error}")
