"""Python as a tree: what every target that emits Python shares."""
