"""The browser backend: Connect's own page, clicked as the article says (C5)."""
