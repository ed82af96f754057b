"""The command line: one verb, one meaning, one small file each.

A verb imports the rooms it needs in its own function: ``token list`` starts without SCIM, ``check`` without HTTP.
"""

import gc

ALLOCATIONS = 10_000
"""objects between two looks for garbage; Python's 700 make it look for a sixth of the time that importing takes"""


def main() -> None:
    """Run the program that the ``dirbridge`` command is."""
    gc.set_threshold(ALLOCATIONS)
    from gateway.cli.program import program

    program()
