"""Everything that runs inside the traced program: hook table, frame format, writer, page, wrapping, boot.

Rules of this folder:
1. Relative imports only, standard library only: it is loaded under a private name into a program that may have its own `tracer`.
2. Nothing here may raise into the program, keep one of its objects alive, start a thread, or leave a module behind in
   `sys.modules` that the program could have named itself (`array`, `mmap`, `zlib` are loaded apart; see `stdlib.py`).
"""
