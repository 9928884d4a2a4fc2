"""What the networks of the zoo are for."""

TASKS = ("classification", "segmentation", "detection", "generation", "super-resolution")
