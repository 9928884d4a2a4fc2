"""A draft made readable: lines, lists, names."""
