"""What the networks of the zoo are for."""

TASKS = (
    "classification",
    "video",
    "segmentation",
    "detection",
    "generation",
    "super-resolution",
)
