"""The commands, a module for each: `add` describes its command line, `run` runs it and imports the stages it needs."""
