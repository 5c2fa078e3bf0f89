"""The schema that the repository shows is the schema that is served."""

from pathlib import Path

from sigma.entrypoints.schema import build_schema

FILE = Path(__file__).parents[2] / "schema.graphql"


def test_schema_graphql_is_up_to_date():
    assert FILE.read_text(encoding="utf-8") == build_schema().as_str() + "\n", "run: .venv/bin/sigma schema --output schema.graphql"


def test_every_type_field_and_argument_that_people_must_choose_is_described():
    schema = build_schema()._schema
    for name, root in (("Query", schema.query_type), ("Mutation", schema.mutation_type)):
        for field, definition in root.fields.items():
            assert definition.description, f"{name}.{field}"
