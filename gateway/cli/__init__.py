"""The command line: one verb, one meaning, one small file each."""


def main() -> None:
    """Run the program that the ``dirbridge`` command is."""
    from gateway.cli.program import program

    program()
