"""Watching a run: logs, metrics and traces, made from its events alone."""
