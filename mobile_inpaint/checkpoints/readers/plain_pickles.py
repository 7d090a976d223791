"""What a pickle says, without doing it: plain values, and the calls that it asks for as records.

Python's own unpicklers look up classes, call functions, and allocate what a length in the file claims. This reader runs
nothing, and its memory grows with the bytes of the file alone.

Source: the opcodes as :mod:`pickletools` documents them.
"""

from __future__ import annotations

import io
import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

MOST_STEPS = 400_000
"""Opcodes that are read, in half a second; a tensor takes about 40, and the largest run that we know has 1,500 tensors."""


class PickleError(ValueError):
    """A pickle that is damaged, or holds what no file of weights does; one line."""


@dataclass(eq=False)
class Name:
    """A class or function that the pickle names, ``module.name``; it is not looked up."""

    text: str


@dataclass(eq=False)
class Call:
    """A call that the pickle asks for; nothing is called.

    Attributes:
        function: its name, ``module.name``; where a call's result is called, the name of that call.
        arguments: positional.
        state: what the result would be given afterwards; None if nothing.
    """

    function: str
    arguments: tuple[Any, ...]
    state: Any = None


@dataclass(eq=False)
class Reference:
    """Data that lies outside the pickle."""

    key: Any


def read(stream: io.BytesIO) -> Any:
    """What the next pickle in ``stream`` holds: None, bool, int, float, str, bytes, list, tuple, dict, and the records above.

    An ``OrderedDict`` is a dict here. Containers may be shared, and lists and dictionaries may hold themselves.

    Raises:
        PickleError: cut off, damaged, or with an opcode or a key that no plain data needs.
    """
    machine = _Machine()
    try:
        for count, (opcode, argument, _) in enumerate(pickletools.genops(stream)):
            if count == MOST_STEPS:
                raise PickleError(f"it holds more than {MOST_STEPS:,} values and instructions")
            machine.step(opcode.name, argument)
    except PickleError:
        raise
    except (ValueError, IndexError, KeyError, TypeError, OverflowError) as error:  # UnicodeDecodeError is a ValueError
        raise PickleError("it is damaged, or not a pickle") from error
    return machine.result


_LITERALS = {
    *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
    *("UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8"),
}
"""Opcodes that push what follows them in the file. Those of Python 2's text are not among them."""
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_EMPTY: dict[str, Callable[[], Any]] = {"EMPTY_DICT": dict, "EMPTY_LIST": list, "EMPTY_TUPLE": tuple}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_ORDERED = "collections.OrderedDict"


class _Machine:
    """The stack and the memory of a pickle; a mark is the length that the stack had."""

    def __init__(self) -> None:
        self.result: Any = None
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memory: dict[int, Any] = {}

    def step(self, opcode: str, argument: Any) -> None:
        stack = self._stack
        if opcode in _LITERALS:
            stack.append(argument)
        elif opcode in ("BINGET", "LONG_BINGET", "GET"):
            stack.append(self._memory[argument])
        elif opcode in ("BINPUT", "LONG_BINPUT", "PUT"):
            self._memory[argument] = stack[-1]
        elif opcode == "MEMOIZE":
            self._memory[len(self._memory)] = stack[-1]
        elif opcode in _CONSTANTS:
            stack.append(_CONSTANTS[opcode])
        elif opcode in _EMPTY:
            stack.append(_EMPTY[opcode]())
        elif opcode in _TUPLES:
            stack.append(tuple(self._pop(_TUPLES[opcode])))
        elif opcode not in ("PROTO", "FRAME"):
            self._rare(opcode, argument)

    def _rare(self, opcode: str, argument: Any) -> None:
        stack = self._stack
        match opcode:
            case "MARK":
                self._marks.append(len(stack))
            case "TUPLE":
                stack.append(tuple(self._since_mark()))
            case "LIST":
                stack.append(self._since_mark())
            case "DICT":
                items = self._since_mark()
                stack.append({})
                self._set(items)
            case "APPEND":
                self._extend(self._pop(1))
            case "APPENDS":
                self._extend(self._since_mark())
            case "SETITEM":
                self._set(self._pop(2))
            case "SETITEMS":
                self._set(self._since_mark())
            case "GLOBAL":
                stack.append(Name(argument.replace(" ", ".", 1)))
            case "STACK_GLOBAL":
                module, name = self._pop(2)
                if not (isinstance(module, str) and isinstance(name, str)):
                    raise PickleError("it is damaged: something that is no text names a class")
                stack.append(Name(f"{module}.{name}"))
            case "REDUCE" | "NEWOBJ":
                function, arguments = self._pop(2)
                if not (isinstance(function, Name | Call) and isinstance(arguments, tuple)):
                    raise PickleError("it is damaged: something that is no function is called")
                name = function.text if isinstance(function, Name) else function.function
                stack.append({} if name == _ORDERED and not arguments else Call(name, arguments))
            case "BUILD":
                (state,) = self._pop(1)
                if isinstance(stack[-1], Call):
                    stack[-1].state = state
                elif not isinstance(stack[-1], dict):  # attributes of a dictionary, such as torch's _metadata, say nothing here
                    raise PickleError("it is damaged: something that is no object has attributes")
            case "BINPERSID":
                (key,) = self._pop(1)
                stack.append(Reference(key))
            case "STOP":
                (self.result,) = self._pop(1)
            case _:
                raise PickleError(f"it holds more than plain data (pickle opcode {opcode})")

    def _pop(self, count: int) -> list[Any]:
        floor = len(self._stack) - count
        if floor < (self._marks[-1] if self._marks else 0):
            raise PickleError("it is damaged: its stack is empty")
        items = self._stack[floor:]
        del self._stack[floor:]
        return items

    def _since_mark(self) -> list[Any]:
        return self._pop(len(self._stack) - self._marks.pop())

    def _extend(self, items: list[Any]) -> None:
        if not isinstance(self._stack[-1], list):
            raise PickleError("it is damaged: something that is no list is appended to")
        self._stack[-1].extend(items)

    def _set(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if not isinstance(target, dict) or len(items) % 2:
            raise PickleError("it is damaged: something that is no dictionary is given items")
        for key, value in zip(items[::2], items[1::2], strict=True):
            if not isinstance(key, str | int):  # to hash a deep tuple would overflow the stack
                raise PickleError("it holds a dictionary whose keys are neither text nor numbers")
            target[key] = value
