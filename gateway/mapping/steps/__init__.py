"""The closed list of steps, and the door for plugins.

A plugin is a ``Step`` subclass, registered under the entry point group ``dirbridge.steps`` and written in a mapping
file as ``plugin:`` and its registered name, or as ``plugin:package.module.Class``.
"""

import importlib
from collections.abc import Mapping
from importlib.metadata import entry_points
from types import MappingProxyType

from gateway.mapping import model
from gateway.mapping.errors import suggest
from gateway.mapping.steps import normalisers, oneway, phone, scrypt, states, tables, times, values
from gateway.mapping.steps.step import OptionError, Outcomes, Step, StepError, Surroundings, Where

__all__ = ["STEPS", "OptionError", "Outcomes", "Step", "StepError", "Surroundings", "Where", "make_step", "step_type"]

GROUP = "dirbridge.steps"
_PLUGIN = "plugin:"

STEPS: Mapping[str, type[Step]] = MappingProxyType(
    {
        step.name: step
        for module in (normalisers, states, times, values, tables, phone, oneway, scrypt)
        for step in module.STEPS
    }
)
"""Every built-in step by its name."""


def step_type(name: str) -> type[Step]:
    """Find a step by the name a mapping file gives it. :raises OptionError: there is none."""
    if name.startswith(_PLUGIN):
        return _plugin(name.removeprefix(_PLUGIN))
    if name not in STEPS:
        raise OptionError(f"unknown step '{name}'{suggest(name, STEPS)}")
    return STEPS[name]


def make_step(written: model.Step, around: Surroundings) -> Step:
    """Build a step as it is written in a row. :raises OptionError: its name, argument or options are wrong."""
    return step_type(written.name)(written.argument, written.options, around)


def _plugin(name: str) -> type[Step]:
    registered = {point.name: point for point in entry_points(group=GROUP)}
    if name in registered:
        found = registered[name].load()
    else:
        module, _, attribute = name.rpartition(".")
        if not module:
            raise OptionError(f"no package registers a step '{name}'{suggest(name, registered)}")
        try:
            found = getattr(importlib.import_module(module), attribute)
        except (ImportError, AttributeError) as error:
            raise OptionError(f"step 'plugin:{name}' cannot be imported: {error}") from error
    if not (isinstance(found, type) and issubclass(found, Step)):
        raise OptionError(f"step 'plugin:{name}' is no subclass of gateway.mapping.steps.Step")
    return found
