"""Making a plan true: the executor and the state store."""
