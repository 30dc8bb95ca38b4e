"""The command line: parse, build, call one operation, report, exit."""
