"""Every file that the tool reads, made wrong in many ways and fed to the commands: ``python -m tests.fuzz --help``."""

import sys
from pathlib import Path

# pytest does the same: what the tests share is imported by its own name
sys.path.append(str(Path(__file__).parents[1]))
