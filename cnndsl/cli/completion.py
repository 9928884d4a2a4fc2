"""`cnndsl completion`: scripts that complete commands, options, specs, ops and error codes.

They are made from the options themselves, so that nothing is listed twice.
"""

from __future__ import annotations

import argparse
from argparse import Namespace
from dataclasses import dataclass

from cnndsl.advice import EXPLANATIONS
from cnndsl.cli.console import Console
from cnndsl.cli.options import COMMANDS, build_parser
from cnndsl.ops import MERGES, OPS, SOURCES
from cnndsl.zoo.index import list_models

SPEC_COMMANDS = ("compile", "check", "fmt", "summary", "train")
FILE_COMMANDS = ("weights", "eval", "predict", "new")  # whose arguments are other files
_FILES = frozenset({"DIR", "DIR|FILE|-", "FILE", "RUN", "SOURCE", "SPEC"})  # values of options
_MODELS = frozenset({"--model", "--like"})  # options that name a model


@dataclass(frozen=True)
class Option:
    names: tuple[str, ...]
    help: str
    choices: tuple[str, ...]
    takes_value: bool
    takes_file: bool = False

    @property
    def takes_model(self) -> bool:
        return bool(_MODELS & set(self.names))


def run(arguments: Namespace, console: Console) -> int:
    console.line(_SCRIPTS[arguments.shell]())
    return 0


def words(command: str) -> tuple[str, ...]:
    """What the command's argument can be, where that is a fixed list."""
    return {
        "list": tuple(entry.name for entry in list_models()),
        "show": tuple(entry.name for entry in list_models()),
        "ops": (*OPS, *SOURCES, *MERGES),
        "explain": tuple(sorted(EXPLANATIONS)),
        "weights": ("inspect", "import", "export", "diff"),
        "completion": tuple(_SCRIPTS),
    }.get(command, ())


def options(command: str | None) -> list[Option]:
    """The options of a command, or those before it."""
    parsers: list[argparse.ArgumentParser] = [build_parser()]
    if command is not None:
        parsers = [_commands(parsers[0])[command]]
        parsers += _commands(parsers[0]).values()
    found = {
        tuple(action.option_strings): Option(
            tuple(action.option_strings),
            (action.help or "").split(";")[0].split(" (")[0],
            tuple(action.choices or ()),
            action.nargs != 0,
            action.metavar in _FILES or "--stdin-filename" in action.option_strings,
        )
        for each in parsers
        for action in each._actions  # argparse has no public way to list them
        if action.option_strings
    }
    return list(found.values())


def _commands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The commands of a parser, or what the actions of a command take."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


# --- bash -----------------------------------------------------------------------------


def _bash() -> str:
    cases = []
    for command in COMMANDS:
        flags = " ".join(name for option in options(command) for name in option.names)
        cases.append(f'    {command}) flags="{flags}"; words="{" ".join(words(command))}" ;;')
    every = {option for command in COMMANDS for option in options(command) if option.takes_value}
    files = {name for option in every if option.takes_file for name in option.names}
    others = {name for option in every for name in option.names}
    others -= {"--color", "--emit", "--output-format", *_MODELS, *files}
    emit = next(o for o in options("compile") if "--emit" in o.names)
    formats = next(o for o in options("check") if "--output-format" in o.names)
    color = next(o for o in options(None) if "--color" in o.names)
    before = " ".join(name for option in options(None) for name in option.names)
    return _BASH.format(
        commands=" ".join(COMMANDS),
        pattern="|".join(COMMANDS),
        before=before,
        cases="\n".join(cases),
        files="|".join(sorted(files)),
        valued="|".join(sorted(others)),
        file_commands="|".join(FILE_COMMANDS),
        emit=" ".join(emit.choices),
        color=" ".join(color.choices),
        specs="|".join(SPEC_COMMANDS),
        formats=" ".join(formats.choices),
        zoo=" ".join(words("list")),
    )


_BASH = """\
# bash completion of cnndsl: eval "$(cnndsl completion bash)"
_cnndsl() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}}
  local command= flags= words= each
  COMPREPLY=()
  for each in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case $each in {pattern}) command=$each; break ;; esac
  done
  case $before in
    --color) COMPREPLY=($(compgen -W "{color}" -- "$word")); return ;;
    --output-format) COMPREPLY=($(compgen -W "{formats}" -- "$word")); return ;;
    --model)
      local models=
      for each in "${{COMP_WORDS[@]:1}}"; do
        [[ $each == *.cnn && -f $each ]] || continue
        models+=" $(sed -n 's/^model *\\([A-Za-z_0-9]*\\).*/\\1/p' "$each")"
      done
      COMPREPLY=($(compgen -W "${{models:-{zoo}}}" -- "$word"))
      return ;;
    --emit) COMPREPLY=($(compgen -W "{emit}" -- "$word")); return ;;
    --like) COMPREPLY=($(compgen -W "{zoo}" -- "$word")); return ;;
    {files})
      compopt -o filenames
      COMPREPLY=($(compgen -f -- "$word"))
      return ;;
    {valued}) return ;;
  esac
  case $command in
    "") flags="{before}"; words="{commands}" ;;
{cases}
  esac
  if [[ $word == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$word"))
    return
  fi
  case $command in
    {specs})
      compopt -o filenames
      local zoo=
      if [[ -n $word && $command != fmt ]]; then zoo=$(compgen -W "{zoo}" -- "$word"); fi
      local IFS=$'\\n'
      COMPREPLY=($(compgen -f -X '!*.cnn' -- "$word") $(compgen -d -- "$word") $zoo) ;;
    {file_commands})
      for each in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
        [[ " $words " == *" $each "* ]] && words=
      done
      if [[ -n $words ]]; then
        COMPREPLY=($(compgen -W "$words" -- "$word"))
      else
        compopt -o filenames
        local IFS=$'\\n'
        COMPREPLY=($(compgen -f -- "$word"))
      fi ;;
    *) COMPREPLY=($(compgen -W "$words" -- "$word")) ;;
  esac
}}
complete -F _cnndsl cnndsl"""


