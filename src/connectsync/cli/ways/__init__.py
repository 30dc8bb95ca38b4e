"""The backends as the command line puts them together, one module each."""
