"""The catalogue of rules: what is illegal, what hurts, and why."""
