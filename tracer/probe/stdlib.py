"""The standard library as it stood before the program: modules we need but may not leave behind.

A program may have its own `array.py` or `mmap.py`. We must neither take that for the standard module nor, by importing the
standard one, hide the program's. So these are loaded apart: found only where the standard library lies, and kept out of
`sys.modules`. What is imported plainly here cannot be meant by a program (`_thread`), or is imported by the interpreter itself
before any program runs (`os`).
"""

import os
import sys
from _frozen_importlib import BuiltinImporter, ModuleSpec, module_from_spec
from _frozen_importlib_external import PathFinder

TYPE_CHECKING = False

_LIBRARY = os.path.dirname(os.__file__)  # noqa: PTH120 - pathlib is not imported in a traced program
_VERSION = f"python{sys.version_info[0]}.{sys.version_info[1]}"
_WHERE = [
    _LIBRARY,
    f"{_LIBRARY}/lib-dynload",
    f"{sys.base_exec_prefix}/{sys.platlibdir}/{_VERSION}/lib-dynload",
]


def _is_standard(module: "ModuleType") -> bool:
    spec: ModuleSpec | None = getattr(module, "__spec__", None)
    origin = spec.origin if spec else None
    return origin in ("built-in", "frozen") or (origin or "").startswith(_LIBRARY + "/")


def private(name: str) -> "ModuleType":
    """The standard module `name`; `sys.modules` is afterwards as it was before.

    Raises ImportError where this interpreter was built without it.
    """
    present = sys.modules.get(name)
    if present is not None and _is_standard(present):
        return present
    spec = BuiltinImporter.find_spec(name) or PathFinder.find_spec(name, _WHERE)
    if spec is None or spec.loader is None:
        raise ImportError(f"no standard module named {name!r}", name=name)
    module: ModuleType = module_from_spec(spec)
    spec.loader.exec_module(module)
    if present is None:
        sys.modules.pop(name, None)  # an extension of the older kind registers itself
    else:
        sys.modules[name] = present
    return module


if TYPE_CHECKING:
    from array import array as array
    from types import BuiltinFunctionType as BuiltinFunctionType
    from types import FunctionType as FunctionType
    from types import GetSetDescriptorType as GetSetDescriptorType
    from types import MethodType as MethodType
    from types import ModuleType as ModuleType
    from zlib import crc32 as crc32
else:
    BuiltinFunctionType, FunctionType, MethodType, ModuleType = type(len), type(private), type(BuiltinImporter.find_spec), type(sys)
    GetSetDescriptorType = type(FunctionType.__dict__["__code__"])
    array = private("array").array
    try:
        crc32 = private("zlib").crc32
    except ImportError:  # an interpreter without zlib still has the same function here
        crc32 = private("binascii").crc32
