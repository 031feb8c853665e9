"""The language's own library: definitions in `.cm`."""
