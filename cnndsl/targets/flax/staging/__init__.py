"""A definition and all that became of it, transcribed to a class of two phases."""
