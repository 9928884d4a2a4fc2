"""`use`: which files it reads, and which it never does."""

import os

import pytest

BLOCKS = "block unit(width) { conv(width, 3) -> relu }\n"


def spec(*paths: str, body: str = "unit(8)") -> str:
    uses = "".join(f'use "{path}"\n' for path in paths)
    return f"{uses}model Net {{\n  input 8x8x3\n  {body}\n}}\n"


def write(folder, **texts: str) -> None:
    """`sub__blocks` is `sub/blocks.cnn`."""
    for name, text in texts.items():
        path = folder / (name.replace("__", "/") + ".cnn")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_paths_are_relative_to_the_file_that_uses(run, folder):
    write(
        folder,
        main=spec("lib/a.cnn", body="outer"),
        lib__a='use "deep/b.cnn"\nblock outer { unit(4) }\n',
        lib__deep__b=BLOCKS,
    )
    assert run("check", "main.cnn").code == 0
    assert run("check", folder / "main.cnn").code == 0


def test_a_file_is_called_what_the_user_would_type(run, folder):
    write(folder, specs__main=spec("lib/../lib/blocks.cnn"), specs__lib__blocks="block unit {")
    assert " --> specs/lib/blocks.cnn:1:12\n" in run("check", "specs/main.cnn").err
    absolute = run("check", folder / "specs" / "main.cnn").err
    assert f" --> {folder}/specs/lib/blocks.cnn:1:12\n" in absolute


def test_each_real_file_is_read_once(run, folder):
    write(folder, blocks=BLOCKS, other='use "blocks.cnn"\n')
    (folder / "link.cnn").symlink_to("blocks.cnn")
    os.link(folder / "blocks.cnn", folder / "hard.cnn")
    paths = ["blocks.cnn", "./blocks.cnn", "link.cnn", "hard.cnn", "other.cnn", "../x/blocks.cnn"]
    write(folder, main=spec(*paths[:-1]))
    assert run("check", "main.cnn").code == 0


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("missing.cnn", "it does not exist"),
        ("sub", "it is a folder"),
        ("", "it is a folder"),
        ("../secret.cnn", "it lies outside the folder of in/main.cnn"),
        ("sub/../../secret.cnn", "it lies outside the folder of in/main.cnn"),
        ("../inside/x.cnn", "it lies outside the folder of in/main.cnn"),
        ("link.cnn", "it lies outside the folder of in/main.cnn"),
        ("sub/folder/secret.cnn", "it lies outside the folder of in/main.cnn"),
        ("/dev/null", "it is not a path relative to this file"),
        ("pipe.cnn", "it is not a regular file"),
        ("loop.cnn", "too many levels of symbolic links"),
        ("x" * 300, "file name too long"),
        ("a/" * 3_000, "it is not a path relative to this file"),
        ("main.cnn/x.cnn", "not a directory"),
    ],
)
def test_what_use_refuses(run, folder, path, reason):
    secret = "block unit(width) { SECRET }\n"
    write(folder, in__main=spec(path), secret=secret, inside__x=secret, in__sub__x=BLOCKS)
    (folder / "in" / "link.cnn").symlink_to(folder / "secret.cnn")
    (folder / "in" / "sub" / "folder").symlink_to("../..")
    (folder / "in" / "loop.cnn").symlink_to("loop.cnn")
    os.mkfifo(folder / "in" / "pipe.cnn")
    result = run("check", "in/main.cnn")
    assert result.code == 1
    assert "error[E109]: cannot use " in result.err
    assert reason in result.err
    assert "SECRET" not in result.err


def test_links_may_lead_about_in_the_folder(run, folder):
    write(folder, main=spec("a/link.cnn", body="both"), b__real='use "more.cnn"\n')
    write(folder, b__more="block both { relu }\n")
    (folder / "a").mkdir()
    (folder / "a" / "link.cnn").symlink_to("../b/real.cnn")
    assert run("check", "main.cnn").code == 0


def test_the_spec_itself_may_be_a_link(run, folder):
    write(folder, elsewhere__main=spec("blocks.cnn"), here__blocks=BLOCKS)
    (folder / "here" / "main.cnn").symlink_to("../elsewhere/main.cnn")
    assert run("check", "here/main.cnn").code == 0


def test_a_cycle_of_files_is_shown(run, folder):
    write(folder, main='use "a.cnn"\n', a='use "b.cnn"\n', b='use "a.cnn"\n')
    assert (
        "this file contains itself: `a.cnn` -> `b.cnn` -> `a.cnn`" in run("check", "main.cnn").err
    )
    write(folder, self='use "./self.cnn"\n')
    assert "`self.cnn` -> `self.cnn`" in run("check", "self.cnn").err


def test_a_file_that_cannot_be_decoded_is_reported_once(run, folder):
    write(folder, main='use "a.cnn"\nuse "latin.cnn"\n', a='use "latin.cnn"\n')
    (folder / "latin.cnn").write_bytes(b"# caf\xe9\n")
    err = run("check", "main.cnn").err
    assert err.count("error[") == 1
    assert "error[E001]" in err


@pytest.mark.parametrize(("files", "code"), [(63, 0), (64, 1)])
def test_a_spec_uses_at_most_64_files(run, folder, files, code):
    write(folder, **{f"used{n}": f"block unit{n} {{ relu }}\n" for n in range(files)})
    write(folder, main=spec(*(f"used{n}.cnn" for n in range(files)), body="relu"))
    result = run("check", "main.cnn")
    assert result.code == code
    assert ("error[E207]" in result.err) == bool(code)


def test_a_long_chain_of_files_is_no_recursion_of_ours(run, folder):
    write(folder, **{f"f{n}": f'use "f{n + 1}.cnn"\n' for n in range(200)}, f200="")
    result = run("check", "f0.cnn")
    assert result.code == 1
    assert "error[E207]" in result.err
