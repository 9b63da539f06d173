"""`spiritstream`: finds the command, imports only that, and turns errors into text and exit codes."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections.abc import Iterator
from typing import Any

import click

from spiritstream import __version__
from spiritstream.errors import ExitCode, SpiritError

# What shells give for a command that ctrl-C ended.
_INTERRUPTED = 130

# name: (module, what `spiritstream --help` says). Modules are imported when called, not before.
COMMANDS = {
    "run": ("run", "Put one profile on air, in the foreground."),
    "serve": ("serve", "Keep a folder or a git repository of profiles on air."),
    "apply": ("apply", "Put profiles on air, and wait until they are."),
    "plan": ("plan", "What `apply` would change; changes nothing."),
    "diff": ("diff", "What is on air beside what is written, line by line."),
    "status": ("status", "What is on air, and what is not as ordered."),
    "wait": ("wait", "Wait until a profile is on air as ordered."),
    "logs": ("logs", "What a show's runner wrote in its log."),
    "stop": ("stop", "Take a show, a group or a target off the air, by hand."),
    "start": ("start", "Put a show, a group or a target on air, by hand."),
    "restart": ("restart", "Start a show, a group or a target anew, at once."),
    "delete": ("delete", "Remove a profile from the controller, and so from the air."),
    "down": ("down", "End everything: every show, and the controller."),
    "validate": ("validate", "Check profiles; says every mistake at once."),
    "seal": ("seal", "Encrypt the clear-text keys in a profile, in place."),
    "config": ("config", "The settings of this machine."),
    "data": ("data", "Export, or clear, what this machine keeps."),
    "edit": ("edit", "Edit a profile with its keys readable; they are sealed again."),
    "show": ("show", "Print a profile without its secrets; git's textconv."),
    "new": ("new", "Write a profile by asking for what it needs."),
    "import": ("importing", "Make profiles of another program's configuration."),
    "export": ("exporting", "Print a profile as SpiritStream's JSON."),
    "explain": ("explain", "What a field means, and what changing it restarts."),
    "platforms": ("platforms", "The platforms that are known, their servers and limits."),
    "themes": ("themes", "The themes there are, and what is wrong with them."),
    "schema": ("schema", "Print a JSON Schema, for editors and other programs."),
    "keys": ("keys", "The identity that opens sealed values."),
    "test": ("test", "Try targets for three seconds, in black and silence."),
    "encoders": ("encoders", "Which encoders really work here."),
    "doctor": ("doctor", "What this machine has, and what it lacks."),
    "completion": ("completion", "Print the script that makes a shell complete."),
    "demo": ("demo", "See it work: pretend platforms, faults, recovery."),
}


class ReaderLeftError(Exception):
    """The reader of our output has left, as `head` does: not our failure."""


@contextlib.contextmanager
def _noting_readers() -> Iterator[None]:
    # click would make it a failure of ours, with exit code 1.
    try:
        yield
    except BrokenPipeError:
        raise ReaderLeftError from None


class Commands(click.Group):
    """Commands that are imported when they are called."""

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """As click does; `--help` prints here."""
        with _noting_readers():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """As click does."""
        with _noting_readers():
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of first use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command called `cmd_name`."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"spiritstream.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing one."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with the nearest command as a hint."""
        import difflib

        if args[0] not in COMMANDS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            ctx.fail(f"No such command.{hint}")
        return super().resolve_command(ctx, args)


@click.group(cls=Commands)
@click.version_option(__version__, prog_name="spiritstream")
def cli() -> None:
    """Restream one live input to many platforms, as written in a profile."""


def fail(error: SpiritError) -> int:
    """Say `error` on stderr and give its exit code."""
    # A finding begins with its place, which editors jump to.
    lead = "" if error.exit_code is ExitCode.INVALID else "spiritstream: "
    click.echo(f"{lead}{error}", err=True)
    return int(error.exit_code)


def main() -> None:
    """The console script."""
    code = _call()
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except BrokenPipeError:
            # What is still unwritten goes nowhere, instead of failing when Python ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    sys.exit(code)


def _call() -> int:
    try:
        result: Any = cli(standalone_mode=False)
    except SpiritError as error:
        return fail(error)
    except click.exceptions.Abort:
        return _INTERRUPTED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except ReaderLeftError:
        return ExitCode.DONE
    except Exception as error:
        # No traceback reaches a user: it may hold a secret, and tells them nothing.
        click.echo(f"spiritstream: unexpected error: {type(error).__name__}", err=True)
        click.echo("  hint: please report it with the command; `spiritstream doctor` may tell more", err=True)
        return ExitCode.UNEXPECTED
    return result if isinstance(result, int) else ExitCode.DONE
