"""The rules that a target keeps in its ``rules.toml``, and whether one holds for an operation."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import Any, Literal

from mobile_inpaint import documents, schema
from mobile_inpaint.errors import RecipeError
from mobile_inpaint.targets.base import Target
from mobile_inpaint.targets.graph import Graph, Op, declared_bytes

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Rule:
    """What a provider refuses, or takes at a price. It holds for an operation where every condition given holds.

    Attributes:
        name: unique in its provider.
        reason: why, to be read behind the operation's name.
        rewrite: what to do instead.
        source: the document or the code that says so.
        severity: that of the provider's ``fallback`` where None.
        refuses: what is lost.
        ops: condition: the operation is of one of these types; any where empty.
        but: condition: it is of none of these.
        rank_above, rank_below: condition: it reads or writes a tensor of more, or fewer, dimensions.
        dtypes: condition: it computes on, or to, one of these types; constants do not count.
        dynamic: condition: it reads or writes a tensor with a free dimension.
        side_above, bytes_above: condition: it reads or writes a tensor with a longer side, or of more bytes.
        attributes: condition: one of these attributes has a value that is not in its list.
        variable_inputs: condition: one of the inputs at these positions is computed at run time.
    """

    name: str
    reason: str
    rewrite: str
    source: str
    severity: Severity | None = None
    refuses: Literal["op", "file", "nothing"] = "op"
    ops: tuple[str, ...] = ()
    but: tuple[str, ...] = ()
    rank_above: int | None = None
    rank_below: int | None = None
    dtypes: tuple[str, ...] = ()
    dynamic: bool = False
    side_above: int | None = None
    bytes_above: int | None = None
    attributes: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    variable_inputs: tuple[int, ...] = ()

    def holds(self, op: Op, graph: Graph) -> bool:
        """Whether every condition holds for ``op`` of ``graph``."""
        if (self.ops and op.type not in self.ops) or op.type in self.but:
            return False
        tensors = graph.tensors_of(op)
        computed = [tensor for tensor in tensors if tensor.name not in graph.constants]
        inputs = dict(enumerate(op.inputs))
        above, below, side, size = self.rank_above, self.rank_below, self.side_above, self.bytes_above
        conditions = (
            above is None or any(len(tensor.shape or ()) > above for tensor in tensors),
            below is None or any(tensor.shape is not None and len(tensor.shape) < below for tensor in computed),
            not self.dtypes or any(tensor.dtype in self.dtypes for tensor in computed),
            not self.dynamic or any(tensor.shape is None or None in tensor.shape for tensor in computed),
            side is None or any((n or 0) > side for tensor in computed for n in tensor.shape or ()),
            size is None or any(declared_bytes(tensor) > size for tensor in tensors),
            not self.attributes or any(op.attributes.get(k, v[0]) not in v for k, v in self.attributes.items()),
            not self.variable_inputs or any(inputs.get(i, "") not in {"", *graph.constants} for i in self.variable_inputs),
        )
        return all(conditions)


@dataclass(frozen=True)
class Provider:
    """What runs files of one format on a processor.

    Attributes:
        name: as ``lint --for`` takes it; unique in its format.
        title: its full name.
        fallback: how bad it is when it does not take an operation.
        segments: whether it runs any number of the segments that are left, or the largest one alone.
        reason: what becomes of an operation that it does not take.
        rewrite: what to do about one for which no plain form is known.
        source: of ``ops``.
        ops: types of operation that it takes; all that no rule refuses where empty.
        rules: what else it asks.
    """

    name: str
    title: str
    fallback: Severity
    segments: Literal["any", "one"]
    reason: str
    rewrite: str
    source: str
    ops: tuple[str, ...]
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True)
class Rulebook:
    """The whole of a target's ``rules.toml``.

    Attributes:
        providers: in the order in which they are shown.
        rewrites: by type of operation, for where a provider does not take it.
    """

    providers: tuple[Provider, ...]
    rewrites: dict[str, str] = field(default_factory=dict)


@functools.cache
def rulebook(target: Target) -> Rulebook:
    """The rules for files of that format.

    Raises:
        CapabilityMissing: it has none.
        RecipeError: its file of rules is none.
    """
    file = target.lint_rules()
    rows = documents.parse_toml(file.read_text(encoding="utf-8"), file.name, RecipeError)
    return schema.load(Rulebook, rows, file.name, RecipeError)
