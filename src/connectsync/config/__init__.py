"""Files to values: strict YAML, schemas, layers; every finding with its place."""