# --- zsh ------------------------------------------------------------------------------


def _zsh() -> str:
    described = "\n".join(f"    {_quoted(f'{name}:{help}')}" for name, help in COMMANDS.items())
    cases = []
    for command in COMMANDS:
        lines = [
            f"      {_quoted(_zsh_option(o, name))}" for o in options(command) for name in o.names
        ]
        if command in SPEC_COMMANDS:
            names = "" if command == "fmt" else " ".join(words("list"))
            lines.append(_ZSH_SPECS.format(names=names))
        elif known := " ".join(words(command)):
            lines.append(f"      {_quoted(f'1:{command}:({known})')}")
        if command in FILE_COMMANDS:
            lines.append("      '*:file:_files'")
        arguments = " \\\n".join(["      _arguments -s", *(f"  {line}" for line in lines)])
        cases.append(f"    {command})\n{arguments}\n      ;;")
    return _ZSH.format(described=described, cases="\n".join(cases))


def _zsh_option(option: Option, name: str) -> str:
    help = option.help.replace("[", "(").replace("]", ")").replace(":", "")
    if not option.takes_value:
        return f"{name}[{help}]"
    values = f"({' '.join(option.choices)})" if option.choices else ""
    if option.takes_model:
        values = f"({' '.join(words('list'))})"
    if option.takes_file:
        values = "_files"
    return f"{name}[{help}]:value:{values}"


_ZSH_SPECS = (
    """      '*:spec:{{_alternative "specs:spec:_files -g \\*.cnn" "zoo:model:({names})"}}'"""
)

_ZSH = """\
#compdef cnndsl
# zsh completion of cnndsl: eval "$(cnndsl completion zsh)"
_cnndsl() {{
  local state line
  local -a commands
  commands=(
{described}
  )
  _arguments -C '--version[print the version]' '--color[colour]:when:(auto always never)' \\
    '1:command:->command' '*::argument:->argument'
  case $state in
    command) _describe command commands; return ;;
  esac
  case $line[1] in
{cases}
  esac
}}
compdef _cnndsl cnndsl"""


# --- fish -----------------------------------------------------------------------------


def _fish() -> str:
    lines = [
        "# fish completion of cnndsl: cnndsl completion fish | source",
        "complete -c cnndsl -f",
        *_fish_options(None, "__fish_use_subcommand"),
    ]
    for command, help in COMMANDS.items():
        lines.append(f"complete -c cnndsl -n __fish_use_subcommand -a {command} -d {_quoted(help)}")
    for command in COMMANDS:
        seen = _quoted(f"__fish_seen_subcommand_from {command}")
        if command in SPEC_COMMANDS:
            lines.append(f"complete -c cnndsl -n {seen} -k -a '(__fish_complete_suffix .cnn)'")
            if command != "fmt":
                lines.append(f"complete -c cnndsl -n {seen} -a {_quoted(' '.join(words('list')))}")
        else:
            lines += _fish_arguments(command)
        lines += _fish_options(command, seen)
    return "\n".join(lines)


def _fish_arguments(command: str) -> list[str]:
    """The words that a command takes first, and the files that it takes then."""
    called = f"__fish_seen_subcommand_from {command}"
    known = " ".join(words(command))
    chosen = f"__fish_seen_subcommand_from {known}"
    if command not in FILE_COMMANDS:
        return [f"complete -c cnndsl -n {_quoted(called)} -a {_quoted(known)}"] if known else []
    if not known:
        return [f"complete -c cnndsl -n {_quoted(called)} -F"]
    first, then = f"{called}; and not {chosen}", f"{called}; and {chosen}"
    return [
        f"complete -c cnndsl -n {_quoted(first)} -a {_quoted(known)}",
        f"complete -c cnndsl -n {_quoted(then)} -F",
    ]


def _fish_options(command: str | None, condition: str) -> list[str]:
    lines = []
    for option in options(command):
        names = " ".join(
            f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names
        )
        values = " -x" if option.takes_value else ""
        if option.choices or option.takes_model:
            values += f" -a {_quoted(' '.join(option.choices or words('list')))}"
        elif option.takes_file:
            values = " -r -F"
        lines.append(f"complete -c cnndsl -n {condition} {names}{values} -d {_quoted(option.help)}")
    return lines


def _quoted(text: str) -> str:
    """In single quotes, for all three shells: none has an escape in them that the others share."""
    return "'" + text.replace("'", "") + "'"


_SCRIPTS = {"bash": _bash, "zsh": _zsh, "fish": _fish}
