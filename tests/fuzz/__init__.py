"""Every file that the tool reads, made wrong in many ways and fed to the commands: ``python -m tests.fuzz --help``."""
