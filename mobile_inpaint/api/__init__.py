"""What the command line does, as Python functions; ``mobile_inpaint`` itself offers them by name."""
