"""The command `tenure`: a list of commands, each imported only when it is called."""

from __future__ import annotations

import importlib
import sys
import warnings
from typing import Final

import click

import tenure
from tenure.base.hushing import HTTP, hush

COMMANDS: Final[dict[str, str]] = {
    "init": "Write the settings of an association into a home directory.",
    "doctor": "Check settings, source, lake, model and ledger, and say how to mend each fault.",
    "sync": "Bring what is new at the source into the lake.",
    "labels": "Show what counts as a lapse, and sign it.",
    "train": "Learn a model from the lake and back-test it.",
    "score": "Score every active member with the latest model.",
    "run": "Do one night: sync, train when due, score, write back.",
    "serve": "Serve the staff pages.",
    "work": "Carry out what was approved.",
    "webhook": "Manage the endpoints that are told what happens.",
    "response": "Note what came of a step.",
    "evaluate": "Say how good a model is, from its back-test.",
    "model": "List, promote, roll back and examine models.",
    "insight": "Show chapters, hardship, displacement and what went before lapses.",
    "receipt": "Print what one score was made from.",
    "report": "Tell membership numbers, dues at risk, reasons for leaving and organizations.",
    "export": "Write scores or past decisions to a file.",
    "backup": "Back up the ledger, the lake, the models and the settings into one file.",
    "restore": "Put a backup into a home.",
    "key": "Change the keys of a home.",
    "member": "Hand out, erase, or stop profiling what is known of one member.",
    "change": "Enter changes of dues, programs and outside events, and list them.",
    "extraction": "Answer for the terms on which records are read.",
    "audit": "Check, export and anchor the record of who did what.",
    "playbook": "List, check, try, edit and switch playbooks.",
    "phase": "Show how far the rollout has come, and move on.",
    "autosend": "Let a template leave by itself, within limits; off by default.",
    "donotwake": "List whom playbooks leave alone, and add or lift.",
    "consent": "Write down what members consent to, and show it.",
    "experiment": "Look at control groups and their splits.",
    "staff": "Manage the accounts that sign in to the staff pages.",
    "token": "Make, list and revoke tokens for programs.",
    "demo": "Try everything on a simulated association, in one command.",
}
"""Each command and the sentence that lists it; held here so that `tenure --help` imports none of them."""

EPILOG = """\b
Exit codes: 0 done, 1 failed, 2 usage, 3 held back by a gate, 4 partly done.
Start with `tenure demo`, or `tenure init --help`. TENURE_IMIS_PASSWORD holds the iMIS password."""


class Commands(click.Group):
    """A group that imports a command's module when the command is called or its help is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order in which a newcomer meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command called *cmd_name*, or none."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"tenure.app.commands.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with the nearest command named when there is none of that name."""
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            ctx.fail(_unknown(args[0]))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _unknown(name: str) -> str:
    import difflib

    near = difflib.get_close_matches(name, COMMANDS, n=1)
    return f"no such command: `{name}`" + (f"\n\nhint: did you mean `{near[0]}`?" if near else "")


@click.command(cls=Commands, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(tenure.__version__, prog_name="tenure")
def cli() -> None:
    """Tenure predicts which members of an association will lapse, says why, and hands the scores back to iMIS.

    Every command works on one home directory (--home, by default the working directory), which holds the
    settings, the lake, the models and the ledger of one association.
    """


def main() -> None:
    """Run the command line and leave with its exit code."""
    hush(*HTTP)
    if not sys.warnoptions:
        # Warnings of libraries are for their developers; what staff should know is said in our own words.
        warnings.simplefilter("ignore")
    try:
        code = cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("\nstopped", err=True)
        code = 1
    sys.exit(code if isinstance(code, int) else 0)
