"""The verbs, put together."""

from typing import Annotated

import typer

from gateway.cli import audit, check, demo, map, relink, serve, test, token

program = typer.Typer(
    name="dirbridge",
    help="SCIM 2.0 in; LDAP, SQL and REST out: a directory-sync gateway driven by one mapping file.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
program.command("serve")(serve.serve)
program.command("demo")(demo.demo)
program.command("check")(check.check)
program.command("test")(test.run_file_tests)
program.command("map")(map.map_document)
program.add_typer(token.program, name="token")
program.command("audit")(audit.audit)
program.command("relink")(relink.relink)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"dirbridge {version('dirbridge')}")
        raise typer.Exit


@program.callback()
def dirbridge(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="print the version and end")
    ] = False,
) -> None:
    """SCIM 2.0 in; LDAP, SQL and REST out: a directory-sync gateway driven by one mapping file."""
    del version
