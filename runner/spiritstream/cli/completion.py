"""`spiritstream completion`: the script that makes a shell complete its commands, options and names."""

from __future__ import annotations

import click

VARIABLE = "_SPIRITSTREAM_COMPLETE"


@click.command("completion", short_help="Print the script that makes a shell complete.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the script that makes a shell complete commands, options, and the names of what is on air.

    bash, in ~/.bashrc: eval "$(spiritstream completion bash)"; zsh, in ~/.zshrc:
    eval "$(spiritstream completion zsh)"; fish: spiritstream completion fish >
    ~/.config/fish/completions/spiritstream.fish
    """
    from click.shell_completion import get_completion_class

    from spiritstream.cli.main import cli

    kind = get_completion_class(shell)
    assert kind is not None
    # click's own `source()` first asks which bash there is, and fails where there is none.
    made = kind(cli, {}, "spiritstream", VARIABLE)
    click.echo(made.source_template % made.source_vars())
