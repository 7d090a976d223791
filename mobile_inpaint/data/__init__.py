"""Photos: what ships with the package, what can be fetched, and folders of the user's."""
