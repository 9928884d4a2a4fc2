"""The committed modules read as if written by hand: the smells of a generator are absent."""

from __future__ import annotations

import ast
import itertools
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import cnndsl
from tests.compiled import CORNERS, GENERATED, ROOT, SPECS, compile_file, lint

MODULES = sorted(GENERATED.glob("*.py"))
FORWARDING = CORNERS / "forwarding_blocks.cnn"
STRIDES = CORNERS / "strides_of_layers_alone.cnn"
RUN = 10  # lines that may not occur twice
# What each model says, in the same words: a file of several has it several times.
OF_EVERY_MODEL = {
    "self,",
    "*,",
    "dtype: DTypeLike | None = None,",
    "param_dtype: DTypeLike = jnp.float32,",
    "rngs: nnx.Rngs,",
    "):",
    "cast(self, dtype, param_dtype)",
    "def __call__(self, x: jax.Array) -> jax.Array:",
    'return self.endpoints(x)["logits"]',
    "def endpoints(self, x: jax.Array) -> dict[str, jax.Array]:",
    '"""The result of every stage, and the logits."""',
    "out = {}",
}
LONGEST = {"densenet": 223, "googlenet": 226, "resnet": 300, "nasnet": 426, "efficientnet": 299}

each_module = pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def spec_of(path: Path) -> Path:
    """The spec of a module of networks, or of one that trains them."""
    return SPECS / f"{path.stem.removesuffix('_training')}.cnn"


def test_every_spec_has_its_module():
    stems = {path.stem for path in SPECS.glob("*.cnn")}
    recipes = {p.stem for p in SPECS.glob("*.cnn") if "  train {" in text_of(p)}
    assert {path.stem for path in MODULES} == stems | {f"{stem}_training" for stem in recipes}


SPLITS = """# A sum of splits.
block splits(width, n) {
  xs = conv(n * width, 1) -> split(n)
  add xs -> conv(width, 1)
}
model Sum() {
  input 8x8x8
  splits(4, 2) -> splits(8, 3)
}
"""


def test_one_of_many_that_are_alike_is_said_by_itself():
    code = cnndsl.compile(SPLITS).code
    assert "self.conv = nnx.Conv(width, width, (1, 1), rngs=rngs)" in code


@each_module
def test_ruff_finds_nothing(path: Path):
    """Unused imports and variables, among others; and the text is as ruff formats it."""
    lint(text_of(path))


@each_module
def test_no_ten_lines_occur_twice(path: Path):
    """As they stand, and without blank lines and indentation; but for what every model has."""
    lines = [line for line in text_of(path).splitlines() if line.strip() not in OF_EVERY_MODEL]
    for kept in (lines, [line.strip() for line in lines if line.strip()]):
        first: dict[tuple[str, ...], int] = {}
        for i in range(len(kept) - RUN + 1):
            run = tuple(kept[i : i + RUN])
            assert first.setdefault(run, i) == i, "\n".join(run)


@each_module
def test_nothing_is_unrolled(path: Path):
    """No ten lines of a class occur twice, whatever their numbers, but for the author's names."""
    names = named_by_authors(path)
    for code in classes(text_of(path)):
        lines = [plain(line, names) for line in code]
        runs = Counter(tuple(lines[i : i + RUN]) for i in range(len(lines) - RUN + 1))
        for run, count in runs.items():
            assert count == 1, "\n".join(run)


def plain(line: str, names: set[str]) -> str:
    """A line without its comment and the numbers in it, except in `names`."""

    def numberless(word: re.Match[str]) -> str:
        return word[0] if word[0] in names else re.sub(r"\d+", "0", word[0])

    return re.sub(r"\w*\d\w*", numberless, line.split("  # ")[0].strip())


def classes(text: str) -> Iterator[list[str]]:
    """The lines of every class, without docstrings, blank lines and signatures."""
    lines = text.splitlines()
    for definition in ast.parse(text).body:
        if not isinstance(definition, ast.ClassDef):
            continue
        skipped: set[int] = set()
        for node in ast.walk(definition):
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                skipped.update(range(node.lineno, (node.end_lineno or 0) + 1))
            if isinstance(node, ast.FunctionDef):
                skipped.update(range(node.lineno, node.body[0].lineno))
        inside = range(definition.lineno, (definition.end_lineno or 0) + 1)
        numbers = [n for n in inside if n not in skipped]
        yield [lines[n - 1] for n in numbers if lines[n - 1].strip()]


@pytest.mark.parametrize("path", [*MODULES, FORWARDING], ids=lambda path: path.stem)
def test_no_class_only_forwards(path: Path):
    code = text_of(path) if path.suffix == ".py" else compile_file(path).code
    for definition in ast.parse(code).body:
        if isinstance(definition, ast.ClassDef) and not is_model(definition):
            assert not forwards(definition), ast.unparse(definition)


def is_model(definition: ast.ClassDef) -> bool:
    return any(isinstance(f, ast.FunctionDef) and f.name == "endpoints" for f in definition.body)


