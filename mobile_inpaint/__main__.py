"""``python -m mobile_inpaint`` is ``mobile-inpaint``."""

from __future__ import annotations

import sys

from mobile_inpaint.cli import main

sys.exit(main())
