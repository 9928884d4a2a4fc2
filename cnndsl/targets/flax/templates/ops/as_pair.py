def as_pair(size: int | tuple[int, int]) -> tuple[int, int]:
    """A window's height and width, which one number says for both."""
    return size if isinstance(size, tuple) else (size, size)
