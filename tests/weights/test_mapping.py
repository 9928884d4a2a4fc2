"""A mapping file is read to a limit, whatever it is."""

from __future__ import annotations

import pytest

from cnndsl.weights import WeightsError
from cnndsl.weights.mapping import read_mapping


def test_a_mapping(tmp_path):
    path = tmp_path / "map.toml"
    path.write_text('[layers]\n"stem_conv" = "conv1"\n', encoding="utf-8")
    assert read_mapping(path).layers == {"stem_conv": "conv1"}


@pytest.mark.parametrize(
    "data, said",
    [(b"#" * (4 << 20) + b"\n", "at most 4 MiB"), (b"\xff\xfe", "utf-8"), (b"[layers", "map.toml")],
)
def test_what_is_no_mapping_is_refused(tmp_path, data, said):
    path = tmp_path / "map.toml"
    path.write_bytes(data)
    with pytest.raises(WeightsError, match=said):
        read_mapping(path)
