"""The page docs/command-line.md, made from the commands themselves: `python -m tenure.app.reference`."""

from __future__ import annotations

import inspect

import click

from tenure.app.cli import COMMANDS, cli

HEAD = """\
# Commands

Made by `make docs` from the commands' own help. Results go to standard output, progress and messages to standard
error. [Exit codes](exit-codes.md) are the same for all.
"""


def page() -> str:
    """The whole page, as Markdown."""
    top = click.Context(cli, info_name="tenure")
    parts = [HEAD, *(part for name in COMMANDS for part in _sections(cli.get_command(top, name), f"tenure {name}"))]
    return "\n".join(parts)


def _sections(command: click.Command | None, path: str) -> list[str]:
    if command is None:
        return []
    context = click.Context(command, info_name=path)
    parts = [f"\n## `{path}`\n", _prose(command), _options(command, context)]
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            parts += _sections(command.get_command(context, name), f"{path} {name}")
    return parts


def _prose(command: click.Command) -> str:
    paragraphs = inspect.cleandoc(command.help or "").split("\n\n")
    return "\n\n".join(_paragraph(paragraph) for paragraph in paragraphs) + "\n"


def _paragraph(text: str) -> str:
    if not text.startswith("\b"):
        return text
    return "```console\n" + inspect.cleandoc(text.removeprefix("\b").strip("\n")) + "\n```"


def _options(command: click.Command, context: click.Context) -> str:
    records = [record for parameter in command.get_params(context) if (record := parameter.get_help_record(context))]
    rows = [f"| `{_cell(names)}` | {_cell(text)} |" for names, text in records]
    usage = command.get_usage(context).removeprefix("Usage: ")
    table = "\n".join(["| option | |", "|---|---|", *rows]) + "\n" if rows else ""
    return f"```console\n$ {' '.join(usage.split())}\n```\n\n{table}"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|")


if __name__ == "__main__":
    click.echo(page(), nl=False)
