"""The catalog of rules: what is not valid, what hurts families, and why."""
