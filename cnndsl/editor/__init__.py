"""The language server: what the compiler knows of a spec, in an editor while it is written.

Needs the extra `editor`. The compiler never imports this package.
"""
