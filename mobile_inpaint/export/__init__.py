"""From a generator to a verified artifact."""
