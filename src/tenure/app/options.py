"""What commands have in common: their options, and how they end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from tenure.app.failures import report

F = TypeVar("F", bound=Callable[..., Any])

home_option: Callable[[F], F] = click.option(
    "--home",
    "home",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    metavar="DIR",
    help="Home directory of the association. [default: the working directory]",
)
json_option: Callable[[F], F] = click.option(
    "--json", "as_json", is_flag=True, help="Print the result as JSON on standard output, without progress."
)


class Day(click.ParamType):  # type: ignore[type-arg]  # not generic before click 8.5, which may be installed
    """A calendar day written as 2025-03-01."""

    name = "YYYY-MM-DD"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> dt.date:
        """The day that *value* writes."""
        if isinstance(value, dt.date):
            return value
        try:
            return dt.date.fromisoformat(str(value))
        except ValueError:
            self.fail(f"`{value}` is not a day; write it as 2025-03-01", param, ctx)


as_of_option: Callable[[F], F] = click.option(
    "--as-of",
    "as_of",
    type=Day(),
    default=None,
    help="The day of the night: what was recorded before it (00:00 UTC) is known. [default: today]",
)


class Command(click.Command):
    """A command that ends with words and a documented exit code, whatever happens."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run it; an exit code that it returns is the exit code of the process."""
        try:
            code = super().invoke(ctx)
        except (click.exceptions.Exit, click.ClickException, click.Abort, KeyboardInterrupt, BrokenPipeError):
            raise
        except Exception as error:
            root = Path(ctx.params.get("home") or Path())
            path = ctx.command_path.removeprefix("tenure ")
            code = report(error, command=path, root=root, as_json=bool(ctx.params.get("as_json")))
        ctx.exit(code if isinstance(code, int) else 0)


class Shown(click.Group):
    """A group that shows when it is asked for nothing else."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does, with `show` put in where no command is named."""
        if not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names):
            args = ["show", *args]
        return super().parse_args(ctx, args)
