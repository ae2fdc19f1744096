"""``overlay lab``: research commands, the studies behind the pages of docs/."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

import click

__all__ = ["COMMANDS", "lab"]

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "agreement": "eval.lab.agreement:agreement",
        "auroc": "eval.readings.auroc:auroc",
        "bench-store": "eval.bench.store:bench_store",
        "blending": "eval.readings.blending:blending",
        "curves": "eval.readings.curves:curves",
        "faithfulness": "eval.readings.faithfulness:faithfulness",
        "elsewhere": "eval.lab.elsewhere:elsewhere",
        "followups": "eval.lab.followups:followups",
        "index": "eval.lab.index:index",
        "ingest": "eval.lab.ingest:ingest",
        "instructions": "eval.lab.instructions:instructions",
        "ladder": "eval.lab.ladder:ladder",
        "load": "eval.lab.load:load",
        "map": "eval.readings.map:volatility_map",
        "pool": "eval.lab.pool:pool",
        "retrieval": "eval.lab.retrieval:retrieval",
        "sharp-steps": "eval.sharp_steps.command:sharp_steps",
        "similarity-scale": "eval.lab.similarity_scale:similarity_scale",
        "stores": "eval.lab.stores:stores",
        "variants": "eval.lab.variants:variants",
    }
)
"""Where each command is, by its name."""


class _Lab(click.Group):
    """A group that imports a command when it is asked for: ``overlay --help`` needs none."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *COMMANDS])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return super().get_command(ctx, cmd_name)
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command


@click.group(cls=_Lab)
def lab() -> None:
    """Research: the studies behind the pages of docs/.

    They measure what readings can tell, what they cost, and what the overlay's parts are worth.
    To answer questions, to calibrate and to compare, nobody needs them.
    """
