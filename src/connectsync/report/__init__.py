"""Findings, plans and runs as text, JSON and more: values in, strings out."""
