"""House rules that no ready-made linter knows: one short AST check per file. `python -m tools.lints` runs them all.

A rule is a module with RULE (its name) and check(source). To excuse one line, say why, on it or on the line above:
`# lint: allow commit, because the migration runner owns this connection`.
"""