def forwards(definition: ast.ClassDef) -> bool:
    """Whether a class builds one module and calls it, and nothing besides."""
    methods = {f.name: f.body for f in definition.body if isinstance(f, ast.FunctionDef)}
    built = [s for s in methods.get("__init__", []) if isinstance(s, (ast.Assign, ast.If, ast.For))]
    call = [ast.unparse(s) for s in methods.get("__call__", [])]
    return len(built) == 1 and len(call) == 1 and bool(_FORWARD.fullmatch(call[0]))


_FORWARD = re.compile(r"return self\.\w+\(x\)")


@each_module
def test_variables_are_not_numbered(path: Path):
    names = {node.id for node in ast.walk(ast.parse(text_of(path))) if isinstance(node, ast.Name)}
    assert not {name for name in names if re.fullmatch(r"[a-z]\d+", name)} - named_by_authors(path)


def named_by_authors(path: Path) -> set[str]:
    """What the spec itself calls something: inception's `b1`, ResNet's `layer1`."""
    return set(re.findall(r"[a-zA-Z_]\w*", text_of(spec_of(path))))


@each_module
def test_no_condition_is_constant(path: Path):
    for node in ast.walk(ast.parse(text_of(path))):
        if isinstance(node, (ast.If, ast.IfExp)):
            assert not isinstance(node.test, ast.Constant), ast.unparse(node)


@each_module
def test_only_models_take_dtypes(path: Path):
    """Blocks take `rngs` alone; a model gives its dtypes to all of its layers in the end.

    A model that another one uses is a block of that.
    """
    tree = ast.parse(text_of(path))
    used = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for definition in tree.body:
        constructor = method(definition, "__init__")
        if constructor is None or not isinstance(definition, ast.ClassDef):
            continue
        arguments = [*constructor.args.args, *constructor.args.kwonlyargs]
        dtypes = {a.arg for a in arguments if "dtype" in a.arg}
        outermost = is_model(definition) and definition.name not in used
        assert dtypes == ({"dtype", "param_dtype"} if outermost else set())
        assert constructor.args.kwarg is None
        if outermost:
            assert ast.unparse(constructor.body[-1]) == "cast(self, dtype, param_dtype)"


def method(definition: ast.stmt, name: str) -> ast.FunctionDef | None:
    body = definition.body if isinstance(definition, ast.ClassDef) else []
    return next((f for f in body if isinstance(f, ast.FunctionDef) and f.name == name), None)


@each_module
def test_no_variable_is_set_to_what_it_is(path: Path):
    """`features = filters`, and in an `if` behind it the same again."""
    for node in ast.walk(ast.parse(text_of(path))):
        body: list[ast.stmt] = getattr(node, "body", []) if isinstance(node, ast.stmt) else []
        for first, then in itertools.pairwise(body):
            behind = [*then.body, *then.orelse] if isinstance(then, ast.If) else [then]
            if isinstance(first, ast.Assign) and "(" not in ast.unparse(first.value):
                assert ast.unparse(first) not in map(ast.unparse, behind)


@pytest.mark.parametrize("path", [*MODULES, STRIDES], ids=lambda path: path.stem)
def test_no_argument_is_kept_that_nothing_reads(path: Path):
    text = text_of(path) if path.suffix == ".py" else compile_file(path).code
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef):
            kept = {
                target.attr
                for step in ast.walk(node)
                if isinstance(step, ast.Assign) and isinstance(step.value, ast.Name)
                for target in step.targets
                if isinstance(target, ast.Attribute)
            }
            held = [part for part in ast.walk(node) if isinstance(part, ast.Attribute)]
            read = {part.attr for part in held if isinstance(part.ctx, ast.Load)}
            assert kept <= read, (node.name, kept - read)


@each_module
def test_it_belongs_to_the_user(path: Path):
    text = text_of(path)
    assert "import cnndsl" not in text
    assert "from cnndsl" not in text
    assert not re.search(r"\b20\d\d-\d\d-\d\d\b|\d\d:\d\d:\d\d", text), "a date or a time"
    assert str(ROOT) not in text
    assert not re.search(r"(?<![\w.])/(home|tmp|root|work|Users)/", text), "a path"


@each_module
def test_floats_are_as_the_author_wrote_them(path: Path):
    for node in ast.walk(ast.parse(text_of(path))):
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            digits = repr(node.value).split("e")[0].replace(".", "").strip("0")
            written = repr(node.value) in text_of(spec_of(path))
            assert len(digits) <= 6 or written, node.value


@pytest.mark.parametrize("name", LONGEST)
def test_length(name: str):
    assert len(text_of(GENERATED / f"{name}.py").splitlines()) <= LONGEST[name]


@pytest.mark.parametrize("path", sorted(SPECS.glob("*.cnn")), ids=lambda path: path.stem)
def test_a_family_is_a_page(path: Path):
    assert len(text_of(path).splitlines()) <= 120


@each_module
def test_a_module_is_in_proportion_to_its_spec(path: Path):
    lines = len(text_of(spec_of(path)).splitlines())
    assert len(text_of(path).splitlines()) <= 8 * lines + 120


def test_the_length_of_one_model_of_a_family():
    text = text_of(SPECS / "mobilenet.cnn")
    code = cnndsl.compile(text, model="MobileNetV2", filename="specs/mobilenet.cnn").code
    assert len(code.splitlines()) <= 173
